#include "http/http2_hosts.hpp"

#include "http/curl_request.hpp"

namespace ek {

bool Http2Hosts::has(std::string_view url) const {
  const std::lock_guard lock(mutex_);
  return hosts_.contains(host_of(url));
}

void Http2Hosts::learn(std::string_view url, bool speaks_http2) {
  const std::string_view host = host_of(url);
  const std::lock_guard lock(mutex_);
  const auto known = hosts_.find(host);
  if (speaks_http2 == (known != hosts_.end())) return;
  if (speaks_http2) {
    hosts_.emplace(host);
  } else {
    hosts_.erase(known);
  }
}

}  // namespace ek
