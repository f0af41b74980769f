#include "base/crc32.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ek {
namespace {

// Bit by bit, as the polynomial is defined.
std::uint32_t slow_crc32(std::string_view bytes) {
  std::uint32_t sum = 0xFFFFFFFFU;
  for (const char c : bytes) {
    sum ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) sum = (sum & 1U) != 0 ? sum >> 1U ^ 0xEDB88320U : sum >> 1U;
  }
  return ~sum;
}

TEST(Crc32, GivesTheCheckValueOfTheCatalogue) {
  EXPECT_EQ(crc32("123456789"), 0xCBF43926U);
  EXPECT_EQ(crc32(""), 0U);
}

TEST(Crc32, AgreesWithTheDefinitionAtEveryLengthAndOffset) {
  std::string bytes;
  for (int i = 0; i < 400; ++i) bytes += static_cast<char>(i * 151 + 7);
  for (std::size_t from = 0; from < 17; from += 4) {
    for (std::size_t size = 0; from + size <= bytes.size(); ++size) {
      const std::string_view part = std::string_view(bytes).substr(from, size);
      EXPECT_EQ(crc32(part), slow_crc32(part)) << from << " " << size;
    }
  }
}

TEST(Crc32, GoesOnFromAPreviousSum) {
  const std::string bytes = std::string(100, 'a') + "the quick brown fox jumps over the lazy dog";
  const std::string_view all = bytes;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(crc32(all.substr(cut), crc32(all.substr(0, cut))), crc32(all));
  }
}

}  // namespace
}  // namespace ek
