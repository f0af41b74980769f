#include <fmt/format.h>
#include <gmock/gmock.h>

#include "dialect/decode_support.hpp"
#include "support/matchers.hpp"

namespace ek {
namespace {

using test::FailsWith;
using test::HasCode;
using test::HasPhase;
using test::Outcome;
using test::run_frames;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string delta(const std::string& members, const std::string& reason = "null") {
  return R"({"id":"c1","model":"m","choices":[{"index":0,"delta":{)" + members +
         R"(},"finish_reason":)" + reason + "}]}";
}

Outcome run(const std::vector<std::string>& frames) { return run_frames("openai", frames); }

std::string call(const std::string& members, const std::string& arguments) {
  return delta(R"("tool_calls":[{)" + members + R"("function":{)" + arguments + "}}]");
}

TEST(OpenAiStream, JoinsTextAndFinishesWithUsage) {
  const Outcome outcome =
      run({R"({"choices":[],"id":"","model":"","prompt_filter_results":[{"prompt_index":0}]})",
           delta(R"("role":"assistant","content":null)"), delta(R"("content":"Hel")"),
           delta(R"("content":"lo")"), delta("", R"("stop")"),
           R"({"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,)"
           R"("prompt_tokens_details":{"cached_tokens":1},)"
           R"("completion_tokens_details":{"reasoning_tokens":0}}})",
           "[DONE]"});
  EXPECT_TRUE(outcome.finished);
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.text(), "Hello");
  EXPECT_EQ(outcome.reply.finish_reason, FinishReason::stop);
  EXPECT_EQ(outcome.reply.id, "c1");
  EXPECT_EQ(outcome.reply.model, "m");
  EXPECT_EQ(outcome.reply.usage.total_tokens, 5);
  EXPECT_EQ(outcome.reply.usage.cache_read_tokens, 1);
  EXPECT_THAT(outcome.events, HasSubstr(R"("name":"prompt_filter_results")"));
}

TEST(OpenAiStream, IsCutWithoutEndMarkerAndFinishReason) {
  EXPECT_FALSE(run({delta(R"("content":"Hi")")}).finished);
  EXPECT_TRUE(run({delta(R"("content":"Hi")", R"("length")")}).finished);
}

TEST(OpenAiStream, TakesNoWordOfServersThatGoOnForAnEnd) {
  for (const std::string goes_on : {R"("")", R"("null")", "null"}) {
    const std::string piece = delta(R"("content":"Hi")", goes_on);
    EXPECT_FALSE(run({piece}).finished) << goes_on;
    const Outcome outcome = run({piece, delta("", R"("stop")"), delta("", goes_on)});
    EXPECT_TRUE(outcome.finished);
    EXPECT_EQ(outcome.reply.finish_reason, FinishReason::stop) << goes_on;
  }
}

TEST(OpenAiStream, PassesOverAMessageThatRepeatsItsPieces) {
  const std::string last =
      R"({"object":"chat.completion","choices":[{"index":0,"message":{"content":"Hello"}}]})";
  EXPECT_EQ(
      run({delta(R"("content":"Hel")"), delta(R"("content":"lo")", R"("stop")"), last}).text(),
      "Hello");
  const std::string both =
      R"({"choices":[{"index":0,"message":{"content":"Hel"},"delta":{"content":"Hel"}}]})";
  const Outcome cut = run({both});
  EXPECT_EQ(cut.text(), "Hel");
  EXPECT_FALSE(cut.finished);
  EXPECT_EQ(run({delta(R"("role":"assistant")"), last}).text(), "Hello") << "nothing was said yet";
}

TEST(OpenAiStream, TellsThoughtsBeforeWhatIsSaidAfterThem) {
  const Outcome outcome =
      run({delta(R"("reasoning_content":"so it")"),
           delta(R"("content":"Four","reasoning_content":" is")"), delta("", R"("stop")")});
  ASSERT_EQ(outcome.reply.message.parts.size(), 2U);
  EXPECT_EQ(std::get<Reasoning>(outcome.reply.message.parts[0]).text, "so it is");
}

