#include "wire/sse.hpp"

#include <gtest/gtest.h>

#include "wire/frames.hpp"

namespace ek::wire {
namespace {

MakeDecoder sse(SseOptions options = {}) {
  return [options] { return std::make_unique<SseDecoder>(options); };
}
MakeDecoder strict() { return sse({.keep_unterminated = false}); }

struct Case {
  std::string_view name;
  std::string body;
  std::vector<Got> frames;
  std::string_view error = "";
};

TEST(SseDecoder, GivesTheSameFramesWhereverTheBytesAreCut) {
  const std::vector<Case> cases{
      {"nothing", "", {}},
      {"one event", "data: a\n\n", {event("a")}},
      {"no space", "data:{\"a\":1}\n\n", {event("{\"a\":1}")}},
      {"only one space goes", "data:  a\n\n", {event(" a")}},
      {"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", {event("a"), event("b")}},
      {"lone CR", "data: a\rdata: b\r\rdata: c\r\r", {event("a\nb"), event("c")}},
      {"all line ends",
       "data: a\r\rdata: b\r\n\ndata: c\n\r\n",
       {event("a"), event("b"), event("c")}},
      {"several lines", "data: a\ndata\ndata:b\ndata: c\n\n", {event("a\n\nb\nc")}},
      {"type", "event: ping\ndata: {}\n\ndata: x\n\n", {event("{}", "ping"), event("x")}},
      {"type without data", "event: ping\n\ndata: x\n\n", {event("x")}},
      {"byte order mark",
       "\xEF\xBB\xBF"
       "data: a\n\n",
       {event("a")}},
      {"second byte order mark",
       "\xEF\xBB\xBF\xEF\xBB\xBF"
       "data: a\n\ndata: b\n\n",
       {event("b")}},
      {"split characters", "data: 日本語 👩‍💻\n\n", {event("日本語 👩‍💻")}},
      {"comments",
       ": one\n\n:\ndata: a\n: two\ndata: b\n\n",
       {heartbeat(), heartbeat(), heartbeat(), event("a\nb")}},
      {"unknown fields", "Data: a\ncolour: blue\ndata : b\nword\n\n", {}},
      {"empty data", "data:\n\ndata\n\n", {event(""), event("")}},
      {"marker", "data: {}\n\ndata: [DONE]\n\n", {event("{}"), event("[DONE]")}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(run(sse(), c.body), (Outcome{c.frames, "", ""}));
    EXPECT_EQ(run(strict(), c.body), (Outcome{c.frames, "", ""}));
  }
}

TEST(SseDecoder, KeepsALastEventWithoutItsEmptyLineIfItIsWhole) {
  const std::vector<Case> cases{
      {"no empty line", "data: a\n\ndata: {\"b\":2}\n", {event("a"), event("{\"b\":2}")}},
      {"no line end", "data: [DONE]", {event("[DONE]")}},
      {"plain text", "data: tail", {event("tail")}},
      {"with a type", "event: stop\ndata: {}", {event("{}", "stop")}},
      {"comment", ": bye", {heartbeat()}},
      {"CR at the end", "data: {}\r", {event("{}")}},
      {"cut JSON", "data: a\n\ndata: {\"b\":", {event("a")}, "truncated/stream"},
      {"cut string", "data: {\"b\":\"}\n", {}, "truncated/stream"},
      {"cut marker", "data: {}\n\ndata: [DON", {event("{}")}, "truncated/stream"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Outcome outcome = run(sse(), c.body);
    EXPECT_EQ(outcome.frames, c.frames);
    EXPECT_EQ(outcome.error, c.error);
  }
}

TEST(SseDecoder, DropsALastEventWithoutItsEmptyLineWhenStrict) {
  EXPECT_EQ(run(strict(), "data: a\n\nid: 7\ndata: {\"b\":2}\n").frames, std::vector{event("a")});
  EXPECT_EQ(run(strict(), "data: {\"b\"").error, "");
}

TEST(SseDecoder, GivesTextOutsideTheFramingOnceItIsWhole) {
  const std::vector<Case> cases{
      {"error in one line",
       "data: a\n\n{\"error\":{\"code\":1}}\n",
       {event("a"), unframed("{\"error\":{\"code\":1}}")}},
      {"no line end", "{\"error\":\"x\"}", {unframed("{\"error\":\"x\"}")}},
      {"over several lines",
       "data: a\r\n\r\n{\r\n  \"error\": {\r\n\r\n    \"code\": 499\r\n  }\r\n}\r\ndata: b\r\n\r\n",
       {event("a"), unframed("{\n  \"error\": {\n\n    \"code\": 499\n  }\n}"), event("b")}},
      {"array", "[{\n\"error\": \"]\"}\n]\n", {unframed("[{\n\"error\": \"]\"}\n]")}},
      {"field of llama.cpp",
       "data: a\n\nerror: {\"code\":500}\n\n",
       {event("a"), unframed("{\"code\":500}", "error")}},
      {"inside an open event", "data: a\n{\"x\":1}\n\n", {unframed("{\"x\":1}"), event("a")}},
      {"broken, then events", "{\"x\":\ndata: a\n\n", {unframed("{\"x\":"), event("a")}},
      {"cut", "{\"error\":\n", {}, "truncated/stream"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Outcome outcome = run(sse(), c.body);
    EXPECT_EQ(outcome.frames, c.frames);
    EXPECT_EQ(outcome.error, c.error);
  }
}

TEST(SseDecoder, RefusesLinesAndEventsThatAreTooLarge) {
  const SseOptions small{.max_frame_bytes = 16};
  const std::vector<Case> cases{
      {"just fits", "data: 0123456789\n\n", {event("0123456789")}},
      {"line", "data: a\n\ndata: 0123456789x\n\n", {event("a")}, "server_error/decode"},
      {"line that never ends", "data: 0123456789xyz", {}, "server_error/decode"},
      {"lines together", "data: 01234567\ndata: 01234567\n\n", {}, "server_error/decode"},
      {"text outside", "{\n\"a\": 1234567,\n\"b\"\n", {}, "server_error/decode"},
      {"many small ones",
       "data: 0123\n\ndata: 0123\n\ndata: 0123\n\n",
       {event("0123"), event("0123"), event("0123")}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    const Outcome outcome = run(sse(small), c.body);
    EXPECT_EQ(outcome.frames, c.frames);
    EXPECT_EQ(outcome.error, c.error);
    if (!c.error.empty()) {
      EXPECT_NE(outcome.message.find("16 bytes"), std::string::npos);
    }
  }
}

TEST(SseDecoder, RemembersIdAndReconnectionTime) {
  struct {
    std::string_view body, id;
    int retry_ms;
  } const cases[] = {
      {"id: 1\ndata: a\n\ndata: b\n\n", "1", -1},
      {"id: 1\n\nid\ndata: a\n\n", "", -1},
      {"id: 1\n\nid: 2\ndata: cut", "1", -1},
      {"retry: 0300\nretry: 5x\nretry: -1\nretry:\n\n", "", 300},
      {"retry: 99999999999999999999\n\n", "", -1},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.body);
    SseDecoder decoder({.keep_unterminated = false});
    decoder.append(c.body, true);
    Outcome outcome;
    drain(decoder, outcome);
    EXPECT_EQ(decoder.last_event_id(), c.id);
    EXPECT_EQ(decoder.retry() ? decoder.retry()->count() : -1, c.retry_ms);
  }
}

TEST(SseDecoder, DispatchesAtALoneCrWithoutWaitingForWhatFollows) {
  SseDecoder decoder;
  decoder.append("data: a\r\r", false);
  auto frame = decoder.next();
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->data, "a");
}

TEST(SseDecoder, SurvivesManyCommentsInsideAnOpenEvent) {
  SseDecoder decoder;
  decoder.append("data: kept\n", false);
  Outcome outcome;
  for (int i = 0; i < 4000; ++i) {
    decoder.append(": 0123456789012345678901234567890123456789\n", false);
    ASSERT_TRUE(drain(decoder, outcome));
  }
  EXPECT_EQ(outcome.frames.size(), 4000u);
  decoder.append("data: too\n\n", true);
  drain(decoder, outcome);
  EXPECT_EQ(outcome.frames.back(), event("kept\ntoo"));
}

}  // namespace
}  // namespace ek::wire
