#include "wire/json_scan.hpp"

#include <gtest/gtest.h>

namespace ek::wire {
namespace {

TEST(JsonScan, FindsTheEndInPiecesOfEverySize) {
  const std::pair<std::string_view, std::size_t> cases[] = {
      {"{} ", 2},
      {"[[],{}],", 7},
      {R"("a\"b" x)", 6},
      {R"({"a":"}\\"}})", 11},
      {R"({"a":[1,"]"]}{)", 13},
      {R"(["\u005d"])", 10},
      {"{", JsonScan::npos},
      {R"("\")", JsonScan::npos},
      {"", JsonScan::npos},
  };
  for (const auto& [text, end] : cases) {
    for (std::size_t size = 1; size <= text.size() + 1; ++size) {
      JsonScan scan;
      std::size_t found = JsonScan::npos;
      for (std::size_t at = 0; at < text.size() && found == JsonScan::npos; at += size) {
        found = scan.feed(text.substr(at, size));
        if (found != JsonScan::npos) found += at;
      }
      EXPECT_EQ(found, end) << text << " in pieces of " << size;
    }
  }
}

TEST(JsonScan, TellsWholeTextFromCutJson) {
  for (const std::string_view text : {"", "word", "[DONE]", "{}", " {\"a\":1} ", "12", "\"x\""}) {
    EXPECT_TRUE(is_whole(text)) << text;
  }
  for (const std::string_view text : {"{", "[DON", "\"x", "{\"a\":\"}", " [1,"}) {
    EXPECT_FALSE(is_whole(text)) << text;
  }
}

}  // namespace
}  // namespace ek::wire
