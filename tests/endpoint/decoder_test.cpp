#include "endpointkit/ext/decoder.hpp"

#include <gmock/gmock.h>

#include "base/crc32.hpp"
#include "dialect/json_text.hpp"
#include "support/matchers.hpp"

namespace ek {
namespace {

using test::FailsWith;
using test::HasCode;
using testing::HasSubstr;

struct Outcome {
  std::string events;
  std::string text;
  std::optional<Error> error;
  bool finished = false;
  Wire wire = Wire::detect;
  std::string dialect;
};

Outcome drain(ChatDecoder& decoder, Outcome outcome = {}) {
  while (true) {
    const auto event = decoder.next();
    if (!event) outcome.error = event.error();
    if (!event || !*event) break;
    outcome.events += dialect::to_json(**event) + "\n";
    outcome.finished = outcome.finished || (*event)->get_if<Finished>() != nullptr;
  }
  outcome.text = decoder.reply().text();
  outcome.wire = decoder.wire();
  outcome.dialect = decoder.dialect();
  return outcome;
}

Outcome decode(const DecoderOptions& options, std::string_view body, std::size_t chunk) {
  auto decoder = ChatDecoder::create(options).value();
  Outcome outcome;
  for (std::size_t at = 0; at == 0 || at < body.size(); at += chunk) {
    decoder.append(body.substr(at, chunk), at + chunk >= body.size());
    outcome = drain(decoder, outcome);
  }
  return outcome;
}

void put32(std::string& out, std::uint32_t value) {
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(value >> shift);
}

std::string message(const std::vector<std::pair<std::string, std::string>>& headers,
                    const std::string& payload) {
  std::string fields;
  for (const auto& [name, value] : headers) {
    fields += static_cast<char>(name.size()) + name + '\x07' + '\0' +
              static_cast<char>(value.size()) + value;
  }
  std::string out;
  put32(out, static_cast<std::uint32_t>(16 + fields.size() + payload.size()));
  put32(out, static_cast<std::uint32_t>(fields.size()));
  put32(out, crc32(out));
  out += fields + payload;
  put32(out, crc32(out));
  return out;
}

std::string part(const std::string& payload) {
  return message({{":message-type", "event"}, {":event-type", "PayloadPart"}}, payload);
}

// In parts that know nothing of lines and characters.
std::string in_parts(std::string_view body, std::size_t size) {
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += size) {
    out += part(std::string(body.substr(at, size)));
  }
  return out;
}

const std::string kOpenAi =
    ": hello\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Gr\xC3\xBC\xC3\x9F\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" "
    "\xF0\x9F\xA6\x9D\"},\"finish_reason\":\"stop\"}]}\n\n"
    "data: [DONE]\n";
const std::string kGeminiArray =
    "[{\n \"candidates\": [{\"content\": {\"parts\": [{\"text\": "
    "\"Gr\xC3\xBC\xC3\x9F\"}]}}]}\n,\r\n"
    "{\"candidates\": [{\"content\": {\"parts\": [{\"text\": \" "
    "\xF0\x9F\xA6\x9D\"}]},\"finishReason\": \"STOP\"}]}]";
const std::string kLines =
    "{\"token\": {\"text\": \"Gr\xC3\xBC\xC3\x9F\"}}\n"
    "{\"token\": {\"text\": \" \xF0\x9F\xA6\x9D\"}, \"generated_text\": \"x\", \"details\": "
    "{\"finish_reason\": \"length\"}}";
const std::string kGenerated = "{\"generated_text\": \"Gr\xC3\xBC\xC3\x9F \xF0\x9F\xA6\x9D\"}";
const std::string kText = "Gr\xC3\xBC\xC3\x9F \xF0\x9F\xA6\x9D";
const std::string kWhole =
    "{\"choices\":[{\"message\":{\"content\":\"Gr\xC3\xBC\xC3\x9F "
    "\xF0\x9F\xA6\x9D\"},\"finish_reason\":\"stop\"}]}";

TEST(ChatDecoder, FindsOutWhatItIsGivenAtEveryChunkSize) {
  struct Row {
    std::string body;
    Wire wire;
    const char* dialect;
  };
  const std::vector<Row> table = {{kOpenAi, Wire::sse, "openai"},
                                  {kGeminiArray, Wire::json_array, "gemini"},
                                  {kLines, Wire::ndjson, "tgi"},
                                  {kWhole, Wire::json, "openai"},
                                  {kGenerated, Wire::json, "tgi"},
                                  {in_parts(kOpenAi, 3), Wire::event_stream, "openai"},
                                  {in_parts(kLines, 5), Wire::event_stream, "tgi"},
                                  {in_parts(kWhole, 1000), Wire::event_stream, "openai"},
                                  {in_parts(kGenerated, 4), Wire::event_stream, "tgi"},
                                  {in_parts(kText, 3), Wire::event_stream, "raw"}};
  for (const Row& row : table) {
    const Outcome whole = decode({}, row.body, row.body.size());
    EXPECT_EQ(whole.text, kText);
    EXPECT_EQ(whole.wire, row.wire);
    EXPECT_EQ(whole.dialect, row.dialect);
    EXPECT_TRUE(whole.finished);
    for (std::size_t chunk = 1; chunk < row.body.size(); ++chunk) {
      const Outcome cut = decode({}, row.body, chunk);
      ASSERT_EQ(cut.events, whole.events) << row.dialect << " in chunks of " << chunk;
      ASSERT_FALSE(cut.error);
    }
  }
}

TEST(ChatDecoder, FinishesAtTheEndMarkerThoughTheSocketStaysOpen) {
  ASSERT_TRUE(kOpenAi.ends_with("data: [DONE]\n"));
  for (const char* empty_line : {"", "\n"}) {
    auto decoder = ChatDecoder::create({.wire = Wire::sse, .dialect = "openai"}).value();
    decoder.append(kOpenAi + empty_line, false);
    EXPECT_TRUE(drain(decoder).finished);
    decoder.append("\ndata: {\"error\":{\"message\":\"too late\"}}\n\n", true);
    EXPECT_FALSE(drain(decoder).error);
  }
}

TEST(ChatDecoder, IsTruncatedWithoutTheEnd) {
  struct Row {
    const char* about;
    std::string body;
  };
  const std::vector<Row> table = {
      {"openai", kOpenAi.substr(0, kOpenAi.find("data: ", 20))},
      {"openai, inside a frame", kOpenAi.substr(0, kOpenAi.find("data: ", 20) + 12)},
      {"gemini", kGeminiArray.substr(0, kGeminiArray.find(",\r\n"))},
      {"lines", kLines.substr(0, kLines.find('\n') + 1)},
      {"lines, inside one", kLines.substr(0, kLines.find('\n') + 30)},
      {"envelope between frames", part(kLines.substr(0, kLines.find('\n') + 1))},
  };
  for (const Row& row : table) {
    const Outcome outcome = decode({}, row.body, 7);
    EXPECT_FALSE(outcome.finished) << row.about;
    ASSERT_TRUE(outcome.error) << row.about;
    EXPECT_THAT(*outcome.error, HasCode(ErrorCode::truncated)) << row.about;
    EXPECT_EQ(outcome.text, "Gr\xC3\xBC\xC3\x9F") << row.about;
  }
  EXPECT_THAT(*decode({.dialect = "openai"}, "", 1).error, HasCode(ErrorCode::truncated));
}

TEST(ChatDecoder, GivesTheErrorOfAnEnvelopeAfterWhatCameBefore) {
  const std::string exception =
      message({{":message-type", "exception"}, {":exception-type", "ModelStreamError"}},
              R"({"Message":"late","ErrorCode":"StreamBroken"})");
  std::string damaged = part(kLines);
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  for (const std::string& end : {exception, damaged}) {
    const Outcome outcome =
        decode({}, in_parts(kLines.substr(0, kLines.find('\n') + 1), 9) + end, 11);
    EXPECT_EQ(outcome.text, "Gr\xC3\xBC\xC3\x9F");
    EXPECT_FALSE(outcome.finished);
    ASSERT_TRUE(outcome.error);
    EXPECT_THAT(*outcome.error, HasCode(ErrorCode::server_error));
  }
}

TEST(ChatDecoder, TakesJsonPastTheFramingForTheError) {
  const Outcome outcome = decode({.content_type = "text/event-stream"},
                                 "data: "
                                 "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"Hi\"}]},"
                                 "\"finishReason\":\"STOP\"}]}\n\n"
                                 "{\n  \"error\": {\n    \"code\": 499,\n    \"message\": "
                                 "\"cancelled\",\n    \"status\": \"CANCELLED\"\n  }\n}\n",
                                 5);
  EXPECT_EQ(outcome.text, "Hi");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->provider_code, "CANCELLED");
}

