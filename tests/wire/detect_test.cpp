#include "wire/detect.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "wire/event_stream_message.hpp"
#include "wire/frames.hpp"

namespace ek::wire {
namespace {

std::string_view name(std::optional<Framing> framing) {
  if (!framing) return "?";
  switch (*framing) {
    case Framing::sse:
      return "sse";
    case Framing::ndjson:
      return "ndjson";
    case Framing::json_array:
      return "json_array";
    case Framing::json:
      return "json";
    case Framing::event_stream:
      return "event_stream";
    case Framing::plain:
      return "plain";
  }
  return "";
}

TEST(Detect, TellsFramingsApart) {
  const std::string message = *encode_message({}, "payload");
  const std::string long_object = "{\"a\":\"" + std::string(70'000, 'x');
  const struct {
    std::string_view type;
    std::string bytes;
    std::string_view sofar, ended;
  } cases[] = {
      {"text/event-stream; charset=utf-8", "", "sse", "sse"},
      {"Text/Event-Stream", "{", "sse", "sse"},
      {"application/vnd.amazon.eventstream", "", "event_stream", "event_stream"},
      {"application/x-ndjson", "", "ndjson", "ndjson"},
      {"application/jsonlines", "[", "ndjson", "ndjson"},
      {"", "", "?", "plain"},
      {"application/json", "", "?", "json"},
      {"application/json", " \n", "?", "json"},
      {"application/json", "{\"a\":1}", "?", "json"},
      {"application/json", "{\"a\":1}\n", "?", "json"},
      {"application/json", "{\"a\":1}\n{", "ndjson", "ndjson"},
      {"application/octet-stream", "{\"a\":1}{\"b\":2}", "ndjson", "ndjson"},
      {"application/json", "{\"a\":", "?", "json"},
      {"application/json", long_object, "json", "json"},
      {"application/json", "[", "?", "plain"},
      {"application/json; charset=UTF-8", "[{", "json_array", "json_array"},
      {"", "[\n 1.5", "json_array", "json_array"},
      {"text/plain", "[INST] hello", "plain", "plain"},
      {"", "data:", "sse", "sse"},
      {"",
       "\xEF\xBB\xBF"
       "event: x",
       "sse", "sse"},
      {"", "\xEF\xBB", "?", "plain"},
      {"", "dat", "?", "plain"},
      {"", "date: today", "plain", "plain"},
      {"text/plain", ": keep-alive\n", "sse", "sse"},
      {"", message, "event_stream", "event_stream"},
      {"", message.substr(0, 11), "?", "plain"},
      {"", *from_hex("000000100000000005c248ec"), "plain", "plain"},
      {"text/html", "<html>", "plain", "plain"},
      {"application/problem+json", "true", "json", "json"},
      {"", "Once upon a time", "plain", "plain"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(name(detect(c.type, c.bytes, false)), c.sofar)
        << c.type << " " << c.bytes.substr(0, 40);
    EXPECT_EQ(name(detect(c.type, c.bytes, true)), c.ended)
        << c.type << " " << c.bytes.substr(0, 40);
  }
}

TEST(Detect, NeverChangesItsMindWhenMoreBytesCome) {
  for (const std::string_view body :
       {"data: a\n\n", "{\"a\":1}\n{\"b\":2}\n", "[{\"a\":1}]", "[INST]", "event", " {}x"}) {
    std::optional<Framing> first;
    for (std::size_t size = 0; size <= body.size(); ++size) {
      const auto now = detect("", body.substr(0, size), false);
      if (first) {
        EXPECT_EQ(now, first) << body.substr(0, size);
      }
      if (!first) first = now;
    }
  }
}

TEST(MakeDecoder, DecodesWhatWasDetected) {
  const struct {
    Framing framing;
    std::string body;
    std::vector<Got> frames;
  } cases[] = {
      {Framing::sse, "data: a\n\n", {event("a")}},
      {Framing::ndjson, "{}\n{}", {event("{}"), event("{}")}},
      {Framing::json_array, "[{}, 1]", {event("{}"), event("1")}},
      {Framing::json, "{ }\n", {event("{ }\n")}},
      {Framing::event_stream, "", {}},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(run([&] { return make_decoder(c.framing); }, c.body).frames, c.frames)
        << name(c.framing);
  }
  Outcome plain = run_whole([] { return make_decoder(Framing::plain); }, "words");
  EXPECT_EQ(plain.frames, std::vector{event("words")});
}

TEST(DetectEnvelope, TakesAllElseForText) {
  const std::string message = *encode_message({}, "payload");
  const struct {
    std::string_view type;
    std::string_view bytes, sofar, ended;
  } cases[] = {{"", "", "?", "plain"},
               {"application/vnd.amazon.eventstream", "", "event_stream", "event_stream"},
               {"", message, "event_stream", "event_stream"},
               {"", std::string_view(message).substr(0, 11), "?", "plain"},
               {"", "\x01 is no length", "plain", "plain"},
               {"text/event-stream", "data: x", "plain", "plain"},
               {"application/x-ndjson", "{", "plain", "plain"}};
  for (const auto& c : cases) {
    EXPECT_EQ(name(detect_envelope(c.type, c.bytes, false)), c.sofar) << c.type << c.bytes;
    EXPECT_EQ(name(detect_envelope(c.type, c.bytes, true)), c.ended) << c.type << c.bytes;
  }
}

}  // namespace
}  // namespace ek::wire
