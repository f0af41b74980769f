#include "base/text.hpp"

#include <gtest/gtest.h>

namespace ek {
namespace {

TEST(Text, ComparesWithoutCaseInAsciiOnly) {
  EXPECT_TRUE(iequals("Content-Type", "content-TYPE"));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("Ä", "ä"));
  EXPECT_EQ(to_lower("AZ[Ä"), "az[Ä");
}

TEST(Text, TrimsBlanksAndLineEnds) {
  EXPECT_EQ(trim(" \t\r\na b\n "), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Hex, GoesThereAndBack) {
  EXPECT_EQ(to_hex(std::string_view("\0\x7F\xFF", 3)), "007fff");
  EXPECT_EQ(from_hex("007FfF"), std::string("\0\x7F\xFF", 3));
  EXPECT_EQ(from_hex(""), "");
  for (const std::string_view text : {"0", "0g", " 0", "0x00"})
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
}

TEST(Shorten, ShowsTheEndsOfAnIdentifierAndNeverAllOfIt) {
  EXPECT_EQ(shorten("AKIDEXAMPLE"), "AKID…MPLE");
  EXPECT_EQ(shorten("12345678"), "12…");
  EXPECT_EQ(shorten(""), "…");
}

TEST(Clip, CutsBetweenCharacters) {
  EXPECT_EQ(clip("abc", 3), "abc");
  EXPECT_EQ(clip("abcd", 3), "abc…");
  EXPECT_EQ(clip("a日本", 3), "a…");
  EXPECT_EQ(clip("a日本", 4), "a日…");
  EXPECT_EQ(clip("日", 0), "…");
}

TEST(ValidUtf8, ReplacesEachByteThatIsNone) {
  const std::pair<std::string, std::string> table[] = {{"", ""},
                                                       {"h\xC3\xA9\n", "h\xC3\xA9\n"},
                                                       {"\xFF", "\xEF\xBF\xBD"},
                                                       {"a\xE2\x82", "a\xEF\xBF\xBD\xEF\xBF\xBD"},
                                                       {"\xC3(", "\xEF\xBF\xBD("}};
  for (const auto& [text, valid] : table) EXPECT_EQ(valid_utf8(text), valid);
}

TEST(Printable, ShowsControlCharactersAndBrokenUtf8AsQuestionMarks) {
  const std::string_view cases[][2] = {{"plain\n\ttext", "plain\n\ttext"},
                                       {"日本👩", "日本👩"},
                                       {"a\x1B[31m\x7F", "a?[31m?"},
                                       {"\xC3", "?"},
                                       {"\xC3(", "?("},
                                       {"\xFF\xFE", "??"},
                                       {"\xC0\xAF", "??"},
                                       {"\xE0\x80\xAF", "???"},
                                       {"\xED\xA0\x80", "???"},
                                       {"\xF4\x90\x80\x80", "????"},
                                       {"\xF0\x9F\x91", "???"}};
  for (const auto& [text, shown] : cases) EXPECT_EQ(printable(text), shown) << to_hex(text);
  EXPECT_EQ(printable(std::string_view("\0", 1)), "?");
}

}  // namespace
}  // namespace ek
