#include "http/curl_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/text.hpp"

namespace ek {
namespace {

// RFC 9110 §5.6.2
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
    return alphanumeric || c == '-' ||
           std::string_view("!#$%&'*+.^_`|~").find(c) != std::string_view::npos;
  });
}

bool breaks_line(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

Error refuse(std::string message) {
  return {
      .code = ErrorCode::invalid_request, .phase = Phase::request, .message = std::move(message)};
}

bool has_header(const HttpRequest& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const Header& h) { return iequals(h.name, name); });
}

}  // namespace

void ListWriter::add(const char* line) {
  curl_slist* longer = curl_slist_append(list_.get(), line);
  if (longer == nullptr) return;
  static_cast<void>(list_.release());  // it is the head of the longer one
  list_.reset(longer);
}

std::optional<Error> check_request(const HttpRequest& request) {
  const std::string_view url = request.url;
  if (url.substr(0, 8) != "https://" && url.substr(0, 7) != "http://") {
    return refuse("the URL of a request must begin with https:// or http://");
  }
  if (!is_token(request.method)) {
    return refuse(fmt::format("\"{}\" is no HTTP method", printable(request.method)));
  }
  for (const Header& header : request.headers) {
    if (!is_token(header.name)) {
      return refuse(fmt::format("\"{}\" is no header name", printable(header.name)));
    }
    if (breaks_line(header.value)) {
      return refuse(fmt::format("the value of header {} holds a line break or NUL", header.name));
    }
  }
  return std::nullopt;
}

HeaderList make_header_list(const HttpRequest& request) {
  ListWriter list;
  std::string line;
  for (const Header& header : request.headers) {
    if (iequals(header.name, "Content-Length")) continue;  // libcurl counts the body itself
    line.assign(header.name);
    if (header.value.empty()) {
      line += ';';  // libcurl's way to say "with an empty value"
    } else {
      line.append(": ").append(header.value);
    }
    list.add(line.c_str());
  }
  // A name without a value keeps libcurl from adding the header.
  list.add("Expect:");
  if (!has_header(request, "Accept")) list.add("Accept:");
  if (!has_header(request, "Content-Type")) list.add("Content-Type:");
  return list.take();
}

void set_request(CURL* easy, const HttpRequest& request) {
  const bool is_head = request.method == "HEAD";
  const bool is_get = request.method == "GET" && request.body.empty();
  const bool is_post = request.method == "POST";
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST,
                   is_head || is_get || is_post ? nullptr : request.method.c_str());
  if (is_get) {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  } else if (is_head) {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 0L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  }
}

std::string_view host_of(std::string_view url) noexcept {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  const auto at = url.rfind('@');
  return at == std::string_view::npos ? url : url.substr(at + 1);
}

}  // namespace ek
