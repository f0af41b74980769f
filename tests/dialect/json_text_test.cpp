#include "dialect/json_text.hpp"

#include <gmock/gmock.h>

#include "support/matchers.hpp"

namespace ek {
namespace {

using dialect::parse_chat_request;
using dialect::to_json;
using test::FailsWith;
using testing::HasSubstr;

TEST(JsonText, ReadsARequestBackAsItWas) {
  ChatRequest request;
  request.messages = {
      system("s"),
      {Role::user,
       {Text{"t", "sig"}, Image{"image/png", "\x01\x02", "", ""},
        Image{"", "", "https://x/y", "q"}}},
      {Role::assistant,
       {Reasoning{"r", "rs"}, ToolCall{"i", "f", {R"({"x":1.50})"}, "cs"},
        ToolCall{"j", "g", {"no json"}, ""}, ProviderPart{"gemini", {R"({"executableCode":1})"}}}},
      {Role::tool, {ToolResult{"i", "f", "ok", true}}}};
  request.model = "m";
  request.max_tokens = 1;
  request.temperature = 0.1;
  request.top_p = 0.9;
  request.seed = -5;
  request.stop = {"a", "b"};
  request.tools = {{"f", "d", {R"({"type":"object"})"}}};
  request.tool_choice = "f";
  request.extra = {R"({"k":[1,2]})"};
  const auto again = parse_chat_request(to_json(request));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, request);
}

TEST(JsonText, TakesTheShortForms) {
  const auto request = parse_chat_request(
      R"({"messages":[{"role":"user","content":"Hi"}],"stop":"x","temperature":null})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->messages, std::vector<Message>{user("Hi")});
  EXPECT_EQ(request->stop, std::vector<std::string>{"x"});
  EXPECT_EQ(request->temperature, std::nullopt);
}

TEST(JsonText, NamesThePlaceOfWhatIsWrong) {
  const std::vector<std::pair<const char*, const char*>> table = {
      {"nonsense", "no valid JSON"},
      {"[]", "the request: expected an object"},
      {"{}", "messages: expected an array of messages, got nothing"},
      {R"({"messages":[],"max_token":5})", "max_token: no such member; known are model"},
      {R"({"messages":[{"content":"x"}]})", "messages[0].role: expected a role"},
      {R"({"messages":[{"role":"owner"}]})", "messages[0].role: expected system"},
      {R"({"messages":[{"role":"user","content":[{"type":"txt"}]}]})",
       "messages[0].content[0].type: expected text, image"},
      {R"({"messages":[{"role":"user","content":[{"type":"text","txt":"a"}]}]})",
       "messages[0].content[0].txt: no such member; known are type, text, signature"},
      {R"({"messages":[{"role":"user","content":[{"type":"image","data":"?"}]}]})",
       "messages[0].content[0].data: expected base64"},
      {R"({"messages":[],"max_tokens":"5"})", "max_tokens: expected a whole number"},
      {R"({"messages":[],"tools":[{"description":"d"}]})", "tools[0].name: expected"},
      {R"({"messages":[],"extra":1})", "extra: expected an object, got 1"},
  };
  for (const auto& [json, says] : table) {
    const auto request = parse_chat_request(json);
    ASSERT_FALSE(request) << json;
    EXPECT_THAT(request, FailsWith(HasSubstr(says)));
  }
}

TEST(JsonText, SaysEveryKindOfEvent) {
  const std::vector<std::pair<ChatEvent, const char*>> table = {
      {{TextDelta{"a\n"}}, R"({"type":"text","text":"a\n"})"},
      {{ReasoningDelta{"r"}}, R"({"type":"reasoning","text":"r"})"},
      {{SignatureDelta{SignatureDelta::Of::tool_call, 2, "s"}},
       R"({"type":"signature","of":"tool_call","index":2,"signature":"s"})"},
      {{ToolCallStarted{0, "i", "f"}}, R"({"type":"tool_call","index":0,"id":"i","name":"f"})"},
      {{ToolCallDelta{0, "{"}}, R"({"type":"tool_arguments","index":0,"text":"{"})"},
      {{ImageOutput{{"image/png", "\x01", "", ""}}},
       R"({"type":"image","mime_type":"image/png","data":"AQ=="})"},
      {{UsageUpdate{{.input_tokens = 1, .raw = {R"({"p": 1})"}}}},
       R"({"type":"usage","usage":{"input_tokens":1,"raw":{"p":1}}})"},
      {{ProviderEvent{"n", {"{\n}"}, false, ""}},
       R"({"type":"provider","name":"n","json":{},"part":false})"},
      {{Heartbeat{}}, R"({"type":"heartbeat"})"},
      {{Finished{FinishReason::length, "MAX", {}}},
       R"({"type":"finished","reason":"length","provider_reason":"MAX","usage":{}})"},
  };
  for (const auto& [event, json] : table) EXPECT_EQ(to_json(event), json);
}

TEST(JsonText, SaysErrorsAndReplies) {
  EXPECT_EQ(to_json(Error{.code = ErrorCode::rate_limit,
                          .phase = Phase::headers,
                          .message = "m",
                          .http_status = 429,
                          .retryable = true,
                          .retry_after = std::chrono::seconds(2)}),
            R"({"code":"rate_limit","phase":"headers","message":"m","http_status":429,)"
            R"("retryable":true,"retry_after_ms":2000,"output_delivered":false})");
  ChatReply reply;
  reply.message.parts.emplace_back(Text{"Hi", ""});
  reply.finish_reason = FinishReason::stop;
  EXPECT_EQ(to_json(reply),
            R"({"message":{"role":"assistant","content":[{"type":"text","text":"Hi"}]},)"
            R"("finish_reason":"stop","usage":{}})");
}

TEST(ReplyBuilder, StartsANewPartAfterASignature) {
  ReplyBuilder builder;
  builder.add({TextDelta{"a"}});
  builder.add({SignatureDelta{SignatureDelta::Of::text, 0, "s"}});
  builder.add({TextDelta{"b"}});
  builder.add({ToolCallDelta{5, "lost"}});  // of a call that never began
  const std::vector<Part> expected = {Text{"a", "s"}, Text{"b", ""}};
  EXPECT_EQ(builder.reply().message.parts, expected);
  EXPECT_EQ(builder.reply().text(), "ab");
}

}  // namespace
}  // namespace ek