TEST(ChatDecoder, TakesTheBareErrorLineOfLlamaCpp) {
  const Outcome outcome =
      decode({.wire = Wire::sse, .dialect = "openai"},
             "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n: ping\n\n"
             "error: {\"code\":500,\"message\":\"boom\",\"type\":\"server_error\"}\n\n",
             4);
  EXPECT_EQ(outcome.text, "Hi");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->message, "boom");
}

TEST(ChatDecoder, ReadsAnUnstreamedAnswerWhereAStreamWasAskedFor) {
  const Outcome outcome =
      decode({.dialect = "openai", .content_type = "application/json"}, kWhole, 10);
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.text, "Gr\xC3\xBC\xC3\x9F \xF0\x9F\xA6\x9D");
}

TEST(ChatDecoder, SaysThatTextIsNoJson) {
  const Outcome outcome = decode({.dialect = "openai"}, "<html>Sign in</html>", 3);
  ASSERT_TRUE(outcome.error);
  EXPECT_THAT(*outcome.error, HasCode(ErrorCode::server_error));
  EXPECT_THAT(outcome.error->message, HasSubstr("<html>Sign in"));
  const Outcome foreign = decode({}, "{\"answer\":\"x\"}", 3);
  ASSERT_TRUE(foreign.error);
  EXPECT_THAT(foreign.error->message, HasSubstr("name one of openai, gemini, tgi, raw"));
}

