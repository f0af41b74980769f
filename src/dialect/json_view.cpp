#include "dialect/json_view.hpp"

#include <charconv>

#include "base/json_string.hpp"
#include "base/text.hpp"
#include "dialect/json_check.hpp"

namespace ek::dialect {
namespace {

// All of these work on text that is known to be valid JSON.

std::size_t skip_space(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() &&
         (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n')) {
    ++at;
  }
  return at;
}

std::size_t container_end(std::string_view text, std::size_t at) noexcept {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = string_end(text, at);
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at + 1;
    ++at;
  }
  return text.size();
}

std::size_t value_end(std::string_view text, std::size_t at) noexcept {
  if (at >= text.size()) return text.size();
  if (text[at] == '"') return string_end(text, at);
  if (text[at] == '{' || text[at] == '[') return container_end(text, at);
  const auto ends = [](char c) { return c == ',' || c == ']' || c == '}' || c <= ' '; };
  while (at < text.size() && !ends(text[at])) ++at;
  return at;
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto add = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xC0 | (point >> 6U));
    add(0x80 | (point & 0x3FU));
  } else if (point < 0x10000) {
    add(0xE0 | (point >> 12U));
    add(0x80 | ((point >> 6U) & 0x3FU));
    add(0x80 | (point & 0x3FU));
  } else {
    add(0xF0 | (point >> 18U));
    add(0x80 | ((point >> 12U) & 0x3FU));
    add(0x80 | ((point >> 6U) & 0x3FU));
    add(0x80 | (point & 0x3FU));
  }
}

std::uint32_t hex4(std::string_view text, std::size_t at) noexcept {
  std::uint32_t value = 0;
  if (at + 4 <= text.size()) std::from_chars(text.data() + at, text.data() + at + 4, value, 16);
  return value;
}

// \uXXXX at `at` (the 'u'); gives the last position read. A lone surrogate becomes U+FFFD.
std::size_t unescape_unicode(std::string_view text, std::size_t at, std::string& out) {
  std::uint32_t point = hex4(text, at + 1);
  at += 4;
  if (point >= 0xD800 && point < 0xDC00 && text.substr(at + 1, 2) == "\\u") {
    const std::uint32_t low = hex4(text, at + 3);
    if (low >= 0xDC00 && low < 0xE000) {
      append_utf8(out, 0x10000 + ((point - 0xD800) << 10U) + (low - 0xDC00));
      return at + 6;
    }
  }
  if (point >= 0xD800 && point < 0xE000) point = 0xFFFD;
  append_utf8(out, point);
  return at;
}

}  // namespace

std::optional<JsonView> JsonView::parse(std::string_view text) {
  if (!is_json(text)) return std::nullopt;
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  return JsonView(trim(text));
}

JsonView::Kind JsonView::kind() const noexcept {
  if (text_.empty()) return Kind::absent;
  switch (text_[0]) {
    case '{':
      return Kind::object;
    case '[':
      return Kind::array;
    case '"':
      return Kind::string;
    case 't':
    case 'f':
      return Kind::boolean;
    case 'n':
      return Kind::null;
    default:
      return Kind::number;
  }
}

bool JsonCursor::next() noexcept {
  at_ = skip_space(text_, at_);
  if (at_ < text_.size() && text_[at_] == ',') at_ = skip_space(text_, at_ + 1);
  if (at_ >= text_.size() || text_[at_] == '}' || text_[at_] == ']') return false;
  if (keyed_) {
    const std::size_t end = string_end(text_, at_);
    value_.key = text_.substr(at_ + 1, end - at_ - 2);
    at_ = skip_space(text_, skip_space(text_, end) + 1);  // the colon
  }
  const std::size_t end = value_end(text_, at_);
  value_.value = JsonView::trust(text_.substr(at_, end - at_));
  at_ = end;
  return true;
}

JsonView JsonView::operator[](std::string_view key) const noexcept {
  for (const auto& [name, value] : members()) {
    if (name == key) return value;
  }
  return {};
}

JsonView JsonView::unwrapped() const noexcept {
  JsonView only;
  for (const JsonView element : elements()) {
    if (only.kind() != Kind::absent) return *this;
    only = element;
  }
  return only.kind() == Kind::absent ? *this : only;
}

std::string JsonView::string() const {
  if (!is(Kind::string)) return {};
  const std::string_view inner = text_.substr(1, text_.size() - 2);
  std::string out;
  out.reserve(inner.size());
  for (std::size_t at = 0; at < inner.size(); ++at) {
    const std::size_t escape = inner.find('\\', at);
    out += inner.substr(at, escape - at);
    if (escape == std::string_view::npos) break;
    at = escape + 1;
    constexpr std::string_view from = "bfnrt";
    constexpr std::string_view to = "\b\f\n\r\t";
    const auto known = from.find(inner[at]);
    if (inner[at] == 'u') {
      at = unescape_unicode(inner, at, out);
    } else {
      out += known == std::string_view::npos ? inner[at] : to[known];
    }
  }
  return out;
}

std::optional<std::int64_t> JsonView::integer() const noexcept {
  std::string_view digits = text_;
  if (is(Kind::string)) digits = digits.substr(1, digits.size() - 2);
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || failure != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<double> JsonView::number() const noexcept {
  double value = 0;
  if (!is(Kind::number)) return std::nullopt;
  const auto [stop, failure] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
  if (failure != std::errc{} || stop != text_.data() + text_.size()) return std::nullopt;
  return value;
}

}  // namespace ek::dialect
