// The bodies of the chat dialects: what is understood, and what is written for the same answer.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "support/matchers.hpp"
#include "tools/emulator/writer.hpp"

namespace ek::emulator {
namespace {

using nlohmann::json;

const std::vector<Piece> spoken = {
    {Piece::Kind::reasoning, "hm"}, {Piece::Kind::text, "caf"}, {Piece::Kind::text, "é"}};
const std::vector<Piece> called = {{Piece::Kind::tool_name, "f"},
                                   {Piece::Kind::tool_arguments, "{\"a\""},
                                   {Piece::Kind::tool_arguments, ":1}"}};
const Ending ending{
    .finish = "length", .prompt_tokens = 5, .completion_tokens = 3, .reasoning_tokens = 1};
const Stamp stamp{.id = "0123456789", .created = 7};

std::string write(Writer& writer, const std::vector<Piece>& pieces, const Ending& end = ending) {
  std::string body = writer.begin();
  for (const Piece& piece : pieces) body += writer.piece(piece);
  return body + writer.end(end);
}

TEST(OpenAiBody, ReadsWhatTheModelNeeds) {
  const auto call = parse_openai(
      R"({"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":)"
      R"([{"type":"text","text":"a"},{"type":"text","text":"b"}]}],"max_tokens":9,)"
      R"("temperature":0.5,"seed":3,"stop":"x","stream":true,"reasoning_effort":"low",)"
      R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]})");
  ASSERT_THAT(call, test::IsOk());
  EXPECT_EQ(call->model, "m");
  EXPECT_TRUE(call->stream);
  EXPECT_EQ(last_text(call->prompt, "user"), "ab");
  EXPECT_EQ(call->prompt.max_tokens, 9);
  EXPECT_EQ(call->prompt.seed, 3U);
  EXPECT_EQ(call->prompt.stop, std::vector<std::string>{"x"});
  EXPECT_TRUE(call->prompt.reasoning);
  ASSERT_EQ(call->prompt.tools.size(), 1U);
  EXPECT_EQ(call->prompt.tools[0].name, "f");
}

TEST(OpenAiBody, RefusesABodyWithoutMessages) {
  for (const char* body : {"", "[]", "{}", R"({"messages":[]})", R"({"messages":"hi"})"}) {
    EXPECT_THAT(parse_openai(body), test::HasCode(ErrorCode::invalid_request)) << body;
  }
}

TEST(OpenAiBody, SurvivesMembersOfWrongTypes) {
  const auto call = parse_openai(
      R"({"messages":[1,{"role":2,"content":3}],"max_tokens":1e300,"seed":-1e300,"stop":[1],)"
      R"("tools":[1,{"function":2}],"stream":"yes","stream_options":1,"temperature":"hot"})");
  ASSERT_THAT(call, test::IsOk());
  EXPECT_EQ(call->prompt.max_tokens, 1'000'000);
  EXPECT_FALSE(call->stream);
}

TEST(OpenAiBody, WritesAWholeAnswer) {
  const auto body = json::parse(write(*openai_writer({.model = "m"}, stamp), spoken));
  const json& choice = body["choices"][0];
  EXPECT_EQ(choice["message"]["content"], "café");
  EXPECT_EQ(choice["message"]["reasoning_content"], "hm");
  EXPECT_EQ(choice["finish_reason"], "length");
  EXPECT_EQ(body["usage"]["total_tokens"], 8);
}

TEST(OpenAiBody, WritesAToolCallWhole) {
  const auto body = json::parse(write(*openai_writer({}, stamp), called, {.finish = "tool_calls"}));
  const json& message = body["choices"][0]["message"];
  EXPECT_TRUE(message["content"].is_null());
  EXPECT_EQ(message["tool_calls"][0]["function"]["arguments"], "{\"a\":1}");
}

TEST(OpenAiBody, WritesAStreamWithItsEndMarker) {
  const std::string body =
      write(*openai_writer({.stream = true, .include_usage = true}, stamp), spoken);
  EXPECT_THAT(body, testing::EndsWith("data: [DONE]\n\n"));
  EXPECT_THAT(body, testing::HasSubstr(R"("delta":{"content":"caf"})"));
  EXPECT_THAT(body, testing::HasSubstr(R"("finish_reason":"length")"));
  EXPECT_THAT(body, testing::HasSubstr(R"("choices":[],"usage":{"prompt_tokens":5)"));
}

