#include "wire/plain_text.hpp"

#include <gtest/gtest.h>

#include "wire/frames.hpp"

namespace ek::wire {
namespace {

std::vector<std::string> pieces_of(std::string_view body, std::size_t size, std::string& error) {
  const Outcome outcome = run_in_pieces([] { return std::make_unique<PlainTextDecoder>(); }, body,
                                        [&](std::size_t) { return size; });
  error = outcome.error;
  std::vector<std::string> out;
  for (const Got& got : outcome.frames) out.push_back(got.data);
  return out;
}

TEST(PlainTextDecoder, NeverCutsACharacter) {
  const std::string body = "aé日👩‍💻z";
  for (std::size_t size = 1; size <= body.size(); ++size) {
    std::string error;
    std::string joined;
    for (const std::string& piece : pieces_of(body, size, error)) {
      EXPECT_NE(static_cast<unsigned char>(piece.front()) & 0xC0U, 0x80U)
          << "in pieces of " << size;
      joined += piece;
    }
    EXPECT_EQ(joined, body);
    EXPECT_EQ(error, "");
  }
}

TEST(PlainTextDecoder, HandsOutAtOnceWhatIsWhole) {
  std::string error;
  EXPECT_EQ(pieces_of("ab日", 3, error), (std::vector<std::string>{"ab", "日"}));
}

TEST(PlainTextDecoder, PassesBytesThatAreNoUtf8) {
  std::string error;
  EXPECT_EQ(pieces_of("a\xFF\x80\x80\x80\x80"
                      "b",
                      100, error)
                .front(),
            "a\xFF\x80\x80\x80\x80"
            "b");
  EXPECT_EQ(error, "");
}

TEST(PlainTextDecoder, SaysThatTheLastCharacterWasCut) {
  std::string error;
  EXPECT_EQ(pieces_of("ab\xE6\x97", 100, error), (std::vector<std::string>{"ab"}));
  EXPECT_EQ(error, "truncated/stream");
}

}  // namespace
}  // namespace ek::wire
