#include <gmock/gmock.h>

#include "dialect/decode_support.hpp"
#include "support/matchers.hpp"

namespace ek {
namespace {

using test::HasCode;
using test::Outcome;
using test::run_frames;
using testing::HasSubstr;

std::string parts(const std::string& parts, const std::string& more = "") {
  return R"({"candidates":[{"content":{"role":"model","parts":[)" + parts + "]}" + more + "}]}";
}

constexpr const char* kStop = R"(,"finishReason":"STOP")";

Outcome run(const std::vector<std::string>& frames) { return run_frames("gemini", frames); }

TEST(GeminiStream, FinishesAtTheEndAfterAFinishReason) {
  const Outcome outcome =
      run({parts(R"({"text":"Hel"})", kStop), parts(R"({"text":"lo"})", kStop),
           R"({"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":3,)"
           R"("thoughtsTokenCount":4,"totalTokenCount":9},"modelVersion":"g","responseId":"r"})"});
  EXPECT_TRUE(outcome.finished);
  EXPECT_FALSE(outcome.done) << "only the end of the body ends it";
  EXPECT_EQ(outcome.text(), "Hello");
  EXPECT_EQ(outcome.reply.usage.output_tokens, 7) << "thoughts are output";
  EXPECT_EQ(outcome.reply.usage.reasoning_tokens, 4);
  EXPECT_EQ(outcome.reply.model, "g");
  EXPECT_FALSE(run({parts(R"({"text":"Hel"})")}).finished);
}

TEST(GeminiStream, HasNotEndedWhileACandidateGoesOn) {
  const std::string both =
      R"({"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"},)"
      R"({"index":1,"content":{"parts":[{"text":"b"}]}}]})";
  EXPECT_FALSE(run({both}).finished);
  EXPECT_TRUE(run({both, R"({"candidates":[{"index":1,"finishReason":"STOP"}]})"}).finished);
}

TEST(GeminiStream, KeepsRunningTotals) {
  const Outcome outcome = run({R"({"usageMetadata":{"promptTokenCount":5,"totalTokenCount":6}})",
                               R"({"usageMetadata":{"promptTokenCount":5,"totalTokenCount":9}})"});
  EXPECT_EQ(outcome.reply.usage.total_tokens, 9);
}

TEST(GeminiStream, CountsCachedTokensOnce) {
  const std::string usage =
      R"("usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":80,)"
      R"("candidatesTokenCount":5,"thoughtsTokenCount":2,"totalTokenCount":107})";
  const std::string part = R"({"candidates":[{"content":{"parts":[{"text":"a"}]}}],)" + usage + "}";
  const std::string last = R"({"candidates":[{"finishReason":"STOP"}],)" + usage + "}";
  for (const ChatReply& reply :
       {run({part, part, last}).reply, dialect::find("gemini")->decode_reply(part).value()}) {
    EXPECT_EQ(reply.usage.input_tokens, 100);
    EXPECT_EQ(reply.usage.cache_read_tokens, 80);
    EXPECT_EQ(reply.usage.output_tokens, 7);
    EXPECT_EQ(reply.usage.total_tokens, 107);
  }
}

TEST(GeminiStream, NumbersParallelCallsAcrossFrames) {
  const Outcome outcome =
      run({parts(R"({"functionCall":{"name":"f","args":{"x":1.0}},"thoughtSignature":"s=="})"),
           parts(R"({"functionCall":{"id":"2","name":"g"}})", kStop)});
  const auto calls = outcome.reply.tool_calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0], (ToolCall{"", "f", {R"({"x":1.0})"}, "s=="}));
  EXPECT_EQ(calls[1], (ToolCall{"2", "g", {"{}"}, ""}));
  EXPECT_EQ(outcome.reply.finish_reason, FinishReason::tool_calls);
  EXPECT_EQ(outcome.reply.provider_reason, "STOP");
}

