#include <curl/curl.h>
#include <fmt/format.h>

#include <cstdlib>

#include "bench/bench.hpp"

namespace ek::bench {
namespace {

// As many and as long as those of a signed call, so that both put the same bytes on the wire.
constexpr const char* request_headers[] = {
    "Content-Type: application/json", "Accept: application/json",
    "Expect:", "X-Amz-Date: 20261125T000000Z",
    "Authorization: AWS4-HMAC-SHA256 "
    "Credential=AKIDEXAMPLE/20261125/us-east-1/sagemaker/aws4_request, "
    "SignedHeaders=content-type;host;x-amz-date, "
    "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"};

}  // namespace

RawCurl::RawCurl(const std::string& url, const std::string& body)
    : handle_(curl_easy_init()), body_(body) {
  curl_slist* list = nullptr;
  for (const char* header : request_headers) list = curl_slist_append(list, header);
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
  if (const CURLcode code = curl_easy_perform(handle_); code != CURLE_OK) {
    fmt::print(stderr, "libcurl: {}\n", curl_easy_strerror(code));
    std::exit(1);
  }
  return received_;
}

}  // namespace ek::bench
