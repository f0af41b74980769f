#include "http/curl_easy.hpp"

#include <string_view>

#ifndef _WIN32
#include <fcntl.h>
#endif

namespace ek {
namespace {

CURLcode on_tls_context(CURL*, void* ssl_ctx, void* roots) {
  return static_cast<CaStore*>(roots)->install(ssl_ctx) ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
}

int on_socket(void*, curl_socket_t socket, curlsocktype) {
#ifndef _WIN32
  // A child process of the application must not keep the connection open.
  fcntl(socket, F_SETFD, FD_CLOEXEC);
#else
  static_cast<void>(socket);
#endif
  return CURL_SOCKOPT_OK;
}

// Ours and libcurl's OpenSSL must be the same one for a store of ours to fit.
bool takes_our_store() {
  const char* backend = curl_version_info(CURLVERSION_NOW)->ssl_version;
  return backend != nullptr && std::string_view(backend).substr(0, 9) == "OpenSSL/3";
}

void set_tls(CURL* easy, CurlContext& context) {
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (takes_our_store()) {
    // Else libcurl parses its bundle for each connection, before ours replaces it.
    curl_easy_setopt(easy, CURLOPT_CAINFO, nullptr);
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &on_tls_context);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, &context.roots);
  } else if (!context.options.ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, context.options.ca_file.c_str());
  }
}

void set_version(CURL* easy, HttpVersion wanted) {
  constexpr unsigned version_8 = 0x080000;
  const bool offer_2 = wanted == HttpVersion::http2 ||
                       (wanted == HttpVersion::automatic &&
                        curl_version_info(CURLVERSION_NOW)->version_num >= version_8);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                   offer_2 ? long{CURL_HTTP_VERSION_2TLS} : long{CURL_HTTP_VERSION_1_1});
  // Rather a stream on a connection that is being made than one more connection.
  if (offer_2) curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
}

void set_connection(CURL* easy, const HttpOptions& options) {
  curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, &on_socket);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 60L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 30L);
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, static_cast<long>(options.max_idle.count()));
  if (options.proxy) curl_easy_setopt(easy, CURLOPT_PROXY, options.proxy->c_str());
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
  curl_easy_setopt(easy, CURLOPT_USERAGENT, context.options.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_SHARE, context.share.handle());
  set_version(easy, context.options.http_version);
  set_connection(easy, context.options);
  set_tls(easy, context);
  return handle;
}

}  // namespace ek
