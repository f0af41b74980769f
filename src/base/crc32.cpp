#include "base/crc32.hpp"

#include <array>

namespace ek {
namespace {

// Slicing by 8: table[k][b] is the sum of byte b followed by k zero bytes.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t sum = i;
    for (int bit = 0; bit < 8; ++bit) sum = (sum & 1U) != 0 ? sum >> 1U ^ 0xEDB88320U : sum >> 1U;
    tables[0][i] = sum;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t i = 0; i < 256; ++i) {
      tables[k][i] = tables[k - 1][i] >> 8U ^ tables[0][tables[k - 1][i] & 255U];
    }
  }
  return tables;
}
constexpr Tables tables = make_tables();

std::uint32_t load(std::string_view bytes, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i]));
  };
  return byte(0) | byte(1) << 8U | byte(2) << 16U | byte(3) << 24U;
}

}  // namespace

std::uint32_t crc32(std::string_view bytes, std::uint32_t previous) noexcept {
  std::uint32_t sum = ~previous;
  while (bytes.size() >= 8) {
    const std::uint32_t low = load(bytes, 0) ^ sum;
    const std::uint32_t high = load(bytes, 4);
    sum = tables[7][low & 255U] ^ tables[6][low >> 8U & 255U] ^ tables[5][low >> 16U & 255U] ^
          tables[4][low >> 24U] ^ tables[3][high & 255U] ^ tables[2][high >> 8U & 255U] ^
          tables[1][high >> 16U & 255U] ^ tables[0][high >> 24U];
    bytes.remove_prefix(8);
  }
  for (const char c : bytes) {
    sum = sum >> 8U ^ tables[0][(sum ^ static_cast<unsigned char>(c)) & 255U];
  }
  return ~sum;
}

}  // namespace ek
