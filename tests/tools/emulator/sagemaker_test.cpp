#include "emulator_fixture.hpp"
#include "wire/event_stream_message.hpp"

namespace ek::emulator {
namespace {

using testing::HasSubstr;

using SageMaker = EmulatorTest;
const std::string chat = "/endpoints/chat/invocations";
const std::string chat_stream = "/endpoints/chat/invocations-response-stream";

struct Event {
  std::string type{}, exception{}, payload{};
};

std::vector<Event> messages_of(const std::string& body) {
  wire::MessageDecoder decoder;
  decoder.append(body, true);
  std::vector<Event> events;
  while (true) {
    const auto message = decoder.next();
    EXPECT_THAT(message, test::IsOk());
    if (!message || *message == nullptr) return events;
    events.push_back({.type = std::string((**message).text(":event-type").value_or("")),
                      .exception = std::string((**message).text(":exception-type").value_or("")),
                      .payload = std::string((**message).payload)});
  }
}
std::string payload_of(const std::string& body) {
  std::string payload;
  for (const Event& event : messages_of(body)) payload += event.payload;
  return payload;
}

TEST_F(SageMaker, AnswersAChat) {
  const Got got = invoke(chat, hello);
  EXPECT_EQ(got.status, 200);
  EXPECT_THAT(got.parsed()["choices"][0]["message"]["content"].get<std::string>(),
              HasSubstr("lighthouses"));
  EXPECT_EQ(got.header("x-Amzn-Invoked-Production-Variant"), "AllTraffic");
  EXPECT_NE(got.header("x-amzn-RequestId"), "");
}

TEST_F(SageMaker, StreamsPayloadPartsThatCutLinesAndCharacters) {
  const Got got = invoke(chat_stream, hello_stream);
  EXPECT_EQ(got.header("Content-Type"), "application/vnd.amazon.eventstream");
  EXPECT_EQ(got.header("X-Amzn-SageMaker-Content-Type"), "text/event-stream");
  const auto events = messages_of(got.body);
  int in_lines = 0;
  int in_characters = 0;
  for (const Event& event : events) {
    EXPECT_EQ(event.type, "PayloadPart");
    ASSERT_FALSE(event.payload.empty());
    in_lines += event.payload.back() != '\n';
    in_characters += (static_cast<unsigned char>(event.payload.front()) & 0xC0U) == 0x80U;
  }
  EXPECT_GT(in_lines, 10);
  EXPECT_GT(in_characters, 0);
  EXPECT_THAT(payload_of(got.body), testing::EndsWith("data: [DONE]\n\n"));
}

TEST_F(SageMaker, StreamsTheTextOfTheWholeAnswer) {
  std::string text;
  for (const auto& event : events_of(payload_of(invoke(chat_stream, hello_stream).body))) {
    const json chunk = json::parse(event, nullptr, false);
    if (chunk.is_object() && !chunk["choices"].empty())
      text += chunk["choices"][0]["delta"].value("content", "");
  }
  EXPECT_EQ(text, invoke(chat, hello).parsed()["choices"][0]["message"]["content"]);
}

TEST_F(SageMaker, CutsItsFramesAcrossHttpChunks) {
  const Got got = invoke(chat_stream, hello_stream);
  int not_at_a_frame = 0;
  for (const auto& chunk : got.chunks) {
    wire::MessageDecoder decoder;
    decoder.append(chunk, true);
    not_at_a_frame += !decoder.next().has_value();
  }
  EXPECT_GT(not_at_a_frame, 5);
}

TEST_F(SageMaker, SpeaksTgiToInputs) {
  const std::string body =
      R"({"inputs":"Tell me of lighthouses","parameters":{"max_new_tokens":9},)"
      R"("stream":true})";
  const auto events =
      events_of(payload_of(invoke("/endpoints/x/invocations-response-stream", body).body));
  ASSERT_EQ(events.size(), 9U);
  EXPECT_EQ(json::parse(events.back())["details"]["finish_reason"], "length");
}

TEST_F(SageMaker, OrdersTgiByTheNameOfTheEndpoint) {
  EXPECT_EQ(invoke("/endpoints/tgi/invocations", hello).status, 424);
  EXPECT_EQ(invoke("/endpoints/tgi/invocations", R"({"inputs":"hi"})").status, 200);
}

TEST_F(SageMaker, ScoresRowsAndCsvAndEchoes) {
  EXPECT_EQ(invoke(chat, R"({"instances":[[1,2]]})").body, R"({"predictions":[3.0]})");
  EXPECT_EQ(invoke(aws_proof(), chat, "1,2\n3", "text/csv").body, "3.0\n3.0");
  const Got got = invoke(aws_proof(), "/endpoints/echo/invocations", std::string("\0\xFF", 2),
                         "application/x-npy");
  EXPECT_EQ(got.body, std::string("\0\xFF", 2));
  EXPECT_EQ(got.header("Content-Type"), "application/x-npy");
}

TEST_F(SageMaker, DoesNotKnowTheMissingEndpoint) {
  const Got got = invoke("/endpoints/missing/invocations", hello);
  EXPECT_EQ(got.status, 400);
  EXPECT_THAT(got.header("x-amzn-ErrorType"), testing::StartsWith("ValidationError"));
  EXPECT_EQ(got.parsed()["message"], "Endpoint missing of account 123456789012 not found.");
}

TEST_F(SageMaker, ReportsAModelThatFails) {
  for (const std::string verb : {"invocations", "invocations-response-stream"}) {
    const Got got = invoke("/endpoints/failing/" + verb, hello_stream);
    EXPECT_EQ(got.status, 424);
    EXPECT_THAT(got.header("x-amzn-ErrorType"), testing::StartsWith("ModelError"));
    EXPECT_EQ(got.parsed()["OriginalStatusCode"], 500);
    EXPECT_EQ(got.parsed()["OriginalMessage"], "the model failed, as ordered");
  }
}

TEST_F(SageMaker, ReportsABodyThatTheModelRefuses) {
  const Got got = invoke(chat, "{}");
  EXPECT_EQ(got.status, 424);
  EXPECT_EQ(got.parsed()["OriginalStatusCode"], 400);
}

TEST_F(SageMaker, EndsABrokenStreamWithAnException) {
  const Got got = invoke("/endpoints/broken/invocations-response-stream", hello_stream);
  EXPECT_EQ(got.status, 200);
  const auto events = messages_of(got.body);
  ASSERT_GT(events.size(), 2U);
  EXPECT_EQ(events.back().exception, "ModelStreamError");
  EXPECT_EQ(json::parse(events.back().payload)["ErrorCode"], "StreamBroken");
  EXPECT_EQ(count("sagemaker/broken")["abandoned"], 1);
}

TEST_F(SageMaker, CutsTheConnectionWhenOrdered) {
  EXPECT_EQ(invoke("/endpoints/cut/invocations", hello).status, 0);
  const Got got = invoke("/endpoints/cut/invocations-response-stream", hello_stream);
  EXPECT_EQ(got.status, 0);
  EXPECT_FALSE(got.body.empty());
}

TEST_F(SageMaker, IsFlakyEveryOtherTime) {
  EXPECT_EQ(invoke("/endpoints/flaky/invocations", hello).status, 429);
  EXPECT_EQ(invoke("/endpoints/flaky/invocations", hello).status, 200);
  EXPECT_EQ(invoke("/endpoints/flaky/invocations", hello).status, 429);
  EXPECT_EQ(invoke("/endpoints/busy/invocations", hello).status, 429);
  EXPECT_EQ(count("sagemaker/flaky")["generations"], 1);
}

TEST_F(SageMaker, CountsWhatWasGenerated) {
  (void)invoke(chat, hello);
  (void)invoke(chat_stream, hello_stream);
  const json counts = count("sagemaker/chat");
  EXPECT_EQ(counts["requests"], 2);
  EXPECT_EQ(counts["generations"], 2);
  EXPECT_EQ(counts["completed"], 2);
  EXPECT_EQ(counts["abandoned"], 0);
  EXPECT_GT(counts["completion_tokens"], 20);
}

}  // namespace
}  // namespace ek::emulator
