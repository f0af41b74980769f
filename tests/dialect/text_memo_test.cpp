#include "dialect/text_memo.hpp"

#include <gtest/gtest.h>

#include "dialect/dialect.hpp"
#include "dialect/json_text.hpp"

namespace ek::dialect {
namespace {

const std::string frame =
    R"({"id":"a","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]})";

TextMemo learnt() {
  TextMemo memo;
  memo.learn(frame, std::string_view(frame).substr(frame.find("Hi"), 2));
  return memo;
}

std::string with(const std::string& inside) {
  std::string text = frame;
  return text.replace(frame.find("Hi"), 2, inside);
}

TEST(TextMemo, MatchesNothingBeforeItLearns) { EXPECT_FALSE(TextMemo().match(frame)); }

TEST(TextMemo, GivesTheTextOfAFrameThatDiffersThereAlone) {
  const TextMemo memo = learnt();
  for (const std::string inside :
       {"", "x", " longer than before", "né — 🙂", "}]}", "a:b,c"}) {
    EXPECT_EQ(memo.match(with(inside)), inside) << inside;
  }
}

TEST(TextMemo, LeavesEverythingElseToTheParser) {
  const TextMemo memo = learnt();
  for (const std::string inside :
       {"\\n", "\\u00e9", "a\\", "a\"b", "\",\"x\":\"", "\x01", "\xff", "\xc3", "\xed\xa0\x80"}) {
    EXPECT_FALSE(memo.match(with(inside))) << inside;
  }
  EXPECT_FALSE(memo.match(frame + " "));
  EXPECT_FALSE(memo.match(frame.substr(0, frame.size() - 1)));
  EXPECT_FALSE(memo.match(frame.substr(0, frame.find("Hi"))));
  std::string finished = frame;
  EXPECT_FALSE(memo.match(finished.replace(finished.find("null"), 4, "\"stop\"")));
  std::string other = frame;
  EXPECT_FALSE(memo.match(other.replace(other.find("\"a\""), 3, "\"b\"")));
}

// Whatever is learnt on the way, the events are those of a decoder that reads each frame for the
// first time.
TEST(TextMemo, ChangesNoEventOfAStream) {
  const std::vector<std::string> frames = {
      R"({"id":"a","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]})",
      with("Hi"),
      with(" there"),
      with("\\n"),
      with(""),
      with("né"),
      with("x"),
      R"({"id":"a","choices":[{"index":0,"delta":{"content":"same","reasoning":"r"},"finish_reason":null}]})",
      R"({"id":"a","choices":[{"index":0,"delta":{"content":"more","reasoning":"r"},"finish_reason":null}]})",
      R"({"id":"a","choices":[{"index":1,"delta":{"content":"other"},"finish_reason":null}]})",
      R"({"id":"a","choices":[{"index":1,"delta":{"content":"choice"},"finish_reason":null}]})",
      R"({"id":"a","choices":[{"index":0,"delta":{"content":"u"},"finish_reason":null}],"usage":{"completion_tokens":1}})",
      R"({"id":"a","choices":[{"index":0,"delta":{"content":"v"},"finish_reason":null}],"usage":{"completion_tokens":1}})",
      R"({"id":"a","choices":[{"index":0,"delta":{"content":"end"},"finish_reason":"stop"}]})"};
  const auto stream = find("openai")->make_stream_decoder();
  for (const std::string& text : frames) {
    std::vector<ChatEvent> events, alone;
    ASSERT_TRUE(stream->decode({text, {}}, events));
    ASSERT_TRUE(find("openai")->make_stream_decoder()->decode({text, {}}, alone));
    std::erase_if(alone,
                  [](const ChatEvent& event) { return event.get_if<UsageUpdate>() != nullptr; });
    std::erase_if(events,
                  [](const ChatEvent& event) { return event.get_if<UsageUpdate>() != nullptr; });
    ASSERT_EQ(events.size(), alone.size()) << text;
    for (std::size_t i = 0; i < events.size(); ++i)
      EXPECT_EQ(to_json(events[i]), to_json(alone[i])) << text;
  }
}

}  // namespace
}  // namespace ek::dialect