TEST(OpenAiStream, ReadsTheThoughtsOfGeminiBehindItsDialect) {
  const std::string mark = R"("extra_content":{"google":{"thought":true}})";
  const Outcome outcome =
      run({delta(R"("content":"<thought>Let me",)" + mark), delta(mark + R"(,"content":" see.")"),
           delta(R"("content":"")"), delta(R"("content":"</thought>Four")"),
           delta(R"("content":".")"), delta("", R"("content_filter: RECITATION")")});
  EXPECT_EQ(outcome.text(), "Four.");
  EXPECT_EQ(std::get<Reasoning>(outcome.reply.message.parts[0]).text, "Let me see.");
  EXPECT_THAT(outcome.events, Not(HasSubstr("signature")));
  EXPECT_EQ(outcome.reply.finish_reason, FinishReason::content_filter);
}

TEST(OpenAiStream, KeepsACallTogetherWhoseIdChangesFromPieceToPiece) {
  const Outcome outcome = run({call(R"("index":0,"id":"a",)", R"("name":"f")"),
                               call(R"("index":0,"id":"b",)", R"("arguments":"{\"x\":")"),
                               call(R"("index":0,"id":"c",)", R"("arguments":"1}")"),
                               call(R"("index":0,"id":"d",)", R"("name":"g","arguments":"{}")"),
                               delta("", R"("tool_calls")")});
  ASSERT_EQ(outcome.reply.message.parts.size(), 2U);
  EXPECT_EQ(std::get<ToolCall>(outcome.reply.message.parts[0]).arguments.text, R"({"x":1})");
  EXPECT_EQ(std::get<ToolCall>(outcome.reply.message.parts[1]).name, "g");
}

TEST(OpenAiStream, ReadsACallThatIsNoListAsTgiSendsIt) {
  const auto piece = [](const std::string& function) {
    return delta(R"("tool_calls":{"index":0,"id":"","type":"function","function":{)" + function +
                 "}}");
  };
  const Outcome outcome =
      run({piece(R"("name":"f","arguments":"{\"x\":")"), piece(R"("name":"f","arguments":"1}")"),
           delta("", R"("eos_token")")});
  ASSERT_EQ(outcome.reply.message.parts.size(), 1U);
  EXPECT_EQ(std::get<ToolCall>(outcome.reply.message.parts[0]).arguments.text, R"({"x":1})");
}

TEST(OpenAiStream, FindsTheThoughtsThatSGLangCounts) {
  const Outcome outcome =
      run({R"({"choices":[],"usage":{"completion_tokens":20,"reasoning_tokens":12}})", "[DONE]"});
  EXPECT_EQ(outcome.reply.usage.reasoning_tokens, 12);
}

TEST(OpenAiStream, ReplacesUsageSnapshotsInsteadOfAddingThem) {
  const Outcome outcome =
      run({R"({"choices":[],"usage":{"prompt_tokens":8834,"completion_tokens":0}})",
           R"({"choices":[],"usage":{"prompt_tokens":18,"completion_tokens":7}})", "[DONE]"});
  EXPECT_EQ(outcome.reply.usage.input_tokens, 18);
  EXPECT_EQ(outcome.reply.usage.output_tokens, 7);
}

TEST(OpenAiStream, CountsCachedTokensOnce) {
  const std::string counts = R"("prompt_tokens":100,"completion_tokens":5,"total_tokens":105)";
  const std::vector<std::string> usages = {
      "{" + counts + R"(,"prompt_tokens_details":{"cached_tokens":80}})",
      "{" + counts + R"(,"prompt_cache_hit_tokens":80,"prompt_cache_miss_tokens":20})",
      "{" + counts +
          R"(,"prompt_cache_hit_tokens":80,"prompt_tokens_details":{"cached_tokens":80}})"};
  for (const std::string& usage : usages) {
    const std::string frame = R"({"choices":[],"usage":)" + usage + "}";
    const std::string whole =
        R"({"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":)" + usage + "}";
    for (const ChatReply& reply : {run({frame, frame, "[DONE]"}).reply,
                                   dialect::find("openai")->decode_reply(whole).value()}) {
      EXPECT_EQ(reply.usage.input_tokens, 100) << usage;
      EXPECT_EQ(reply.usage.cache_read_tokens, 80) << usage;
      EXPECT_EQ(reply.usage.output_tokens, 5) << usage;
      EXPECT_EQ(reply.usage.total_tokens, 105) << usage;
    }
  }
}

TEST(OpenAiStream, DoesNotMergeAUsageObjectOfAbsurdSize) {
  std::string usage = R"({"total_tokens":9)";
  for (int i = 0; i < 50'000; ++i) usage += ",\"" + std::to_string(i) + "\":1";
  usage += "}";
  const Outcome outcome = run({R"({"choices":[],"usage":{"prompt_tokens":8,"total_tokens":1}})",
                               R"({"choices":[],"usage":)" + usage + "}", "[DONE]"});
  EXPECT_EQ(outcome.reply.usage.input_tokens, std::nullopt);
  EXPECT_EQ(outcome.reply.usage.total_tokens, 9);
  EXPECT_EQ(outcome.reply.usage.raw.text, usage);
}

TEST(OpenAiStream, KeysToolCallsByIndexOnTheWire) {
  const Outcome outcome =
      run({call(R"("index":1,"id":"b",)", R"("name":"second","arguments":"{\"x\":")"),
           call(R"("index":0,"id":"a",)", R"("name":"first","arguments":"")"),
           call(R"("index":1,)", R"("arguments":"1}")"), delta("", R"("tool_calls")"), "[DONE]"});
  const auto calls = outcome.reply.tool_calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0], (ToolCall{"b", "second", {R"({"x":1})"}, ""}));
  EXPECT_EQ(calls[1], (ToolCall{"a", "first", {"{}"}, ""}));
  EXPECT_EQ(outcome.reply.finish_reason, FinishReason::tool_calls);
}

