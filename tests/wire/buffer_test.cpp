#include "wire/buffer.hpp"

#include <gtest/gtest.h>

namespace ek::wire {
namespace {

TEST(Buffer, KeepsOrderWhileBytesComeAndGo) {
  Buffer buffer;
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26));
    buffer.append(piece);
    expected += piece;
    const std::size_t taken =
        std::min<std::size_t>(expected.size(), static_cast<std::size_t>(i % 5));
    buffer.consume(taken);
    expected.erase(0, taken);
    ASSERT_EQ(buffer.rest(), expected);
  }
}

TEST(Buffer, SkipsOneByteOrderMarkAtTheStartOnly) {
  Buffer buffer;
  buffer.append("\xEF\xBB");
  EXPECT_FALSE(buffer.skip_bom(false));
  buffer.append("\xBF\xEF\xBB\xBF");
  EXPECT_TRUE(buffer.skip_bom(false));
  EXPECT_TRUE(buffer.skip_bom(false));
  EXPECT_EQ(buffer.rest(), "\xEF\xBB\xBF");
  Buffer cut;
  cut.append("\xEF\xBB");
  EXPECT_TRUE(cut.skip_bom(true));
  EXPECT_EQ(cut.rest(), "\xEF\xBB");
}

}  // namespace
}  // namespace ek::wire
