#include "base/json_string.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ek {
namespace {

TEST(JsonString, IsPlainUpToTheFirstByteThatDoesNotStandForItself) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
    for (std::size_t at = 0; at < 24; ++at) {
      std::string text(24, 'a');
      text[at] = static_cast<char>(byte);
      for (std::size_t from = 0; from <= text.size(); ++from) {
        const std::size_t wanted = plain || from > at ? text.size() : at;
        ASSERT_EQ(plain_end(text, from), wanted) << byte << " at " << at << " from " << from;
      }
    }
  }
}

TEST(JsonString, IsNotMisledByBytesBesideAHit) {
  const std::string text = "abc\x1f !\"#abc";
  EXPECT_EQ(plain_end(text, 0), 3u);
  EXPECT_EQ(plain_end(text, 4), 6u);
}

struct Row {
  std::string_view text;
  std::size_t at, end;
};

TEST(JsonString, EndsAtTheQuoteThatIsNotEscaped) {
  for (const Row& row :
       {Row{R"("")", 0, 2}, Row{R"("a")", 0, 3}, Row{R"(["a","b"])", 5, 8}, Row{R"("\"")", 0, 4},
        Row{R"("\\")", 0, 4}, Row{R"("\\\"",")", 0, 6}, Row{R"("a\u0022b\"c")", 0, 13},
        Row{R"("é\"é" "x")", 0, 8}, Row{R"("a)", 0, 2}, Row{R"("a\")", 0, 4}, Row{"\"a\\", 0, 3}}) {
    EXPECT_EQ(string_end(row.text, row.at), row.end) << row.text;
  }
}

}  // namespace
}  // namespace ek
