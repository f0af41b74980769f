#include <gmock/gmock.h>

#include <clocale>
#include <cmath>

#include "dialect/decode_support.hpp"
#include "support/comma_locale.hpp"
#include "support/matchers.hpp"

namespace ek {
namespace {

using test::FailsWith;
using test::HasCode;
using testing::HasSubstr;
using testing::Not;

ChatRequest conversation() {
  ChatRequest request;
  const ToolCall call{"id1", "weather", {R"({"city": "Bern", "t": 1.50})"}, ""};
  Message asked{Role::user, {Text{"What is it?", ""}, Image{"image/png", "\x89PNG", "", ""}}};
  Message called{Role::assistant, {Reasoning{"hm", ""}, call}};
  request.messages = {system("Be brief."), asked, called, tool_result(call, "sunny")};
  request.model = "m";
  request.max_tokens = 10;
  request.temperature = 0.25;
  request.stop = {"\n"};
  request.seed = 7;
  request.tools = {{"weather", "Tells it", {R"({"type":"object"})"}}};
  request.tool_choice = "weather";
  return request;
}

TEST(OpenAiRequest, SaysAllOfTheConversation) {
  const auto body = dialect::find("openai")->encode(conversation(), {.stream = true});
  ASSERT_TRUE(body);
  EXPECT_EQ(*body,
            R"({"model":"m","messages":[{"role":"system","content":"Be brief."},)"
            R"({"role":"user","content":[{"type":"text","text":"What is it?"},)"
            R"({"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw=="}}]},)"
            R"({"role":"assistant","content":null,"tool_calls":[{"id":"id1","type":"function",)"
            R"("function":{"name":"weather","arguments":"{\"city\": \"Bern\", \"t\": 1.50}"}}]},)"
            R"({"role":"tool","tool_call_id":"id1","content":"sunny"}],)"
            R"("tools":[{"type":"function","function":{"name":"weather","description":"Tells it",)"
            R"("parameters":{"type":"object"}}}],)"
            R"("tool_choice":{"type":"function","function":{"name":"weather"}},)"
            R"("max_tokens":10,"temperature":0.25,"seed":7,"stop":["\n"],)"
            R"("stream":true,"stream_options":{"include_usage":true}})");
}

TEST(GeminiRequest, SaysAllOfTheConversation) {
  const auto body = dialect::find("gemini")->encode(conversation(), {.stream = true});
  ASSERT_TRUE(body);
  EXPECT_EQ(
      *body,
      R"({"systemInstruction":{"parts":[{"text":"Be brief."}]},"contents":[)"
      R"({"role":"user","parts":[{"text":"What is it?"},)"
      R"({"inlineData":{"mimeType":"image/png","data":"iVBORw=="}}]},)"
      R"({"role":"model","parts":[{"text":"hm","thought":true},{"functionCall":)"
      R"({"id":"id1","name":"weather","args":{"city": "Bern", "t": 1.50}}}]},)"
      R"({"role":"user","parts":[{"functionResponse":{"id":"id1","name":"weather",)"
      R"("response":{"output":"sunny"}}}]}],)"
      R"("tools":[{"functionDeclarations":[{"name":"weather","description":"Tells it",)"
      R"("parameters":{"type":"object"}}]}],)"
      R"("toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["weather"]}},)"
      R"("generationConfig":{"maxOutputTokens":10,"temperature":0.25,"seed":7,)"
      R"("stopSequences":["\n"]}})");
}

TEST(GeminiRequest, TakesItsSignatureOutOfThatOfAnotherDialect) {
  const auto sent = [](const std::string& signature) {
    const Message said{Role::assistant, {Text{.text = "Four", .signature = signature}}};
    return dialect::find("gemini")->encode({.messages = {user("2+2?"), said}}, {}).value();
  };
  EXPECT_THAT(sent(R"({"google":{"thought_signature":"QUJD"}})"),
              HasSubstr(R"("thoughtSignature":"QUJD")"));
  EXPECT_THAT(sent("QUJD"), HasSubstr(R"("thoughtSignature":"QUJD")"));
  EXPECT_THAT(sent(R"({"other":1})"), Not(HasSubstr("thoughtSignature")));
}

