// An HttpRequest as options of a libcurl handle.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "endpointkit/ext/transport.hpp"

namespace ek {

/// A curl_slist that owns its lines, all in one text.
class LineList {
 public:
  void reserve(std::size_t bytes) { text_.reserve(bytes); }
  /// Appends a line that is made of `parts`. Not after list().
  void add(std::initializer_list<std::string_view> parts);
  /// For libcurl, which only reads it; null if there is no line. Lifetime: as long as this stays
  /// where it is.
  curl_slist* list();

 private:
  std::string text_;  // each line ends in NUL
  std::size_t size_ = 0;
  std::vector<curl_slist> nodes_;
};

/// What would break the framing of the request, or is not HTTP: invalid_request/request.
std::optional<Error> check_request(const HttpRequest& request);

/// The request's headers, with that User-Agent if it has none, and nothing that libcurl would add
/// of its own but Host and Content-Length.
LineList make_header_list(const HttpRequest& request, std::string_view user_agent);

/// Sets method, URL and body. Lifetime: the body is read in place until the transfer is over.
void set_request(CURL* easy, const HttpRequest& request);

/// The host of a URL with its port, for messages: no path, query or userinfo.
std::string_view host_of(std::string_view url) noexcept;

}  // namespace ek
