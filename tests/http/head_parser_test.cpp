#include "http/head_parser.hpp"

#include <gtest/gtest.h>

namespace ek {
namespace {

HeadParser parsed(const std::vector<std::string_view>& lines) {
  HeadParser parser(1000);
  for (const auto line : lines) EXPECT_TRUE(parser.add(line));
  return parser;
}

TEST(HeadParser, TakesStatusAndFields) {
  const auto parser = parsed(
      {"HTTP/1.1 429 Too Many\r\n", "Retry-After:  3 \r\n", "A:b:c\r\n", "Empty:\r\n", "\r\n"});
  ASSERT_TRUE(parser.complete());
  EXPECT_EQ(parser.head().status, 429);
  EXPECT_EQ(parser.head().headers,
            (std::vector<Header>{{"Retry-After", "3"}, {"A", "b:c"}, {"Empty", ""}}));
}

TEST(HeadParser, TakesAnHttp2StatusLine) {
  const auto parser = parsed({"HTTP/2 204 \r\n", "\r\n"});
  ASSERT_TRUE(parser.complete());
  EXPECT_EQ(parser.head().status, 204);
}

TEST(HeadParser, PassesOverInterimAnswers) {
  const auto parser = parsed({"HTTP/1.1 103 Early Hints\r\n", "Link: x\r\n", "\r\n",
                              "HTTP/1.1 200 OK\r\n", "A: b\r\n", "\r\n"});
  ASSERT_TRUE(parser.complete());
  EXPECT_EQ(parser.head().status, 200);
  EXPECT_EQ(parser.head().headers, (std::vector<Header>{{"A", "b"}}));
}

TEST(HeadParser, IgnoresTrailers) {
  const auto parser = parsed({"HTTP/1.1 200 OK\r\n", "\r\n", "HTTP/1.1 500 x\r\n", "T: 1\r\n"});
  EXPECT_EQ(parser.head().status, 200);
  EXPECT_TRUE(parser.head().headers.empty());
}

TEST(HeadParser, UnfoldsLines) {
  const auto parser = parsed({"HTTP/1.1 200 OK\r\n", "A: b\r\n", "\t c\r\n", "\r\n"});
  EXPECT_EQ(parser.head().headers, (std::vector<Header>{{"A", "b c"}}));
}

TEST(HeadParser, LeavesOutLinesThatAreNoFields) {
  const auto parser = parsed({"HTTP/1.1 200 OK\r\n", "nonsense\r\n", ": x\r\n", "\r\n"});
  EXPECT_TRUE(parser.head().headers.empty());
}

TEST(HeadParser, RefusesMoreThanItsLimit) {
  HeadParser parser(40);
  EXPECT_TRUE(parser.add("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(parser.add("A: 0123456789012345\r\n"));
  EXPECT_FALSE(parser.add("B: 1\r\n"));
}

TEST(HeadParser, CountsInterimAnswersAndTrailersToo) {
  HeadParser parser(50);
  EXPECT_TRUE(parser.add("HTTP/1.1 100 Continue\r\n"));
  EXPECT_TRUE(parser.add("\r\n"));
  EXPECT_TRUE(parser.add("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(parser.add("\r\n"));
  EXPECT_FALSE(parser.add("Trailer: 1\r\n"));
}

}  // namespace
}  // namespace ek