TEST(TgiBody, WritesTheTextOfTheStreamInItsLastEvent) {
  const auto call = parse_tgi(R"({"inputs":"hi","parameters":{"max_new_tokens":3},"stream":true})");
  ASSERT_THAT(call, test::IsOk());
  EXPECT_EQ(call->prompt.max_tokens, 3);
  const std::string body = write(*tgi_writer(*call), spoken);
  const json last = json::parse(body.substr(body.rfind("data:") + 5));
  EXPECT_EQ(last["generated_text"], "café");
  EXPECT_EQ(last["token"]["text"], "é");
  EXPECT_EQ(last["details"]["finish_reason"], "length");
  const json first = json::parse(body.substr(5, body.find('\n') - 5));
  EXPECT_TRUE(first["generated_text"].is_null());
}

TEST(TgiBody, WritesAWholeAnswerAsAList) {
  EXPECT_EQ(write(*tgi_writer({}), spoken), R"([{"generated_text":"café"}])");
}

TEST(GeminiBody, ReadsConversationToolsAndConfig) {
  const auto call = parse_gemini(
      R"({"systemInstruction":{"parts":[{"text":"s"}]},"contents":[{"role":"user","parts":)"
      R"([{"text":"u"}]},{"role":"model","parts":[{"functionCall":{"name":"f"}}]},)"
      R"({"role":"user","parts":[{"functionResponse":{"name":"f","response":{"t":7}}}]}],)"
      R"("tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT"}}]}],)"
      R"("generationConfig":{"maxOutputTokens":4,"stopSequences":["z"],)"
      R"("thinkingConfig":{"includeThoughts":true}}})");
  ASSERT_THAT(call, test::IsOk());
  EXPECT_EQ(call->prompt.messages.front().role, "system");
  EXPECT_EQ(call->prompt.messages.back().role, "tool");
  EXPECT_EQ(call->prompt.messages.back().text, R"({"t":7})");
  EXPECT_EQ(call->prompt.max_tokens, 4);
  EXPECT_TRUE(call->prompt.reasoning);
  EXPECT_EQ(call->prompt.tools.at(0).name, "f");
}

TEST(GeminiBody, WritesAnArrayThatIsOneJsonText) {
  const std::string body = write(*gemini_writer({}, stamp, GeminiForm::array), spoken);
  const json parsed = json::parse(body);
  ASSERT_EQ(parsed.size(), 4U);
  EXPECT_EQ(parsed[0]["candidates"][0]["content"]["parts"][0]["thought"], true);
  EXPECT_EQ(parsed[2]["candidates"][0]["content"]["parts"][0]["text"], "é");
  EXPECT_EQ(parsed[3]["candidates"][0]["finishReason"], "MAX_TOKENS");
  EXPECT_EQ(parsed[3]["usageMetadata"]["candidatesTokenCount"], 2);
  EXPECT_EQ(parsed[3]["usageMetadata"]["thoughtsTokenCount"], 1);
}

TEST(GeminiBody, WritesToolCallsWhole) {
  const json body = json::parse(write(*gemini_writer({}, stamp, GeminiForm::whole), called));
  const json& part = body["candidates"][0]["content"]["parts"][0];
  EXPECT_EQ(part["functionCall"]["args"]["a"], 1);
  EXPECT_TRUE(part.contains("thoughtSignature"));
}

TEST(PromptFlowBody, ReadsTheHistory) {
  const auto call =
      parse_prompt_flow(R"({"question":"now","chat_history":[{"inputs":{"question":"before"},)"
                        R"("outputs":{"answer":"then"}}]})");
  ASSERT_THAT(call, test::IsOk());
  ASSERT_EQ(call->prompt.messages.size(), 3U);
  EXPECT_EQ(call->prompt.messages[1].text, "then");
  EXPECT_EQ(call->prompt.messages[2].text, "now");
}

TEST(PromptFlowBody, WritesDeltasWithoutAnEndMarker) {
  EXPECT_EQ(write(*prompt_flow_writer(true), spoken),
            "data: {\"answer\":\"caf\"}\n\ndata: {\"answer\":\"é\"}\n\n");
  EXPECT_EQ(write(*prompt_flow_writer(false), spoken), R"({"answer":"café"})");
}

}  // namespace
}  // namespace ek::emulator