TEST(GeminiRequest, PutsResultsOfParallelCallsInOneContent) {
  const ToolCall a{"", "f", {"{}"}, "sig"};
  const ToolCall b{"", "g", {"{}"}, ""};
  const auto body = dialect::find("gemini")->encode({.messages = {user("?"),
                                                                  {Role::assistant, {a, b}},
                                                                  tool_result(a, R"({"x": 1})"),
                                                                  tool_result(b, "2")}},
                                                    {});
  ASSERT_TRUE(body);
  EXPECT_THAT(*body, HasSubstr(R"({"role":"user","parts":[{"functionResponse":{"name":"f",)"
                               R"("response":{"x": 1}}},{"functionResponse":{"name":"g",)"
                               R"("response":{"output":2}}}]})"));
}

TEST(GeminiRequest, FindsTheNameOfAResultInItsCall) {
  const ToolCall call{"c", "f", {"{}"}, ""};
  ChatRequest request{
      .messages = {{Role::assistant, {call}}, {Role::tool, {ToolResult{"c", "", "boom", true}}}}};
  const auto body = dialect::find("gemini")->encode(request, {});
  ASSERT_TRUE(body);
  EXPECT_THAT(*body, HasSubstr(R"("name":"f","response":{"error":"boom"})"));
  request.messages.erase(request.messages.begin());
  EXPECT_THAT(dialect::find("gemini")->encode(request, {}), HasCode(ErrorCode::invalid_request));
}

TEST(OpenAiRequest, SendsBackWhatOnlyItKnows) {
  const auto* openai = dialect::find("openai");
  const auto reply = openai->decode_reply(
      R"({"choices":[{"message":{"refusal":"No.","content":null,"tool_calls":[{"id":"a",)"
      R"("function":{"name":"f","arguments":"{}"},)"
      R"("extra_content":{"google":{"thought_signature":"x/y="}}}]},"finish_reason":"stop"}]})");
  ASSERT_TRUE(reply);
  const auto body = openai->encode({.messages = {reply->message}}, {});
  ASSERT_TRUE(body);
  EXPECT_THAT(*body, HasSubstr(R"("refusal":"No.")"));
  EXPECT_THAT(*body, HasSubstr(R"("extra_content":{"google":{"thought_signature":"x/y="}})"));
  const auto elsewhere =
      dialect::find("gemini")->encode({.messages = {user("?"), reply->message}}, {});
  ASSERT_TRUE(elsewhere);
  EXPECT_THAT(*elsewhere, Not(HasSubstr("refusal")));
}

TEST(Request, MergesExtraLast) {
  const auto body = dialect::find("gemini")->encode(
      {.messages = {user("Hi")},
       .max_tokens = 5,
       .extra = {R"({"generationConfig":{"maxOutputTokens":9,"topK":1.0},"labels":{"a":"b"}})"}},
      {});
  ASSERT_TRUE(body);
  EXPECT_THAT(
      *body,
      HasSubstr(R"("generationConfig":{"maxOutputTokens":9,"topK":1.0},"labels":{"a":"b"})"));
  const auto openai = dialect::find("openai")->encode(
      {.messages = {user("Hi")}, .extra = {R"({"stream_options":null})"}}, {.stream = true});
  EXPECT_THAT(*openai, HasSubstr(R"("stream":true,"stream_options":null)"));
}

TEST(Request, NamesItsModelUnlessTheAddressDoes) {
  const auto* openai = dialect::find("openai");
  const ChatRequest request{.messages = {user("Hi")}};
  EXPECT_THAT(*openai->encode(request, {.model = "d"}), HasSubstr(R"("model":"d")"));
  EXPECT_THAT(*openai->encode(request, {.omit_model = true, .model = "d"}),
              Not(HasSubstr("model")));
}