TEST(GeminiStream, KeepsNumbersOfArgumentsAsTheyWereSent) {
  const std::string arguments = R"({"big":12345678901234567890123,"f":1.10,"e":1E5})";
  const Outcome outcome = run({parts(R"({"functionCall":{"name":"f","args":)" + arguments + "}}")});
  EXPECT_EQ(outcome.reply.tool_calls().at(0).arguments.text, arguments);
}

TEST(GeminiStream, KeepsSignaturesOfEmptyParts) {
  const Outcome outcome = run({parts(R"({"text":"T","thought":true,"thoughtSignature":"a"})"),
                               parts(R"({"functionCall":{"name":"f","args":{}}})"),
                               parts(R"({"text":"","thoughtSignature":"b"})", kStop)});
  const auto& all = outcome.reply.message.parts;
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(std::get<Reasoning>(all[0]), (Reasoning{"T", "a"}));
  EXPECT_EQ(std::get<Text>(all[2]), (Text{"", "b"}));
}

struct Streamed {
  const char* about;
  std::vector<std::string> calls;  // the functionCall objects, one a frame
  std::vector<std::string> arguments;
};

TEST(GeminiStream, PutsPartialArgumentsTogether) {
  const std::vector<Streamed> table = {
      {"strings join by path and end with the empty call",
       {R"({"name":"f","willContinue":true})",
        R"({"partialArgs":[{"jsonPath":"$.a","stringValue":"x","willContinue":true}],"willContinue":true})",
        R"({"partialArgs":[{"jsonPath":"$.a","stringValue":"y"}],"willContinue":true})", "{}"},
       {R"({"a":"xy"})"}},
      {"nested paths, numbers as sent, no end but the next call",
       {R"({"name":"f","willContinue":true})",
        R"({"partialArgs":[{"jsonPath":"$.l[1]['k.k']","numberValue":0.30},)"
        R"({"jsonPath":"$.l[0].b","boolValue":true},{"jsonPath":"$.n","nullValue":"NULL_VALUE"}],"willContinue":true})",
        R"({"name":"g","args":{"z":1}})"},
       {R"({"l":[{"b":true},{"k.k":0.30}],"n":null})", R"({"z":1})"}},
      {"a path that contradicts is passed over",
       {R"({"name":"f","willContinue":true})",
        R"({"partialArgs":[{"jsonPath":"$.a","numberValue":1},{"jsonPath":"$.a.b","numberValue":2},)"
        R"({"jsonPath":"a[","numberValue":2},{"jsonPath":"$.l[99999999999]","numberValue":2}]})"},
       {R"({"a":1,"l":[]})"}},
  };
  for (const Streamed& row : table) {
    std::vector<std::string> frames;
    for (const auto& call : row.calls) frames.push_back(parts(R"({"functionCall":)" + call + "}"));
    frames.push_back(parts("", kStop));
    const auto calls = run(frames).reply.tool_calls();
    ASSERT_EQ(calls.size(), row.arguments.size()) << row.about;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      EXPECT_EQ(calls[i].arguments.text, row.arguments[i]) << row.about;
    }
  }
}

TEST(GeminiStream, TellsWhyItStopped) {
  const std::vector<std::pair<std::string, FinishReason>> table = {
      {R"("STOP")", FinishReason::stop},
      {"1", FinishReason::stop},
      {R"("MAX_TOKENS")", FinishReason::length},
      {R"("SAFETY")", FinishReason::content_filter},
      {R"("MODEL_ARMOR")", FinishReason::content_filter},
      {R"("MALFORMED_FUNCTION_CALL")", FinishReason::other},
      {R"("SOMETHING_NEW")", FinishReason::other}};
  for (const auto& [name, reason] : table) {
    for (const std::string content : {R"("content":{},)", ""}) {
      const std::string frame =
          R"({"candidates":[{)" + content + R"("finishReason":)" + name + "}]}";
      const Outcome outcome = run({frame});
      EXPECT_TRUE(outcome.finished) << frame;
      EXPECT_FALSE(outcome.error) << frame;
      EXPECT_EQ(outcome.text(), "") << frame;
      EXPECT_EQ(outcome.reply.finish_reason, reason) << frame;
      EXPECT_EQ(dialect::find("gemini")->decode_reply(frame).value().finish_reason, reason)
          << frame;
    }
  }
}

