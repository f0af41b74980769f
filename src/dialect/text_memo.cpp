#include "dialect/text_memo.hpp"

#include "base/json_string.hpp"
#include "base/text.hpp"

namespace ek::dialect {
namespace {

// Inside of a JSON string that means itself (RFC 8259 §7: no quote, no backslash, no control
// character).
bool is_plain(std::string_view text) noexcept {
  std::size_t at = 0;
  while ((at = plain_end(text, at)) < text.size()) {
    const std::size_t length = utf8_length(text.substr(at));
    if (length < 2) return false;
    at += length;
  }
  return true;
}

}  // namespace

void TextMemo::learn(std::string_view frame, std::string_view text) {
  const auto begin = static_cast<std::size_t>(text.data() - frame.data());
  prefix_.assign(frame.substr(0, begin));
  suffix_.assign(frame.substr(begin + text.size()));
}

std::optional<std::string_view> TextMemo::match(std::string_view frame) const noexcept {
  // The quotes are a part of both, so what was never learnt matches nothing.
  if (prefix_.empty() || frame.size() < prefix_.size() + suffix_.size()) return std::nullopt;
  if (!frame.starts_with(prefix_) || !frame.ends_with(suffix_)) return std::nullopt;
  const std::string_view text =
      frame.substr(prefix_.size(), frame.size() - prefix_.size() - suffix_.size());
  if (!is_plain(text)) return std::nullopt;
  return text;
}

}  // namespace ek::dialect
