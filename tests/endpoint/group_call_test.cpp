// Which member's answer becomes the call's.
#include "endpoint/group_call.hpp"

#include <gmock/gmock.h>

#include "endpoint/test_group.hpp"
#include "endpointkit/loop.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;

TEST(GroupCall, HasOneAuthorThoughASignOfLifeCameFirst) {
  const std::string ping_and_text = ": ping\n\n" + text_chunk("A");
  const std::string overloaded =
      "data: {\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow down\"}}\n\n";
  const ScriptedReply replies[] = {
      {.headers = sse(), .body = {ping_and_text}, .hangs = true},
      {.headers = sse(), .body = {ping_and_text, overloaded}, .chunk_after = 1s},
      {.headers = sse(), .body = {ping_and_text}, .error = truncated_error()}};
  for (const ScriptedReply& reply : replies) {
    TestGroup test({.hedge = Hedge{.after = 2s, .most = 1}});
    test.does["a"] = reply;
    const CallOptions options{.timeouts = Timeouts{.idle = 5s},
                              .retry = RetryPolicy{.retry_paid = true}};
    EXPECT_EQ(test.ask(options).substr(0, 2), "A!");
    EXPECT_EQ(test.asked, "a");

    Loop loop(*test.client);
    ASSERT_TRUE(loop.chat_stream(*test.group, hello, options));
    std::string heard;
    while (const auto event = loop.next()) {
      if (const auto* part = event->get_if<ChatEvent>()) heard += part->text();
    }
    EXPECT_EQ(heard, "A");
    EXPECT_EQ(test.asked, "aa");
  }
}

// Nothing was sent: whoever refuses so early cannot bill.
TEST(GroupCall, MovesOnFromAMemberThatIsRefusedBeforeAnythingIsSent) {
  const std::pair<ErrorCode, Phase> refusals[] = {{ErrorCode::transport, Phase::dns},
                                                  {ErrorCode::transport, Phase::connect},
                                                  {ErrorCode::transport, Phase::tls},
                                                  {ErrorCode::timeout, Phase::connect}};
  for (const auto& [code, phase] : refusals) {
    TestGroup test;
    test.does["a"] = {
        .status = 0, .error = Error{.code = code, .phase = phase, .message = "no"}, .sent = false};
    EXPECT_EQ(test.ask(), "B") << to_string(phase);
    EXPECT_EQ(test.asked, "ab") << to_string(phase);
  }
  TestGroup test;
  test.does["a"] = {.status = 0,
                    .error = Error{.code = ErrorCode::transport, .phase = Phase::headers}};
  EXPECT_EQ(test.ask(), "!transport") << "it may have been at work";
}

TEST(GroupCall, MovesOnFromAMemberThatIsNotConnectedInTimeForItsFirstEvent) {
  TestGroup test;
  test.does["a"] = {.status = 0, .hangs = true, .sent = false, .head_after = 1h};
  EXPECT_EQ(test.ask({.timeouts = Timeouts{.connect = 30s, .first_event = 2s}}), "B");
  EXPECT_EQ(test.asked, "ab");
}

TEST(GroupCall, MovesOnWhereNothingHasTheEndpointsName) {
  struct Nowhere final : PlainCloud {
    Error explain(const HttpHead&, std::string_view) const override {
      return {.code = ErrorCode::invalid_request, .reason = std::string(no_such_endpoint)};
    }
  };
  TestGroup test;
  const Endpoint nowhere = test.make(std::make_unique<Nowhere>(), test.signer, "test://nowhere");
  test.group.emplace(*make_group({{&nowhere}, {&test.members[1]}}));
  test.transport->reply({.status = 400});
  EXPECT_EQ(test.ask(), "B");
}

TEST(GroupCall, LeavesATotalThatAMemberHasSwitchedOffAlone) {
  for (const bool given : {false, true}) {
    TestGroup test({}, {.timeouts = {.total = 10s}});
    CallDefaults defaults = test.members[0].defaults();
    defaults.timeouts = {.first_event = 0s, .idle = 0s, .total = 0s};
    const Endpoint patient = test.members[0].with_defaults(defaults);
    test.group.emplace(*make_group({{&patient}}));
    test.does["a"].head_after = 60s;
    CallOptions options;
    if (given) options.timeouts = Timeouts{.first_event = 0s, .total = 10s};
    EXPECT_EQ(test.ask(options), given ? "!timeout" : "A");
  }
}

TEST(GroupCall, TakesTimesThatNoClockCanHoldForForEver) {
  TestGroup test({.hedge = Hedge{.after = std::chrono::milliseconds::max(), .most = 1},
                  .breaker_pause = std::chrono::milliseconds::max()});
  test.does["a"].head_after = 60s;
  EXPECT_EQ(test.ask({.timeouts = Timeouts{.total = std::chrono::milliseconds::max()}}), "A");
  EXPECT_EQ(test.asked, "a") << "no hedge";
}

