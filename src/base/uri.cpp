#include "base/uri.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text.hpp"

namespace ek {
namespace {

bool is_alpha(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_unreserved(char c) noexcept {
  return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

// For messages: without what may be secret, whether or not it belongs there.
std::string presentable(std::string_view url) {
  const auto scheme = url.find("://");
  const std::size_t start = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto at = url.rfind('@');
  const bool has_user = at != std::string_view::npos && at >= start;
  const std::size_t host = has_user ? at : start;
  const auto query = url.find_first_of("?#", host);
  return clip(printable(fmt::format("{}{}{}{}", url.substr(0, start), has_user ? "***" : "",
                                    url.substr(host, query - host),
                                    query == std::string_view::npos ? "" : "?***")),
              200);
}

Error bad_uri(std::string_view text, std::string_view why) {
  return {.code = ErrorCode::invalid_request,
          .phase = Phase::request,
          .message = fmt::format("\"{}\" is no usable URI: {}", presentable(text), why)};
}

Error bad_base(std::string message) {
  return {
      .code = ErrorCode::invalid_request, .phase = Phase::request, .message = std::move(message)};
}

bool is_scheme(std::string_view text) noexcept {
  if (text.empty() || !is_alpha(text[0])) return false;
  for (const char c : text) {
    if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return true;
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!query.empty()) {
    const std::string_view item = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), item.size() + 1));
    if (item.empty()) continue;
    const auto equals = item.find('=');
    const std::string_view value = equals == std::string_view::npos ? "" : item.substr(equals + 1);
    out.emplace_back(percent_decode(item.substr(0, equals)), percent_decode(value));
  }
  return out;
}

// Splits host[:port] into `uri`; gives what is wrong, or "".
std::string_view parse_authority(std::string_view authority, Uri& uri) {
  if (authority.find('@') != std::string_view::npos)
    return "user names and passwords do not belong into it";
  std::size_t host_end = authority.rfind(':');
  if (!authority.empty() && authority[0] == '[') {
    const auto bracket = authority.find(']');
    if (bracket == std::string_view::npos) return "the IPv6 address has no closing bracket";
    host_end = bracket + 1 < authority.size() ? bracket + 1 : std::string_view::npos;
    if (host_end != std::string_view::npos && authority[host_end] != ':')
      return "text follows the IPv6 address";
  }
  uri.host = std::string(authority.substr(0, host_end));
  if (uri.host.empty()) return "expected SCHEME://HOST…, found no host";
  if (host_end == std::string_view::npos) return "";
  const std::string_view port = authority.substr(host_end + 1);
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), uri.port);
  if (failure != std::errc{} || end != port.data() + port.size() || uri.port < 1 ||
      uri.port > 65535) {
    return "the port is not a number from 1 to 65535";
  }
  return "";
}

}  // namespace

std::string Uri::authority() const { return port == 0 ? host : fmt::format("{}:{}", host, port); }

Result<Uri> parse_uri(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) {
      return bad_uri(text, "it holds a space or control character; percent-encode it");
    }
  }
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) {
    return bad_uri(text, "expected SCHEME://…");
  }
  if (text.find('#') != std::string_view::npos)
    return bad_uri(text, "a fragment (#…) does not belong into it");
  Uri uri;
  uri.scheme = to_lower(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 3);
  const auto question = rest.find('?');
  if (question != std::string_view::npos) {
    uri.query = parse_query(rest.substr(question + 1));
    rest = rest.substr(0, question);
  }
  const auto slash = rest.find('/');
  if (slash != std::string_view::npos) uri.path = std::string(rest.substr(slash));
  const std::string_view wrong = parse_authority(rest.substr(0, slash), uri);
  if (!wrong.empty()) return bad_uri(text, wrong);
  return uri;
}

Result<std::string> check_base_url(std::string_view url, std::string_view where_from) {
  auto uri = parse_uri(url);
  if (!uri) return bad_base(fmt::format("{}: {}", where_from, uri.error().message));
  if (uri->scheme != "https" && uri->scheme != "http") {
    return bad_base(fmt::format("{} is \"{}\"; expected a URL that begins with https:// or http://",
                                where_from, presentable(url)));
  }
  if (!uri->query.empty()) {
    return bad_base(
        fmt::format("{} is \"{}\"; expected a URL without a query", where_from, presentable(url)));
  }
  while (uri->path.ends_with('/')) uri->path.pop_back();
  return fmt::format("{}://{}{}", uri->scheme, uri->authority(), uri->path);
}

std::string percent_encode(std::string_view text, std::string_view keep) {
  std::string out;
  out.reserve(text.size());
  append_percent_encoded(out, text, keep);
  return out;
}

void append_percent_encoded(std::string& out, std::string_view text, std::string_view keep) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto stands = [&](char c) {
    return is_unreserved(c) || keep.find(c) != std::string_view::npos;
  };
  for (auto at = text.begin(); at != text.end();) {
    const auto end = std::find_if_not(at, text.end(), stands);
    out.append(at, end);
    if (end == text.end()) return;
    const auto byte = static_cast<unsigned char>(*end);
    ((out += '%') += digits[byte >> 4U]) += digits[byte & 15U];
    at = end + 1;
  }
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte =
        text[i] == '%' && i + 2 < text.size() ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    if (byte) {
      out += *byte;
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool is_loopback(std::string_view host) noexcept {
  if (iequals(host, "localhost") || host == "[::1]" || host == "::1") return true;
  if (!host.starts_with("127.")) return false;
  int dots = 0;
  for (const char c : host) {
    if (c == '.') {
      ++dots;
    } else if (!is_digit(c)) {
      return false;  // 127.evil.example is a name
    }
  }
  return dots == 3;
}

bool is_host_label(std::string_view text) noexcept {
  if (text.empty() || text.size() > 63 || text.front() == '-' || text.back() == '-') return false;
  for (const char c : text) {
    if (!is_alpha(c) && !is_digit(c) && c != '-') return false;
  }
  return true;
}

}  // namespace ek
