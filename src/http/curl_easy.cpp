#include "http/curl_easy.hpp"

#include "http/http2_words.hpp"

namespace ek {
namespace {

void set_tls(CURL* easy, CurlContext& context) {
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  const std::string& ca_file = context.options.network.ca_file;
  if (takes_our_openssl()) {
    // Else libcurl parses its bundle for each connection, before ours replaces it; CurlExchange
    // sets the function that does, which is called for an https proxy too.
    for (const CURLoption bundle :
         {CURLOPT_CAINFO, CURLOPT_CAPATH, CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAPATH}) {
      curl_easy_setopt(easy, bundle, nullptr);
    }
  } else if (!ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, ca_file.c_str());
  }
}

void set_version(CURL* easy, HttpVersion wanted) {
  curl_easy_setopt(
      easy, CURLOPT_HTTP_VERSION,
      offers_http2(wanted) ? long{CURL_HTTP_VERSION_2TLS} : long{CURL_HTTP_VERSION_1_1});
}

void set_connection(CURL* easy, const CurlContext& context) {
  const NetworkOptions& network = context.options.network;
  const auto keep_alive = static_cast<long>(network.keep_alive.count());
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, keep_alive > 0 ? 1L : 0L);
  if (keep_alive > 0) {
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, keep_alive);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (keep_alive + 1) / 2);
  }
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, static_cast<long>(network.max_idle.count()));
  curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, static_cast<long>(network.max_age.count()));
  curl_easy_setopt(easy, CURLOPT_CONNECT_TO, context.routes);
  // Which hosts are reached directly was decided by ProxyRules.
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
#if LIBCURL_VERSION_NUM >= 0x075700
  // Else giving up on a name waits for the resolver, which cannot be interrupted.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

}  // namespace

EasyHandle make_easy(CurlContext& context) {
  EasyHandle handle(curl_easy_init());
  if (!handle) return handle;
  CURL* easy = handle.get();
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);  // the path was signed as it stands
  curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_SHARE, context.share.handle());
  set_version(easy, context.options.network.http_version);
  set_connection(easy, context);
  set_tls(easy, context);
  return handle;
}

}  // namespace ek
