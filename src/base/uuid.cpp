#include "base/uuid.hpp"

#include <array>
#include <cstdint>
#include <string_view>

#include "base/text.hpp"

namespace ek {

std::string make_uuid(const std::function<double()>& random) {
  std::array<char, 16> bytes{};
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    const auto word = static_cast<std::uint32_t>(random() * 0x1p32);
    for (std::size_t k = 0; k < 4; ++k) bytes[i + k] = static_cast<char>(word >> (24 - 8 * k));
  }
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  const std::string_view all(bytes.data(), bytes.size());
  std::string text;
  text.reserve(36);
  append_hex(text, all.substr(0, 4));
  for (const std::size_t at : {4, 6, 8}) append_hex(text += '-', all.substr(at, 2));
  append_hex(text += '-', all.substr(10));
  return text;
}

}  // namespace ek