TEST(ChatDecoder, PassesRawTextThrough) {
  for (const std::size_t chunk : {1, 2, 50}) {
    const Outcome outcome = decode({.dialect = "raw"}, "data: na\xC3\xAFve {\"x\"", chunk);
    EXPECT_TRUE(outcome.finished);
    EXPECT_EQ(outcome.text, "data: na\xC3\xAFve {\"x\"");
  }
  EXPECT_TRUE(decode({.dialect = "raw"}, "", 1).finished);
  const std::string indented = "\n\n  Hello";
  for (std::size_t chunk = 1; chunk <= indented.size(); ++chunk)
    EXPECT_EQ(decode({.dialect = "raw"}, indented, chunk).text, indented) << chunk;
}

TEST(ChatDecoder, TakesRawTextOutOfItsEnvelope) {
  const std::string text = "Once upon {\"a\"}\n\ndata: t\xC3\xAFme";
  for (const char* type : {"", "application/vnd.amazon.eventstream", "application/octet-stream"}) {
    for (std::size_t chunk = 1; chunk < 60; ++chunk) {
      const Outcome outcome =
          decode({.dialect = "raw", .content_type = type}, in_parts(text, 5), chunk);
      ASSERT_EQ(outcome.text, text) << type << " in chunks of " << chunk;
      ASSERT_TRUE(outcome.finished);
      ASSERT_EQ(outcome.wire, Wire::event_stream);
    }
  }
  const std::string cut = in_parts(text, 5).substr(0, 60);
  EXPECT_THAT(*decode({.dialect = "raw"}, cut, 7).error, HasCode(ErrorCode::truncated));
}

TEST(ChatDecoder, ReadsTwoValuesOfOnePart) {
  const std::string values =
      R"({"token":{"text":"a"}}{"token":{"text":"b"},"details":{"finish_reason":"length"}})";
  for (const auto& body : {values, part(values), in_parts(values, 30)}) {
    const Outcome outcome = decode({}, body, 8);
    EXPECT_EQ(outcome.text, "ab");
    EXPECT_TRUE(outcome.finished);
    EXPECT_EQ(outcome.dialect, "tgi");
  }
}

TEST(ChatDecoder, PassesOverEmptyEvents) {
  const std::string body =
      "data:\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\ndata:\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
      "data: \n\nevent: x\n\ndata: [DONE]\n\n";
  for (const char* dialect : {"auto", "openai"}) {
    auto decoder = ChatDecoder::create({.dialect = dialect}).value();
    decoder.append(body, true);
    const Outcome outcome = drain(decoder);
    EXPECT_FALSE(outcome.error) << dialect;
    EXPECT_EQ(outcome.text, "Hi") << dialect;
    EXPECT_EQ(decoder.reply().finish_reason, FinishReason::stop) << dialect;
  }
}

TEST(ChatDecoder, KnowsItsNames) {
  for (const Wire wire :
       {Wire::detect, Wire::sse, Wire::ndjson, Wire::json_array, Wire::json, Wire::event_stream}) {
    EXPECT_EQ(parse_wire(to_string(wire)), wire);
  }
  EXPECT_EQ(parse_wire("smoke"), std::nullopt);
  EXPECT_THAT(ChatDecoder::create({.dialect = "cobol"}),
              FailsWith(HasSubstr("known are auto, openai")));
}

}  // namespace
}  // namespace ek