TEST(GroupHedge, AsksASecondMemberWhileTheFirstIsSilentAndTakesWhoComesFirst) {
  for (const bool first_wins : {false, true}) {
    TestGroup test({.hedge = Hedge{.after = 2s, .most = 1}});
    test.does["a"].head_after = first_wins ? 3s : 60s;
    test.does["b"].head_after = 5s;
    EXPECT_EQ(test.ask(), first_wins ? "A" : "B");
    EXPECT_EQ(test.asked, "ab");
    EXPECT_EQ(test.transport->aborted(), 1U) << "the other is given up at once";
  }
}

TEST(GroupHedge, DoesNothingWhileTheFirstAnswersInTime) {
  TestGroup test({.hedge = Hedge{.after = 2s, .most = 1}});
  test.does["a"].head_after = 1s;
  test.does["a"].chunk_after = 500ms;
  EXPECT_EQ(test.ask(), "A");
  EXPECT_EQ(test.asked, "a");
}

TEST(GroupHedge, AsksNobodyElseOnceTheAnswerHasBegun) {
  TestGroup test({.hedge = Hedge{.after = 2s, .most = 1}});
  test.does["a"] = {.headers = sse(),
                    .body = {text_chunk("A"), text_chunk("a") + finish_chunk()},
                    .head_after = 1s,
                    .chunk_after = 900ms};
  EXPECT_EQ(test.ask(), "Aa");
  EXPECT_EQ(test.asked, "a") << "though the hedge was due before the second piece came";
}

TEST(GroupHedge, KeepsToItsShareOfTheCalls) {
  TestGroup test({.hedge = Hedge{.after = 2s, .most = 0.25}});
  test.does["a"].head_after = 3s;
  for (int i = 0; i < 16; ++i) (void)test.ask();
  const auto hedged = std::count(test.asked.begin(), test.asked.end(), 'b');
  EXPECT_GE(hedged, 4);
  EXPECT_LE(hedged, 5);
}

TEST(GroupHedge, GoesOnWithTheOtherWhenOneFails) {
  TestGroup test({.hedge = Hedge{.after = 2s, .most = 1}});
  test.does["a"] = {.status = 503, .body = {"busy"}, .head_after = 3s};
  test.does["b"].head_after = 5s;
  EXPECT_EQ(test.ask(), "B");
  EXPECT_EQ(test.asked, "ab");
}

TEST(GroupHedge, RemembersThatAMemberMayHaveToBePaid) {
  const Error hung_up{.code = ErrorCode::transport, .phase = Phase::headers};
  for (const bool paid : {false, true}) {
    TestGroup test({.hedge = Hedge{.after = 2s, .most = 1}});
    test.does["a"] = {.status = 0, .error = hung_up, .head_after = 3s};
    test.does["b"] = {.status = 503, .body = {"busy"}, .head_after = 5s};
    EXPECT_EQ(test.ask({.retry = RetryPolicy{.retry_paid = paid}}), paid ? "C" : "!unavailable");
    EXPECT_EQ(test.asked, paid ? "abc" : "ab");
  }
}

TEST(GroupHedge, DoesNotEndTheCallBecauseTheSecondRefusesTheRequest) {
  TestGroup test({.hedge = Hedge{.after = 2s, .most = 1}});
  EndpointState picky = *test.members[1].state();
  picky.dialect = dialect::find("tgi");  // has no tools
  const Endpoint second(std::make_shared<const EndpointState>(std::move(picky)));
  test.group.emplace(*make_group({{&test.members[0]}, {&second}}, {.hedge = Hedge{2s, 1}}));
  test.does["a"].head_after = 3s;
  ChatRequest with_tool = hello;
  with_tool.tools = {{.name = "look_up", .parameters = {R"({"type":"object"})"}}};
  auto stream = test.group->chat_stream(with_tool);
  ASSERT_TRUE(stream);
  std::string heard;
  while (auto event = stream->next()) {
    ASSERT_TRUE(*event) << describe(event->error());
    heard += (*event)->text();
  }
  EXPECT_EQ(heard, "A");
}

TEST(GroupHedge, DropsSignsOfLifeAndLooksAtWhatFollowsThem) {
  TestGroup test({.hedge = Hedge{.after = 2s, .most = 1}});
  test.does["a"] = {.headers = sse(),
                    .body = {": ping\n\n" + text_chunk("A") + finish_chunk()},
                    .head_after = 3s};
  test.does["b"].head_after = 60s;
  const auto began = test.clock->steady_now();
  EXPECT_EQ(test.ask(), "A");
  EXPECT_EQ(test.clock->steady_now() - began, 3s);
}

}  // namespace
}  // namespace ek::test
