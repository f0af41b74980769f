#include "tools/emulator/cutter.hpp"

#include <gtest/gtest.h>

namespace ek::emulator {
namespace {

std::vector<std::string> cut(std::uint64_t seed, const std::vector<std::string>& writes) {
  Cutter cutter(seed);
  std::vector<std::string> pieces;
  for (const auto& text : writes) {
    for (auto& piece : cutter.append(text)) pieces.push_back(std::move(piece));
  }
  for (auto& piece : cutter.finish()) pieces.push_back(std::move(piece));
  return pieces;
}

const std::vector<std::string> lines(40, "data: {\"text\":\"é — 🚀\"}\n\n");

TEST(Cutter, GivesPiecesThatJoinToTheBytes) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    std::string all;
    std::string joined;
    for (const auto& line : lines) all += line;
    for (const auto& piece : cut(seed, lines)) {
      EXPECT_FALSE(piece.empty());
      joined += piece;
    }
    EXPECT_EQ(joined, all) << seed;
  }
}

TEST(Cutter, CutsTheSameWayForTheSameSeed) {
  EXPECT_EQ(cut(3, lines), cut(3, lines));
  EXPECT_NE(cut(3, lines), cut(4, lines));
}

TEST(Cutter, CutsInsideLinesAndInsideCharacters) {
  int in_lines = 0;
  int in_characters = 0;
  for (const auto& piece : cut(1, lines)) {
    in_lines += piece.back() != '\n';
    in_characters += (static_cast<unsigned char>(piece.front()) & 0xC0U) == 0x80U;
  }
  EXPECT_GT(in_lines, 10);
  EXPECT_GT(in_characters, 3);
}

TEST(Cutter, JoinsTheEndOfOneWriteToTheBeginningOfTheNext) {
  int joined = 0;
  for (const auto& piece : cut(1, lines)) {
    const auto border = piece.find("\n\ndata");
    joined += border != std::string::npos;
  }
  EXPECT_GT(joined, 5);
}

TEST(Cutter, HandlesSingleBytes) {
  EXPECT_EQ(cut(1, {"a"}), std::vector<std::string>{"a"});
  EXPECT_TRUE(cut(1, {""}).empty());
}

}  // namespace
}  // namespace ek::emulator
