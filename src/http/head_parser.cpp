#include "http/head_parser.hpp"

#include <charconv>

#include "base/text.hpp"

namespace ek {
namespace {

constexpr std::size_t usual_fields = 8;

int parse_status(std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return 0;
  int status = 0;
  std::from_chars(line.data() + space + 1, line.data() + line.size(), status);
  return status;
}

bool is_status_line(std::string_view line) { return line.substr(0, 5) == "HTTP/"; }

void add_field(std::vector<Header>& headers, std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t') {  // folded, RFC 9112 §5.2
    if (!headers.empty()) headers.back().value.append(" ").append(trim(line));
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return;
  if (headers.empty()) headers.reserve(usual_fields);
  headers.push_back({.name = std::string(trim(line.substr(0, colon))),
                     .value = std::string(trim(line.substr(colon + 1)))});
}

}  // namespace

bool HeadParser::add(std::string_view line) {
  bytes_ += line.size();
  if (bytes_ > max_bytes_) return false;
  if (complete_) return true;  // a trailer
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.empty()) {
    complete_ = head_.status >= 200;
  } else if (is_status_line(line)) {
    head_.headers.clear();
    head_.status = parse_status(line);
  } else {
    add_field(head_.headers, line);
  }
  return true;
}

}  // namespace ek
