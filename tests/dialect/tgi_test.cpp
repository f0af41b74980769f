#include <gmock/gmock.h>

#include "dialect/decode_support.hpp"
#include "support/matchers.hpp"

namespace ek {
namespace {

using test::HasCode;
using test::Outcome;
using test::run_frames;
using testing::HasSubstr;

TEST(TgiStream, ShowsNoSpecialTokens) {
  const Outcome outcome = run_frames(
      "tgi",
      std::vector<std::string>{
          R"({"token":{"id":601,"text":" time","logprob":-0.1,"special":false},"generated_text":null,"details":null})",
          R"({"token":{"id":2,"text":"</s>","logprob":-0.1,"special":true},"generated_text":" time",)"
          R"("details":{"finish_reason":"eos_token","generated_tokens":2,"seed":7}})"});
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.text(), " time");
  EXPECT_EQ(outcome.reply.finish_reason, FinishReason::stop);
  EXPECT_EQ(outcome.reply.usage.output_tokens, 2);
  EXPECT_THAT(outcome.events, HasSubstr(R"("name":"seed")"));
}

TEST(TgiStream, ShowsBytesThatAreNoUtf8AsTheReplacementCharacter) {
  const Outcome outcome = run_frames(
      "tgi", std::vector<std::string>{"{\"token\":{\"text\":\"a\xFF\"},\"generated_text\":\"\"}"});
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.text(), "a\xEF\xBF\xBD");
}

TEST(TgiStream, ReadsLinesOfLmi) {
  const Outcome outcome = run_frames(
      "tgi", std::vector<std::string>{
                 R"({"token": {"id": 1947, "text": " art", "log_prob": 0.0}})",
                 R"({"token": {"id": 3, "text": ".", "log_prob": 0.0, "generated_text": " art.",)"
                 R"("details": {"finish_reason": "length", "generated_tokens": 2}}})"});
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.text(), " art.");
  EXPECT_EQ(outcome.reply.finish_reason, FinishReason::length);
  EXPECT_FALSE(run_frames("tgi", std::vector<std::string>{R"({"token":{"text":"a"}})"}).finished);
  EXPECT_EQ(
      run_frames("tgi", std::vector<std::string>{R"({"outputs": ["a"]})", R"({"outputs": ["b"]})"})
          .text(),
      "ab");
}

TEST(TgiStream, TakesTheErrorTokenForAnError) {
  const Outcome outcome = run_frames(
      "tgi", std::vector<std::string>{
                 R"({"token":{"id":1,"text":"Deep"}})",
                 R"({"token":{"id":-1,"text":"","special_token":true},"generated_text":"",)"
                 R"("details":{"finish_reason":"error","generated_tokens":null}})"});
  ASSERT_TRUE(outcome.error);
  EXPECT_THAT(*outcome.error, HasCode(ErrorCode::model_error));
  EXPECT_EQ(outcome.text(), "Deep");
  const Outcome plain = run_frames(
      "tgi", std::vector<std::string>{R"({"error":"out of memory","error_type":"generation"})"});
  ASSERT_TRUE(plain.error);
  EXPECT_EQ(plain.error->message, "out of memory");
}

TEST(TgiReply, IsAnObjectOrAnArrayOfOne) {
  const auto* tgi = dialect::find("tgi");
  for (const char* body : {R"({"generated_text":"Hi"})", R"([{"generated_text":"Hi"}])"}) {
    const auto reply = tgi->decode_reply(body);
    ASSERT_TRUE(reply) << body;
    EXPECT_EQ(reply->text(), "Hi");
  }
  const auto echoed = tgi->decode_reply(
      R"({"generated_text":"<s>[INST] Q [/INST] A","details":{"finish_reason":"length","inputs":"<s>[INST] Q [/INST]"}})");
  ASSERT_TRUE(echoed);
  EXPECT_EQ(echoed->text(), " A");
  EXPECT_THAT(tgi->decode_reply(R"({"generated":1})"), HasCode(ErrorCode::server_error));
}

TEST(TgiStream, LeavesAnEchoedPromptThatNobodyNames) {
  const std::string body =
      R"({"generated_text":"[INST] Q [/INST] A","details":{"finish_reason":"length"}})";
  const auto reply = dialect::find("tgi")->decode_reply(body);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->text(), "[INST] Q [/INST] A") << "it may as well be the answer's own";
  EXPECT_EQ(run_frames("tgi", std::vector<std::string>{body}).text(), reply->text());
  const std::string token = R"({"token":{"text":" A"}})";
  EXPECT_EQ(run_frames("tgi", std::vector<std::string>{token, body}).text(), " A")
      << "pieces never hold it";
}

TEST(TgiRequest, MakesAPromptOfTheConversation) {
  const auto* tgi = dialect::find("tgi");
  const auto one = tgi->encode({.messages = {user("Hi")}, .max_tokens = 5}, {.stream = true});
  ASSERT_TRUE(one);
  EXPECT_EQ(*one, R"({"inputs":"Hi","parameters":{"max_new_tokens":5,"return_full_text":false,)"
                  R"("details":true},"stream":true})");
  const auto more =
      tgi->encode({.messages = {system("Be kind."), user("Hi"), assistant("Ho"), user("Ha")}}, {});
  ASSERT_TRUE(more);
  EXPECT_THAT(*more,
              HasSubstr(R"("inputs":"Be kind.\n\nUser: Hi\nAssistant: Ho\nUser: Ha\nAssistant:")"));
}

TEST(TgiRequest, SamplesOnlyWhenAsked) {
  const auto* tgi = dialect::find("tgi");
  const auto cold = tgi->encode({.messages = {user("Hi")}, .temperature = 0.0, .top_p = 1.0}, {});
  ASSERT_TRUE(cold);
  EXPECT_THAT(*cold, HasSubstr(R"("do_sample":false)"));
  EXPECT_THAT(*cold, testing::Not(HasSubstr("temperature")));
  const auto warm = tgi->encode({.messages = {user("Hi")}, .temperature = 0.7}, {});
  ASSERT_TRUE(warm);
  EXPECT_THAT(*warm, HasSubstr(R"("temperature":0.7,"do_sample":true)"));
}

TEST(TgiRequest, RefusesWhatItCannotSay) {
  const auto* tgi = dialect::find("tgi");
  EXPECT_THAT(tgi->encode({.messages = {user("Hi")}, .tools = {{"f", "", {}}}}, {}),
              HasCode(ErrorCode::invalid_request));
  Message picture{Role::user, {Image{"image/png", "x", "", ""}}};
  EXPECT_THAT(tgi->encode({.messages = {picture}}, {}), HasCode(ErrorCode::invalid_request));
}

TEST(RawDialect, SendsExtraOrTheLastWordOfTheUser) {
  const auto* raw = dialect::find("raw");
  EXPECT_EQ(*raw->encode({.messages = {user("a"), user("b")}}, {}), "b");
  EXPECT_EQ(*raw->encode({.messages = {user("a")}, .extra = {R"({"instances": [1]})"}}, {}),
            R"({"instances": [1]})");
  EXPECT_THAT(raw->encode({}, {}), HasCode(ErrorCode::invalid_request));
  EXPECT_EQ(raw->decode_reply("[1.2, 3.4]")->text(), "[1.2, 3.4]");
}

}  // namespace
}  // namespace ek
