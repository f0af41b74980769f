// An HttpRequest as options of a libcurl handle.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "endpointkit/ext/transport.hpp"

namespace ek {

struct FreeHeaderList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeHeaderList>;

/// Appends lines; an empty list means there is no memory left, or no line.
class ListWriter {
 public:
  void add(const char* line);
  HeaderList take() { return std::move(list_); }

 private:
  HeaderList list_;
};

/// What would break the framing of the request, or is not HTTP: invalid_request/request.
std::optional<Error> check_request(const HttpRequest& request);

/// The request's headers, and nothing that libcurl would add of its own but Host, Content-Length
/// and User-Agent.
HeaderList make_header_list(const HttpRequest& request);

/// Sets method, URL and body. Lifetime: the body is read in place until the transfer is over.
void set_request(CURL* easy, const HttpRequest& request);

/// The host of a URL with its port, for messages: no path, query or userinfo.
std::string_view host_of(std::string_view url) noexcept;

}  // namespace ek
