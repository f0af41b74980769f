#include "base/uuid.hpp"

#include <cstdint>
#include <string_view>

namespace ek {

std::string make_uuid(const std::function<double()>& random) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  std::uint32_t word = 0;
  for (int i = 0; i < 16; ++i) {
    if (i % 4 == 0) word = static_cast<std::uint32_t>(random() * 0x1p32);
    std::uint32_t byte = word >> 24U;
    word <<= 8U;
    if (i == 6) byte = (byte & 0x0FU) | 0x40U;
    if (i == 8) byte = (byte & 0x3FU) | 0x80U;
    (text += digits[byte >> 4U]) += digits[byte & 15U];
    if (i == 3 || i == 5 || i == 7 || i == 9) text += '-';
  }
  return text;
}

}  // namespace ek