TEST(Request, IsRefusedWithAReason) {
  struct Row {
    const char* says;
    ChatRequest request;
  };
  const Message nothing{Role::user, {Image{"image/png", "", "", ""}}};
  const Message call_of_user{Role::user, {ToolCall{"", "f", {"{}"}, ""}}};
  const std::vector<Row> table = {
      {"no messages", {}},
      {"`extra` is no JSON object", {.messages = {user("a")}, .extra = {"[1]"}}},
      {"no JSON object", {.messages = {user("a")}, .tools = {{"f", "", {"{"}}}}},
      {"tool_choice is 'g'",
       {.messages = {user("a")}, .tools = {{"f", "", {}}}, .tool_choice = "g"}},
      {"without a url", {.messages = {nothing}}},
      {"only an assistant calls", {.messages = {call_of_user}}},
      {"no tool result", {.messages = {{Role::tool, {Text{"x", ""}}}}}},
      {"not a finite number", {.messages = {user("a")}, .temperature = std::nan("")}},
  };
  for (const char* name : {"openai", "gemini"}) {
    for (const Row& row : table) {
      const auto body = dialect::find(name)->encode(row.request, {});
      EXPECT_THAT(body, HasCode(ErrorCode::invalid_request)) << name << ": " << row.says;
      EXPECT_THAT(body, FailsWith(HasSubstr(row.says))) << name;
    }
  }
}

TEST(Request, DoesNotDependOnTheLocale) {
  const test::CommaLocale locale;
  ASSERT_STREQ(std::localeconv()->decimal_point, ",");
  const auto body =
      dialect::find("openai")->encode({.messages = {user("Hi")}, .temperature = 0.25}, {});
  EXPECT_THAT(*body, HasSubstr(R"("temperature":0.25)"));
  const auto parsed = dialect::parse_chat_request(R"({"messages":[],"temperature":0.25})");
  EXPECT_EQ(parsed->temperature, 0.25);
  const auto reply = dialect::find("gemini")->decode_reply(
      R"({"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"x":0.25}}}]},)"
      R"("avgLogprobs":-1.5}]})");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->tool_calls().at(0).arguments.text, R"({"x":0.25})");
  EXPECT_THAT(dialect::to_json(*reply), HasSubstr(R"("arguments":{"x":0.25})"));
}

TEST(Dialects, AreFoundByTheirNames) {
  EXPECT_EQ(dialect::find("openai-chat"), dialect::find("openai"));
  EXPECT_EQ(dialect::find("gemini-generate-content")->name(), "gemini");
  EXPECT_EQ(dialect::find("tgi-generate")->name(), "tgi");
  EXPECT_EQ(dialect::find(""), nullptr);
  EXPECT_EQ(dialect::find("cobol"), nullptr);
  EXPECT_EQ(dialect::names(), "openai, gemini, tgi, raw");
}

TEST(Dialects, AreRecognisedByTheirFirstFrame) {
  const std::vector<std::pair<const char*, const char*>> table = {
      {R"({"choices":[]})", "openai"},
      {"[DONE]", "openai"},
      {R"([{"candidates":[]}])", "gemini"},
      {R"({"promptFeedback":{}})", "gemini"},
      {R"([{"error":{"status":"NOT_FOUND"}}])", "gemini"},
      {R"({"token":{"text":"a"}})", "tgi"},
      {R"([{"generated_text":"a"}])", "tgi"},
      {R"({"error":"x","error_type":"overloaded"})", "tgi"},
      {R"({"object":"error"})", "openai"},
      {"{\"candidates\":[{\"x\":\"\xFF\"}]}", "gemini"},
      {R"({"choices":[}]})", "openai"},
      {"\xEF\xBB\xBF {\"choic", "openai"},
      {"{\"answer\":\"\xFF\"}", "openai"},
      {"plain \xFF text", "raw"},
      {"plain text", "raw"},
      {R"({"answer":"x"})", "raw"},
      {"", "raw"}};
  for (const auto& [frame, name] : table) EXPECT_EQ(dialect::detect(frame), name) << frame;
}

}  // namespace
}  // namespace ek