TEST(OpenAiStream, OpensANewCallForANewIdUnderTheSameIndex) {
  const Outcome outcome =
      run({call(R"("index":0,"id":"a",)", R"("name":"f","arguments":"{\"q\":\"a\"}")"),
           call(R"("index":0,"id":"b",)", R"("name":"f","arguments":"{\"q\":\"b\"}")"), "[DONE]"});
  const auto calls = outcome.reply.tool_calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].arguments.text, R"({"q":"a"})");
  EXPECT_EQ(calls[1].arguments.text, R"({"q":"b"})");
}

TEST(OpenAiStream, ContinuesAnyOfAThousandCallsAndNoOlderOne) {
  std::vector<std::string> frames;
  for (int i = 0; i < 1025; ++i)
    frames.push_back(call(fmt::format(R"("index":{0},"id":"c{0}",)", i), R"("name":"f")"));
  frames.push_back(call(R"("index":1,)", R"("arguments":"1")"));
  frames.push_back(call(R"("index":0,)", R"("arguments":"0")"));
  frames.emplace_back("[DONE]");
  const auto calls = run(frames).reply.tool_calls();
  ASSERT_EQ(calls.size(), 1026U);
  EXPECT_EQ(calls[1].arguments.text, "1");
  EXPECT_EQ(calls[1025].arguments.text, "0");
}

TEST(OpenAiStream, GivesCallsWithoutIndexAStableSlot) {
  const Outcome outcome =
      run({call(R"("id":"a",)", R"("name":"f","arguments":"{\"q\":")"),
           call("", R"("arguments":"1}")"), call(R"("id":"b",)", R"("name":"g")"),
           call(R"("id":"a",)", R"("arguments":" ")"), "[DONE]"});
  const auto calls = outcome.reply.tool_calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].arguments.text, R"({"q":1} )");
  EXPECT_EQ(calls[1].name, "g");
}

