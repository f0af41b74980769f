#include "tools/emulator/model.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace ek::emulator {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Prompt ask(const std::string& text) { return {.messages = {{.role = "user", .text = text}}}; }

std::string joined(const std::vector<std::string>& tokens) {
  std::string text;
  for (const auto& token : tokens) text += token;
  return text;
}

TEST(Model, SpeaksAboutTheWordsOfThePrompt) {
  const std::string text = joined(answer(ask("What do lighthouses cost in Norway?")).tokens);
  EXPECT_THAT(text, HasSubstr("lighthouses"));
  EXPECT_THAT(text, HasSubstr("Norway"));
}

TEST(Model, GivesTheSameAnswerToTheSamePrompt) {
  EXPECT_EQ(answer(ask("Tell me of tides")).tokens, answer(ask("Tell me of tides")).tokens);
  EXPECT_NE(answer(ask("Tell me of tides")).tokens, answer(ask("Tell me of moons")).tokens);
}

TEST(Model, HeedsTheSeedOnlyWithATemperature) {
  Prompt cold = ask("Tell me of tides");
  Prompt other_cold = cold;
  other_cold.seed = 7;
  EXPECT_EQ(answer(cold).tokens, answer(other_cold).tokens);
  Prompt warm = cold;
  warm.temperature = 0.8;
  Prompt other_warm = warm;
  other_warm.seed = 7;
  EXPECT_NE(answer(warm).tokens, answer(other_warm).tokens);
  EXPECT_EQ(answer(other_warm).tokens, answer(other_warm).tokens);
}

TEST(Model, AlwaysUsesCharactersOfSeveralBytes) {
  for (const char* text : {"", "hi", "Explain the moon", "1 2 3", "Ünïcödé please"}) {
    const std::string said = joined(answer(ask(text)).tokens);
    EXPECT_NE(said.find_first_of("\xC3\xE2\xF0"), std::string::npos) << said;
  }
}

TEST(Model, StopsAtTheTokenLimit) {
  Prompt prompt = ask("Tell me of tides");
  prompt.max_tokens = 5;
  const Answer short_answer = answer(prompt);
  EXPECT_EQ(short_answer.tokens.size(), 5U);
  EXPECT_EQ(short_answer.finish, "length");
  EXPECT_EQ(short_answer.completion_tokens, 5);
}

TEST(Model, StopsBeforeAStopSequence) {
  const std::string whole = joined(answer(ask("Tell me of tides")).tokens);
  Prompt prompt = ask("Tell me of tides");
  prompt.stop = {"tides"};
  const Answer stopped = answer(prompt);
  EXPECT_EQ(joined(stopped.tokens), whole.substr(0, whole.find("tides")));
  EXPECT_EQ(stopped.finish, "stop");
}

TEST(Model, ThinksAloudWhenAsked) {
  Prompt prompt = ask("Tell me of tides");
  EXPECT_THAT(answer(prompt).reasoning, IsEmpty());
  prompt.reasoning = true;
  const Answer thoughtful = answer(prompt);
  EXPECT_THAT(joined(thoughtful.reasoning), HasSubstr("tides"));
  EXPECT_EQ(thoughtful.completion_tokens,
            static_cast<int>(thoughtful.reasoning.size() + thoughtful.tokens.size()));
}

TEST(Model, CountsThePromptByItsTokens) {
  EXPECT_LT(answer(ask("tides")).prompt_tokens,
            answer(ask("tides and moons and lighthouses")).prompt_tokens);
}

TEST(Model, CallsAToolWithArgumentsFromThePrompt) {
  Prompt prompt = ask("What is the weather in Zürich for 3 days, in celsius?");
  prompt.tools = {{.name = "get_forecast",
                   .parameters =
                       R"({"type":"object","properties":{"city":{"type":"string"},)"
                       R"("days":{"type":"integer"},"unit":{"type":"string",)"
                       R"("enum":["fahrenheit","celsius"]},"wind":{"type":"boolean"}}})"}};
  const Answer called = answer(prompt);
  ASSERT_TRUE(called.tool);
  EXPECT_EQ(called.finish, "tool_calls");
  EXPECT_EQ(called.tool->name, "get_forecast");
  EXPECT_EQ(nlohmann::json::parse(called.tool->arguments),
            nlohmann::json::parse(R"({"city":"Zürich","days":3,"unit":"celsius","wind":true})"));
}

TEST(Model, LeavesToolsAloneUnlessAsked) {
  Prompt prompt = ask("Tell me of tides");
  prompt.tools = {{.name = "get_forecast"}};
  EXPECT_FALSE(answer(prompt).tool);
  prompt.must_use_tool = true;
  EXPECT_TRUE(answer(prompt).tool);
}

TEST(Model, ReportsWhatATooolSaid) {
  Prompt prompt = ask("What is the weather?");
  prompt.tools = {{.name = "get_forecast"}};
  prompt.messages.push_back({.role = "tool", .text = "rain, 7 °C"});
  const Answer last = answer(prompt);
  EXPECT_FALSE(last.tool);
  EXPECT_THAT(joined(last.tokens), HasSubstr("rain, 7 °C"));
}

TEST(Tokenizer, GivesTokensThatJoinToTheText) {
  for (const char* text : {"", " ", "a b", "lighthouses", "naïvely — 🚀!", "x\n\ny  z"}) {
    const auto tokens = tokenize(text);
    EXPECT_EQ(joined(tokens), text);
    for (const auto& token : tokens) {
      ASSERT_THAT(token, Not(IsEmpty()));
      EXPECT_NE(static_cast<unsigned char>(token.front()) & 0xC0U, 0x80U) << token;
    }
  }
}

TEST(Tokenizer, SplitsLongWords) {
  EXPECT_THAT(tokenize("lighthouses are"), testing::ElementsAre("lighth", "ouses", " are"));
}

}  // namespace
}  // namespace ek::emulator
