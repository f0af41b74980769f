// The inside of JSON strings (RFC 8259 §7), where most bytes of a model's answers are.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ek {

/// The first position from `at` on that does not stand for itself in one byte: a quote, a
/// backslash, a control character or a byte of a longer UTF-8 sequence; the size if there is none.
inline std::size_t plain_end(std::string_view text, std::size_t at) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t highs = ones * 0x80;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    // A subtraction sets a byte's high bit if it was too small, or by a borrow from a hit below it.
    const std::uint64_t hits =
        word | (word - ones * 0x20) | ((word ^ ones * '"') - ones) | ((word ^ ones * '\\') - ones);
    if ((hits & highs) == 0) continue;
    if constexpr (std::endian::native == std::endian::big) break;
    return at + static_cast<std::size_t>(std::countr_zero(hits & highs)) / 8;
  }
  for (; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') break;
  }
  return at;
}

/// Behind the quote that closes the string which opens at `at`, in text that is known to be JSON;
/// the size if none does.
inline std::size_t string_end(std::string_view text, std::size_t at) noexcept {
  // Most strings are names and short; what goes on, memchr finds the end of.
  constexpr std::size_t shortish = 32;
  std::size_t quote = at;
  at = plain_end(text.substr(0, at + shortish), at + 1);
  if (at < text.size() && text[at] == '"') return at + 1;
  while (true) {
    if (quote < at) quote = text.find('"', at);
    if (quote == std::string_view::npos) return text.size();
    const std::size_t escape = text.substr(0, quote).find('\\', at);
    if (escape == std::string_view::npos) return quote + 1;
    at = escape + 2;
  }
}

}  // namespace ek
