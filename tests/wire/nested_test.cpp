#include "wire/nested.hpp"

#include <gtest/gtest.h>

#include "wire/event_stream.hpp"
#include "wire/frames.hpp"
#include "wire/ndjson.hpp"
#include "wire/sse.hpp"

namespace ek::wire {
namespace {

std::string part(std::string_view payload) {
  const MessageHeader headers[] = {{":message-type", HeaderType::string, 0, "event"},
                                   {":event-type", HeaderType::string, 0, "PayloadPart"}};
  return *encode_message(headers, payload);
}
std::string exception() {
  const MessageHeader headers[] = {{":message-type", HeaderType::string, 0, "exception"},
                                   {":exception-type", HeaderType::string, 0, "ModelStreamError"}};
  return *encode_message(headers, "{}");
}
std::string in_parts(std::string_view body, std::size_t size) {
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += size) out += part(body.substr(at, size));
  return out;
}

template <class Inner>
std::unique_ptr<Decoder> in_event_stream() {
  return std::make_unique<NestedDecoder>(std::make_unique<EventStreamDecoder>(),
                                         std::make_unique<Inner>());
}

TEST(NestedDecoder, IgnoresTheBordersOfTheEnvelope) {
  const std::string sse = ": hi\ndata: {\"t\":\"日本\"}\r\n\r\nevent: x\ndata: b\n\ndata: [DONE]";
  const std::string lines = "{\"a\":\"日\"}\n{\"b\":2}{\"c\":3}";
  for (std::size_t size = 1; size < 40; ++size) {
    EXPECT_EQ(
        run(in_event_stream<SseDecoder>, in_parts(sse, size)).frames,
        (std::vector{heartbeat(), event("{\"t\":\"日本\"}"), event("b", "x"), event("[DONE]")}));
    EXPECT_EQ(run(in_event_stream<NdjsonDecoder>, in_parts(lines, size)).frames,
              (std::vector{event("{\"a\":\"日\"}"), event("{\"b\":2}"), event("{\"c\":3}")}));
  }
}

TEST(NestedDecoder, DeliversWhatWasWholeBeforeAnErrorOfTheEnvelope) {
  const std::string first = part("data: a\n\ndata: b\n\nda");
  const struct {
    std::string body;
    std::string_view error;
  } cases[] = {
      {first + exception(), "server_error/stream"},
      {first + part("x").substr(0, 20), "truncated/stream"},
      {first + "{\"message\":\"no\"}", "server_error/stream"},
      {first + "<html>no</html>", "server_error/decode"},
  };
  for (const auto& c : cases) {
    const Outcome outcome = run(in_event_stream<SseDecoder>, c.body);
    EXPECT_EQ(outcome.frames, (std::vector{event("a"), event("b")}));
    EXPECT_EQ(outcome.error, c.error);
  }
}

TEST(NestedDecoder, EndsTheInnerWithTheOuter) {
  EXPECT_EQ(run(in_event_stream<NdjsonDecoder>, part("{\"a\":")).error, "truncated/stream");
  EXPECT_EQ(run(in_event_stream<NdjsonDecoder>, "").error, "");
}

TEST(NestedDecoder, PassesHeartbeatsAndUnframedTextOfTheOuter) {
  const auto make = [] {
    return std::make_unique<NestedDecoder>(std::make_unique<SseDecoder>(),
                                           std::make_unique<NdjsonDecoder>());
  };
  EXPECT_EQ(run(make, ": hi\ndata: {\"a\":\ndata: 1}\n\n{\"error\":1}\n").frames,
            (std::vector{heartbeat(), event("{\"a\":\n1}"), unframed("{\"error\":1}")}));
}

}  // namespace
}  // namespace ek::wire