TEST(OpenAiStream, KeepsArgumentsThatAreNoJson) {
  const Outcome outcome =
      run({call(R"("index":0,"id":"a",)", R"("name":"f","arguments":"{\"q\": oops")"), "[DONE]"});
  EXPECT_EQ(outcome.reply.tool_calls().at(0).arguments.text, R"({"q": oops)");
  EXPECT_THAT(dialect::to_json(outcome.reply), HasSubstr(R"("arguments":"{\"q\": oops")"))
      << "a string in the place of an object";
}

TEST(OpenAiStream, ReadsReasoningUnderAllItsNames) {
  const Outcome outcome =
      run({delta(R"("reasoning_content":"a","reasoning":"a")"), delta(R"("reasoning":"b")"),
           delta(R"("content":[{"type":"thinking","thinking":[{"type":"text","text":"c"}]}])"),
           delta(R"("content":[{"type":"text","text":"answer"}])"), "[DONE]"});
  ASSERT_EQ(outcome.reply.message.parts.size(), 2U);
  EXPECT_EQ(std::get<Reasoning>(outcome.reply.message.parts[0]).text, "abc");
  EXPECT_EQ(outcome.text(), "answer");
}

TEST(OpenAiStream, TakesFilterNoticesWithoutDelta) {
  const Outcome outcome =
      run({delta(R"("content":"Hi")"), delta("", R"("stop")"),
           R"({"choices":[{"index":0,"finish_reason":null,"content_filter_offsets":)"
           R"({"check_offset":1,"start_offset":1,"end_offset":2},"content_filter_results":)"
           R"({"error":{"code":"content_filter_error","message":"not filtered"}}}]})",
           "[DONE]"});
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.reply.finish_reason, FinishReason::stop);
  EXPECT_THAT(outcome.events, HasSubstr(R"("name":"content_filter_offsets")"));
  EXPECT_THAT(outcome.events, HasSubstr("content_filter_error"));
}

TEST(OpenAiStream, ReportsALateViolationAsFiltered) {
  const Outcome outcome = run({delta(R"("content":"Hi")"), delta("", R"("stop")"),
                               delta("", R"("content_filter")"), "[DONE]"});
  EXPECT_EQ(outcome.reply.finish_reason, FinishReason::content_filter);
}

TEST(OpenAiStream, GivesTheRestOfAFrameBeforeItsError) {
  const Outcome outcome =
      run({delta(R"("content":"Hi")"),
           R"({"error":{"code":400,"message":"Token limit reached"},"choices":[],)"
           R"("usage":{"prompt_tokens":43}})"});
  ASSERT_TRUE(outcome.error);
  EXPECT_THAT(*outcome.error, HasCode(ErrorCode::invalid_request));
  EXPECT_EQ(outcome.error->message, "Token limit reached");
  EXPECT_EQ(outcome.reply.usage.input_tokens, 43);
  EXPECT_FALSE(outcome.finished);
}

TEST(OpenAiStream, TakesAnErrorEventWhateverItHolds) {
  const std::vector<dialect::FrameView> frames = {{R"({"code":1,"text":"went wrong"})", "error"}};
  const Outcome outcome = run_frames("openai", frames);
  ASSERT_TRUE(outcome.error);
  EXPECT_THAT(outcome.error->message, HasSubstr("went wrong"));
}

TEST(OpenAiStream, TellsOfALineThatIsNoFrame) {
  for (const char* line : {"INFO: 3 tokens", R"({"id":}]})", "{'queue': 3}"}) {
    const Outcome outcome =
        run({delta(R"("content":"Hi")"), line, delta("", R"("stop")"), "[DONE]"});
    EXPECT_TRUE(outcome.finished) << line;
    EXPECT_EQ(outcome.reply.finish_reason, FinishReason::stop) << line;
    EXPECT_THAT(outcome.events, HasSubstr(R"("name":"unparsable")")) << line;
  }
}

TEST(OpenAiStream, DoesNotEndWellWhereAFrameWasSpoilt) {
  const std::string good = delta(R"("content":"there")");
  for (const std::string& spoilt : {good.substr(0, good.size() - 9), "!" + good, good.substr(1)}) {
    const Outcome outcome = run({delta(R"("content":"Hi")"), spoilt, delta("", R"("stop")")});
    EXPECT_FALSE(outcome.finished) << spoilt;
    ASSERT_TRUE(outcome.error) << spoilt;
    EXPECT_THAT(*outcome.error,
                testing::AllOf(HasCode(ErrorCode::server_error), test::HasPhase(Phase::decode),
                               test::FailsWith(HasSubstr(spoilt.substr(0, 100)))));
    EXPECT_EQ(outcome.text(), "Hi") << "what was good stays delivered";
  }
}

TEST(OpenAiStream, ShowsBytesThatAreNoUtf8AsTheReplacementCharacter) {
  const Outcome outcome = run({delta("\"content\":\"a\xFF\""), delta("\"content\":\"b\""),
                               delta("\"content\":\"\xC3\""), delta("", R"("stop")"), "[DONE]"});
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.text(),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
}

TEST(OpenAiStream, KeepsOtherChoicesApart) {
  const Outcome outcome =
      run({delta(R"("content":"A")", R"("stop")"),
           R"({"choices":[{"index":1,"delta":{"content":"B"},"finish_reason":null}]})"});
  EXPECT_EQ(outcome.text(), "A");
  EXPECT_THAT(outcome.events, HasSubstr(R"("name":"choice")"));
  EXPECT_FALSE(outcome.finished) << "the second choice did not end";
}

TEST(OpenAiStream, ReadsLegacyCompletions) {
  const Outcome outcome =
      run({R"({"choices":[{"index":0,"text":"Once","finish_reason":null}]})",
           R"({"choices":[{"index":0,"text":" upon","finish_reason":"length"}]})", "[DONE]"});
  EXPECT_EQ(outcome.text(), "Once upon");
  EXPECT_EQ(outcome.reply.finish_reason, FinishReason::length);
}

TEST(OpenAiReply, IsDecodedWhole) {
  const auto reply = dialect::find("openai")->decode_reply(
      R"({"id":"x","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi",)"
      R"("tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
      R"("finish_reason":"stop"}],"usage":{"prompt_tokens":1}})");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->text(), "Hi");
  EXPECT_EQ(reply->finish_reason, FinishReason::tool_calls);
  EXPECT_EQ(reply->tool_calls().size(), 1U);
  EXPECT_THAT(reply->raw.text, HasSubstr("\"id\":\"x\""));
}

TEST(OpenAiReply, EndsABlockedAnswerAsFiltered) {
  const auto reply = dialect::find("openai")->decode_reply(
      R"({"choices":[{"message":{"content":"Hi"},"finish_reason":"content_filter"}]})");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->text(), "Hi");
  EXPECT_EQ(reply->finish_reason, FinishReason::content_filter);
}

TEST(OpenAiReply, RefusesWhatIsNone) {
  const auto* openai = dialect::find("openai");
  EXPECT_THAT(openai->decode_reply(R"({"predictions":[1]})"), HasCode(ErrorCode::server_error));
  EXPECT_THAT(openai->decode_reply("\n<!DOCTYPE HTML>\n<title>Sign in</title>"),
              AllOf(HasCode(ErrorCode::server_error),
                    FailsWith(AllOf(HasSubstr("a web page"), Not(HasSubstr("dialect"))))));
  EXPECT_THAT(openai->decode_reply(R"({"choices":[],"usage":{"prompt_tokens":3}})"),
              AllOf(HasCode(ErrorCode::server_error), HasPhase(Phase::decode),
                    FailsWith(HasSubstr("no answer and no reason"))));
  EXPECT_THAT(openai->decode_reply(R"({"object":"error","message":"no","code":404})"),
              HasCode(ErrorCode::not_found));
}

}  // namespace
}  // namespace ek
