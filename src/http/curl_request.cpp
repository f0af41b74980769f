#include "http/curl_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.hpp"

namespace ek {
namespace {

// RFC 9110 §5.6.2
constexpr auto token_characters = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return token_characters[static_cast<unsigned char>(c)];
  });
}

bool breaks_line(std::string_view text) {
  const auto has = [&](char c) { return text.find(c) != std::string_view::npos; };
  return has('\r') || has('\n') || has('\0');
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

void LineList::add(std::initializer_list<std::string_view> parts) {
  for (const std::string_view part : parts) text_ += part;
  text_ += '\0';
  ++size_;
}

curl_slist* LineList::list() {
  nodes_.resize(size_);
  char* line = text_.data();
  for (std::size_t i = 0; i < size_; ++i) {
    nodes_[i] = {.data = line, .next = i + 1 < size_ ? &nodes_[i + 1] : nullptr};
    line += std::strlen(line) + 1;
  }
  return nodes_.empty() ? nullptr : nodes_.data();
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

LineList make_header_list(const HttpRequest& request, std::string_view user_agent) {
  LineList list;
  std::size_t bytes = 128 + user_agent.size();
  for (const Header& header : request.headers)
    bytes += header.name.size() + header.value.size() + 3;
  list.reserve(bytes);
  if (!has_header(request, "User-Agent")) list.add({"User-Agent: ", user_agent});
  // Nothing here inflates, and what compresses a stream holds it back.
  if (!has_header(request, "Accept-Encoding")) list.add({"Accept-Encoding: identity"});
  for (const Header& header : request.headers) {
    if (iequals(header.name, "Content-Length")) continue;  // libcurl counts the body itself
    if (header.value.empty()) {
      list.add({header.name, ";"});  // libcurl's way to say "with an empty value"
    } else {
      list.add({header.name, ": ", header.value});
    }
  }
  // A name without a value keeps libcurl from adding the header.
  list.add({"Expect:"});
  if (!has_header(request, "Accept")) list.add({"Accept:"});
  if (!has_header(request, "Content-Type")) list.add({"Content-Type:"});
  return list;
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
