#include "wire/event_stream.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "wire/frames.hpp"

namespace ek::wire {
namespace {

using Texts = std::vector<std::pair<std::string_view, std::string_view>>;

std::string message(const Texts& texts, std::string_view payload = "") {
  std::vector<MessageHeader> headers;
  for (const auto& [name, value] : texts) headers.push_back({name, HeaderType::string, 0, value});
  return *encode_message(headers, payload);
}
std::string part(std::string_view payload) {
  return message({{":message-type", "event"}, {":event-type", "PayloadPart"}}, payload);
}

MakeDecoder event_stream() {
  return [] {
    return std::make_unique<EventStreamDecoder>(
        [](std::string_view type, std::string_view payload) {
          return Error{.code = ErrorCode::model_error,
                       .phase = Phase::stream,
                       .message = std::string(type) + "|" + std::string(payload)};
        });
  };
}

TEST(EventStreamDecoder, GivesEventsWithTheirTypes) {
  const std::string body = part("{\"a\":1}") +
                           message({{":event-type", "Unknown"}, {":message-type", "event"}}, "x") +
                           part("") + part("again");
  EXPECT_EQ(run(event_stream(), body),
            (Outcome{{event("{\"a\":1}", "PayloadPart"), event("x", "Unknown"),
                      event("", "PayloadPart"), event("again", "PayloadPart")},
                     "",
                     ""}));
}

TEST(EventStreamDecoder, EndsWithTheErrorThatAnExceptionMeans) {
  const struct {
    std::string_view name;
    std::string bytes;
    std::string_view code, message;
  } cases[] = {
      {"exception of another encoder",
       *from_hex("000000980000005e0887cf4b0f3a657863657074696f6e2d747970650700104d6f64656c537472656"
                 "16d4572726f720d"
                 "3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d65737361676"
                 "52d74797065"
                 "070009657863657074696f6e7b224d657373616765223a226d222c224572726f72436f6465223a225"
                 "3747265616d42"
                 "726f6b656e227d5d2db3a1"),
       "model_error/stream", "ModelStreamError|{\"Message\":\"m\",\"ErrorCode\":\"StreamBroken\"}"},
      {"error",
       message(
           {{":message-type", "error"}, {":error-code", "Internal"}, {":error-message", "sorry"}}),
       "model_error/stream", "Internal|sorry"},
      {"no message type", message({{":event-type", "PayloadPart"}}, "x"), "server_error/decode",
       "an event-stream message has no :message-type header"},
      {"no event type", message({{":message-type", "event"}}), "server_error/decode",
       "an event-stream message has no :event-type header"},
      {"no exception type", message({{":message-type", "exception"}}), "server_error/decode",
       "an event-stream message has no :exception-type header"},
      {"no error code", message({{":message-type", "error"}}), "server_error/decode",
       "an event-stream message has no :error-code header"},
      {"unknown message type", message({{":message-type", "surprise"}}), "server_error/decode",
       "expected :message-type event, exception or error, found \"surprise\""},
      {"JSON in no message", R"({"error":{"message":"out of } memory"}})", "model_error/stream",
       R"(|{"error":{"message":"out of } memory"}})"},
      {"half of such JSON", R"({"error":)", "model_error/stream", R"(|{"error":)"},
      {"cut", part("second").substr(0, 40), "truncated/stream",
       "the body ended inside event-stream message 2: the answer is not whole"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const std::string more =
        c.name == "cut" || c.name.starts_with("half") ? "" : part("never seen");
    const Outcome outcome = run(event_stream(), part("first") + c.bytes + more);
    EXPECT_EQ(
        outcome,
        (Outcome{{event("first", "PayloadPart")}, std::string(c.code), std::string(c.message)}));
  }
}

TEST(ExplainAnyException, NamesTypeAndReason) {
  const Error error = explain_any_exception("throttlingException", "{\"message\":\"slow down\"}");
  EXPECT_EQ(error.code, ErrorCode::server_error);
  EXPECT_EQ(error.phase, Phase::stream);
  EXPECT_EQ(error.provider_code, "throttlingException");
  EXPECT_FALSE(error.retryable);
  EXPECT_NE(error.message.find("slow down"), std::string::npos);
}

}  // namespace
}  // namespace ek::wire