TEST(GeminiStream, EndsABlockedPromptAsFiltered) {
  const std::string frame = R"({"promptFeedback":{"blockReason":"SAFETY"}})";
  const Outcome outcome = run({frame});
  EXPECT_TRUE(outcome.finished);
  EXPECT_FALSE(outcome.error);
  for (const ChatReply& reply :
       {outcome.reply, dialect::find("gemini")->decode_reply(frame).value()}) {
    EXPECT_EQ(reply.finish_reason, FinishReason::content_filter);
    EXPECT_EQ(reply.provider_reason, "SAFETY");
  }
}

TEST(GeminiStream, ShowsBytesThatAreNoUtf8AsTheReplacementCharacter) {
  const Outcome outcome = run({parts("{\"text\":\"a\xFF\"}", kStop)});
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.text(), "a\xEF\xBF\xBD");
}

TEST(GeminiStream, TakesErrorsInAllTheirForms) {
  const std::string error = R"({"error":{"code":499,"message":"gone","status":"CANCELLED"}})";
  for (const auto& frame : {error, "[" + error + "]"}) {
    const Outcome outcome = run({parts(R"({"text":"Hi"})", kStop), frame});
    ASSERT_TRUE(outcome.error);
    EXPECT_EQ(outcome.error->provider_code, "CANCELLED");
    EXPECT_EQ(outcome.text(), "Hi");
  }
  const Outcome foreign = run({R"({"this":[{"is":"foreign"}]})"});
  ASSERT_TRUE(foreign.error);
  EXPECT_EQ(foreign.error->phase, Phase::decode);
}

TEST(GeminiStream, KeepsCodeExecutionAndImagesInTheirOrder) {
  const Outcome outcome = run({parts(
      R"({"text":"See"},{"executableCode":{"language":"PYTHON","code":"1"},"thoughtSignature":"q"},)"
      R"({"codeExecutionResult":{"outcome":"OUTCOME_OK"}},)"
      R"({"inlineData":{"mimeType":"image/png","data":"iVBO"},"thoughtSignature":"i"},)"
      R"({"inlineData":{"mimeType":"audio/wav","data":"AAAA"}})",
      kStop)});
  const auto& all = outcome.reply.message.parts;
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(std::get<ProviderPart>(all[1]).json.text,
            R"({"executableCode":{"language":"PYTHON","code":"1"},"thoughtSignature":"q"})");
  EXPECT_EQ(std::get<ProviderPart>(all[1]).dialect, "gemini");
  EXPECT_EQ(std::get<Image>(all[3]), (Image{"image/png", "\x89PN", "", "i"}));
  EXPECT_TRUE(std::holds_alternative<ProviderPart>(all[4]));
}

TEST(GeminiReply, GoesBackByteForByte) {
  const std::string sent =
      R"({"role":"model","parts":[{"text":"T","thought":true,"thoughtSignature":"a+/="},)"
      R"({"text":"Look"},)"
      R"({"functionCall":{"id":"7","name":"f","args":{"x":1.50}},"thoughtSignature":"b"},)"
      R"({"executableCode":{"language":"PYTHON","code":"1"}},)"
      R"({"inlineData":{"mimeType":"image/png","data":"iVBO"},"thoughtSignature":"c"},)"
      R"({"text":"","thoughtSignature":"d"}]})";
  const auto* gemini = dialect::find("gemini");
  const auto reply = gemini->decode_reply(R"({"candidates":[{"content":)" + sent + "}]}");
  ASSERT_TRUE(reply);
  const auto body = gemini->encode({.messages = {user("?"), reply->message}}, {});
  ASSERT_TRUE(body);
  EXPECT_THAT(*body, HasSubstr(sent));
  const auto again = dialect::parse_chat_request(
      dialect::to_json(ChatRequest{.messages = {user("?"), reply->message}}));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->messages.at(1), reply->message) << "through JSON text too";
}

}  // namespace
}  // namespace ek
