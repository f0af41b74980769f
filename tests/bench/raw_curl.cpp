#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <utility>

#include "bench/bench.hpp"

namespace ek::bench {
namespace {

using Headers = std::initializer_list<const char*>;

// As many and as long as those of our calls, so that both put the same bytes on the wire.
constexpr Headers sagemaker_headers = {
    "User-Agent: endpointkit/0.1.0",
    "Content-Type: application/json",
    "Accept:",
    "Expect:",
    "amz-sdk-invocation-id: 33127852-43f8-4d12-8a85-8f88d1c20e24",
    "amz-sdk-request: attempt=1; max=3",
    "x-amz-date: 20261125T000000Z",
    "authorization: AWS4-HMAC-SHA256 "
    "Credential=AKIDEXAMPLE/20261125/us-east-1/sagemaker/aws4_request, "
    "SignedHeaders=content-type;host;x-amz-date, "
    "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"};
constexpr Headers azure_headers = {"User-Agent: endpointkit/0.1.0",
                                   "Content-Type: application/json",
                                   "Accept: text/event-stream, application/json",
                                   "Expect:",
                                   "x-ms-client-request-id: fef5b96d-ec8f-430d-bf1c-3a65042bedef",
                                   "authorization: Bearer key"};

const Headers& headers_for(const std::string& url) {
  return url.find("/endpoints/") != std::string::npos ? sagemaker_headers : azure_headers;
}

void check(CURLcode code) {
  if (code == CURLE_OK) return;
  fmt::print(stderr, "libcurl: {}\n", curl_easy_strerror(code));
  std::exit(1);
}

}  // namespace

RawCurl::RawCurl(const std::string& url, const std::string& body)
    : handle_(curl_easy_init()), body_(body) {
  curl_slist* list = nullptr;
  for (const char* header : headers_for(url)) list = curl_slist_append(list, header);
  headers_ = list;
  curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, body_.data());
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE, static_cast<long>(body_.size()));
  curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, &RawCurl::receive);
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, this);
}

RawCurl::~RawCurl() {
  curl_easy_cleanup(handle_);
  curl_slist_free_all(static_cast<curl_slist*>(headers_));
}

std::size_t RawCurl::receive(char* data, std::size_t size, std::size_t count, void* self) {
  auto& raw = *static_cast<RawCurl*>(self);
  raw.received_ += size * count;
  if (raw.keep_) raw.answer_.append(data, size * count);
  return size * count;
}

std::size_t RawCurl::post(bool keep) {
  keep_ = keep;
  received_ = 0;
  answer_.clear();
  check(curl_easy_perform(handle_));
  return received_;
}

RawTls::RawTls(std::string url, std::string body, const std::string& roots)
    : url_(std::move(url)),
      body_(std::move(body)),
      store_(X509_STORE_new()),
      share_(curl_share_init()) {
  X509_STORE_load_file(static_cast<X509_STORE*>(store_), roots.c_str());
  curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

RawTls::~RawTls() {
  curl_share_cleanup(share_);
  X509_STORE_free(static_cast<X509_STORE*>(store_));
}

void RawTls::post() {
  RawCurl curl(url_, body_);
  CURL* easy = curl.handle();
  curl_easy_setopt(easy, CURLOPT_SHARE, share_);
  curl_easy_setopt(easy, CURLOPT_CAINFO, nullptr);
  curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, store_);
  constexpr auto trust = [](CURL*, void* context, void* store) {
    SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(context), static_cast<X509_STORE*>(store));
    return CURLE_OK;
  };
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION,
                   static_cast<CURLcode (*)(CURL*, void*, void*)>(trust));
  curl.post(false);
}

RawMulti::RawMulti(const std::string& url, const std::string& body, std::size_t width)
    : multi_(curl_multi_init()) {
  for (std::size_t i = 0; i < width; ++i) curls_.push_back(std::make_unique<RawCurl>(url, body));
}

RawMulti::~RawMulti() { curl_multi_cleanup(multi_); }

void RawMulti::post(std::size_t count) {
  std::size_t started = 0;
  std::size_t ended = 0;
  for (; started < std::min(count, curls_.size()); ++started)
    curl_multi_add_handle(multi_, curls_[started]->handle());
  while (ended < count) {
    int running = 0;
    curl_multi_perform(multi_, &running);
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      check(message->data.result);
      CURL* easy = message->easy_handle;
      curl_multi_remove_handle(multi_, easy);
      ++ended;
      if (started < count) {
        curl_multi_add_handle(multi_, easy);
        ++started;
      }
    }
    if (ended < count) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
  }
}

}  // namespace ek::bench
