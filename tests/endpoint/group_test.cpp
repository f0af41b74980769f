// Several endpoints as one: who is asked, who answers, and what it costs.
#include "endpointkit/group.hpp"

#include <gmock/gmock.h>

#include "endpoint/test_group.hpp"
#include "endpointkit/loop.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Group, AsksItsFirstMember) {
  TestGroup test;
  EXPECT_EQ(test.ask(), "A");
  EXPECT_EQ(test.asked, "a");
  EXPECT_EQ(test.group->uri(), "group(test://a, test://b, test://c)");
}

TEST(Group, MovesOnAtOnceWhenAMemberFails) {
  TestGroup test;
  test.does["a"] = busy;
  test.does["b"] = refused_connection();
  const auto began = test.clock->steady_now();
  EXPECT_EQ(test.ask(), "C");
  EXPECT_EQ(test.asked, "abc");
  EXPECT_EQ(test.clock->steady_now(), began) << "nobody backs off while another can be asked";
}

TEST(Group, SaysWhatEachMemberSaid) {
  TestGroup test;
  test.does["a"] = {.status = 429, .body = {"slow down"}};
  test.does["b"] = busy;
  test.does["c"] = {.status = 500, .body = {"broken"}};
  EXPECT_EQ(test.ask({.retry = RetryPolicy{.max_attempts = 1}}), "!unavailable");
  EXPECT_THAT(test.error.message, HasSubstr("none of 3 members answered"));
  for (const char* part : {"test://a", "slow down", "test://b", "busy", "test://c", "broken"})
    EXPECT_THAT(test.error.message, HasSubstr(part));
}

TEST(Group, GivesTheLastMemberTheRetriesOfTheCall) {
  TestGroup test;
  test.does["a"] = test.does["b"] = test.does["c"] = busy;
  EXPECT_EQ(test.ask(), "!unavailable");
  EXPECT_EQ(test.asked, "abccc");
}

TEST(Group, NeverChangesTheAuthorOfAnAnswer) {
  TestGroup test;
  test.does["a"] = {.headers = sse(), .body = {text_chunk("A")}, .error = truncated_error()};
  EXPECT_EQ(test.ask(), "A!truncated");
  EXPECT_EQ(test.asked, "a");
}

TEST(Group, DoesNotPayTwiceUnlessAsked) {
  for (const bool paid : {false, true}) {
    TestGroup test;
    test.does["a"] = {.headers = sse(), .error = truncated_error()};
    EXPECT_EQ(test.ask({.retry = RetryPolicy{.retry_paid = paid}}), paid ? "B" : "!truncated");
  }
}

TEST(Group, TakesAnAnswerOfWhichNothingCanBeMadeForPaid) {
  const std::vector<Header> json = {{"content-type", "application/json"}};
  const std::vector<Header> zipped = {{"content-encoding", "gzip"}};
  const ScriptedReply table[] = {
      {.headers = json, .body = {"{\"choices\": nothing}"}},
      {.headers = zipped, .body = {"\x1f\x8b"}},
      {.headers = sse(),
       .body = {"data: {\"error\": {\"code\": \"bad_model\", \"message\": \"broken\"}}\n\n"}},
  };
  for (const ScriptedReply& spoilt : table) {
    for (const bool paid : {false, true}) {
      TestGroup test;
      test.does["a"] = spoilt;
      const std::string heard = test.ask({.retry = RetryPolicy{.retry_paid = paid}});
      EXPECT_EQ(test.asked, paid ? "ab" : "a") << spoilt.body[0] << heard;
    }
  }
}

TEST(Group, MovesOnFromAMemberBehindASignInPage) {
  TestGroup test;
  test.does["a"] = {.headers = {{"content-type", "text/html"}}, .body = {"<html>Sign in</html>"}};
  EXPECT_EQ(test.ask(), "B");
}

TEST(Group, MovesOnFromARefusalThatDoesNotEnd) {
  TestGroup test;
  test.does["a"] = {.status = 503, .body = {"bu"}, .hangs = true};
  EXPECT_EQ(test.ask(), "B");
}

TEST(Group, DoesNotCarryABadRequestAround) {
  TestGroup test;
  test.does["a"] = {.status = 400, .body = {"no such parameter"}};
  EXPECT_EQ(test.ask(), "!invalid_request");
  EXPECT_EQ(test.asked, "a");
  EXPECT_THAT(test.error.message, testing::Not(HasSubstr("members")));
}

TEST(Group, KeepsTheTotalTimerOverAllMembers) {
  TestGroup test;
  test.does["a"] = {.status = 503, .body = {"busy"}, .head_after = 4s};
  test.does["b"] = {.headers = sse(), .hangs = true};
  const auto began = test.clock->steady_now();
  EXPECT_EQ(test.ask({.timeouts = Timeouts{.total = 10s}}), "!timeout");
  EXPECT_EQ(test.error.phase, Phase::total);
  EXPECT_EQ(test.clock->steady_now() - began, 10s);
}

TEST(Group, RestsAMemberThatFailsAgainAndAgain) {
  TestGroup test({.breaker_failures = 2, .breaker_pause = 30s});
  test.does["a"] = busy;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(test.ask(), "B");
  EXPECT_EQ(test.asked, "ababb");
  test.clock->advance(31s);
  test.does["a"] = says("A");
  EXPECT_EQ(test.ask(), "A");
  EXPECT_EQ(test.ask(), "A");
}

TEST(Group, RestsAMemberThatHangsOrCutsThoughTheCallEndsWithIt) {
  for (const ScriptedReply& bad : {ScriptedReply{.headers = sse(), .hangs = true},
                                   ScriptedReply{.headers = sse(), .error = truncated_error()},
                                   ScriptedReply{.status = 504, .body = {"late"}}}) {
    TestGroup test({.breaker_failures = 2});
    test.does["a"] = bad;
    for (int i = 0; i < 2; ++i) EXPECT_THAT(test.ask(), testing::StartsWith("!"));
    EXPECT_EQ(test.ask(), "B");
  }
}

TEST(Group, TriesAMemberThatRestedWithOneCall) {
  TestGroup test({.breaker_failures = 1, .breaker_pause = 30s});
  test.does["a"] = busy;
  EXPECT_EQ(test.ask(), "B");
  test.clock->advance(31s);
  test.does["a"] = {.headers = sse(), .hangs = true};
  auto probe = test.group->chat_stream(hello);
  EXPECT_FALSE(probe->wait(1s));
  EXPECT_EQ(test.ask(), "B") << "the others see how the first fares";
  EXPECT_EQ(test.asked, "abab");
}

TEST(Group, DoesNotBlameAMemberForWhatTheCallerDid) {
  TestGroup test({.breaker_failures = 1});
  test.does["a"] = {.status = 400, .body = {"no such parameter"}};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(test.ask(), "!invalid_request");
  EXPECT_EQ(test.asked, "aaa");
}

TEST(Group, PassesOverAMemberWhoseLimitsAreReached) {
  TestGroup test({.breaker_failures = 1});
  const Endpoint limited = *test.members[0].with_limits({.max_in_flight = 1});
  test.group.emplace(*make_group({{&limited}, {&test.members[1]}}, {.breaker_failures = 1}));
  test.does["a"].chunk_after = 1s;
  auto first = test.group->chat_stream(hello);
  ASSERT_TRUE(first->next());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(test.ask(), "B");
  while (first->next()) continue;
  EXPECT_EQ(test.ask(), "A") << "and does not hold it against it";
}

TEST(Group, WaitsForTheLimitsOfItsLastMember) {
  TestGroup test;
  const Endpoint limited = *test.members[1].with_limits({.requests_per_minute = 6});
  test.group.emplace(*make_group({{&test.members[0]}, {&limited}}));
  test.does["a"] = busy;
  const auto began = test.clock->steady_now();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(test.ask(), "B");
  EXPECT_EQ(test.clock->steady_now() - began, 10s);
}

TEST(Group, MovesOnFromAMemberWhoseTokenServiceFails) {
  for (const Error& why :
       {Error{.code = ErrorCode::timeout, .phase = Phase::credentials},
        Error{.code = ErrorCode::unavailable, .phase = Phase::credentials, .http_status = 504},
        Error{.code = ErrorCode::transport, .phase = Phase::tls}}) {
    TestGroup test;
    test.signer->failures = {why};
    EXPECT_EQ(test.ask(), "B") << to_string(why.code);
    EXPECT_EQ(test.asked, "b") << "nothing was sent to the first";
  }
}

TEST(Group, AsksARestingMemberWhenNobodyElseIsLeft) {
  TestGroup test({.breaker_failures = 1});
  test.does["a"] = test.does["b"] = test.does["c"] = busy;
  (void)test.ask({.retry = RetryPolicy{.max_attempts = 1}});
  test.does["b"] = says("B");
  EXPECT_EQ(test.ask(), "B");
}

TEST(GroupOrder, DrawsByWeight) {
  std::vector<std::shared_ptr<const EndpointState>> endpoints(3);
  GroupState group(endpoints, {6, 3, 1}, {.order = GroupOrder::weighted});
  std::map<std::size_t, int> first;
  for (int i = 0; i < 100; ++i) ++first[group.order({}, i / 100.0).front()];
  EXPECT_EQ(first[0], 60);
  EXPECT_EQ(first[1], 30);
  EXPECT_EQ(first[2], 10);
  EXPECT_THAT(group.order({}, 0.95), ElementsAre(2, 0, 1)) << "the others stand in";
}

TEST(GroupOrder, TakesTheLeastBusy) {
  TestGroup test({.order = GroupOrder::least_busy});
  auto first = test.group->chat_stream(hello);
  auto second = test.group->chat_stream(hello);
  ASSERT_TRUE(first->next() && second->next());
  EXPECT_EQ(test.asked, "ab");
  first = Error{};
  auto third = test.group->chat_stream(hello);
  ASSERT_TRUE(third->next());
  EXPECT_EQ(test.asked, "aba");
}

TEST(GroupOrder, TakesTheFastestOfLateAfterEachWasTried) {
  TestGroup test({.order = GroupOrder::fastest});
  test.does["a"].head_after = 900ms;
  test.does["b"].head_after = 300ms;
  test.does["c"].head_after = 600ms;
  for (int i = 0; i < 5; ++i) (void)test.ask();
  EXPECT_EQ(test.asked, "abcbb");
}

TEST(GroupOrder, DoesNotTakeAFailureForAQuickAnswer) {
  TestGroup test({.order = GroupOrder::fastest});
  test.does["a"] = busy;
  test.does["b"].head_after = 300ms;
  test.does["c"].head_after = 600ms;
  for (int i = 0; i < 4; ++i) (void)test.ask();
  EXPECT_EQ(test.asked, "abcbb");
}

TEST(GroupOrder, LearnsFromTheLoserOfAHedge) {
  TestGroup test({.order = GroupOrder::fastest, .hedge = Hedge{.after = 2s, .most = 1}});
  test.does["a"] = {.headers = sse(), .hangs = true};
  for (int i = 0; i < 4; ++i) (void)test.ask();
  EXPECT_EQ(test.asked, "abcbb");
}

TEST(GroupOrder, ForgetsInTime) {
  TestGroup test({.order = GroupOrder::fastest});
  test.does["a"] = busy;
  test.does["b"].head_after = 1s;
  test.does["c"].head_after = 2s;
  for (int i = 0; i < 3; ++i) (void)test.ask();
  test.does["a"] = says("A");
  for (int i = 0; i < 300; ++i) (void)test.ask();
  EXPECT_EQ(test.asked.back(), 'a');
}

TEST(Group, RunsInALoop) {
  TestGroup test;
  test.does["a"] = busy;
  Loop loop(*test.client);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(loop.chat_stream(*test.group, hello));
  std::string text;
  while (auto event = loop.next())
    if (const auto* part = event->get_if<ChatEvent>()) text += part->text();
  EXPECT_EQ(text, "BBBBBBBB");
}

TEST(Group, IsCancelledAsOneCall) {
  TestGroup test({.hedge = Hedge{.after = 2s, .most = 1}});
  test.does["a"] = test.does["b"] = {.headers = sse(), .hangs = true};
  auto stream = test.group->chat_stream(hello);
  EXPECT_FALSE(stream->wait(5s));
  EXPECT_EQ(test.asked, "ab");
  stream->cancel();
  const auto end = stream->next();
  ASSERT_TRUE(end && !*end);
  EXPECT_EQ(end->error().code, ErrorCode::cancelled);
  EXPECT_EQ(test.transport->aborted(), 2U);
}

TEST(Group, IsNotMadeOfNonsense) {
  TestGroup test;
  TestEndpoint stranger;
  const Endpoint foreign = stranger.open();
  const auto why = [](const std::vector<GroupMember>& members) {
    const auto group = make_group(members);
    return group ? std::string() : group.error().message;
  };
  EXPECT_THAT(why({}), HasSubstr("needs a member"));
  EXPECT_THAT(why({{nullptr}}), HasSubstr("no endpoint"));
  EXPECT_THAT(why({{&test.members[0], 0}}), HasSubstr("above 0"));
  EXPECT_THAT(why({{&test.members[0]}, {&foreign}}), HasSubstr("another client"));
  EXPECT_THAT(why({{&*test.group}}), HasSubstr("a member of a group"));
  for (const auto& [options, named] : {std::pair{GroupOptions{.order = GroupOrder(77)}, "order"},
                                       {GroupOptions{.hedge = Hedge{.after = -5ms}}, "after"},
                                       {GroupOptions{.hedge = Hedge{.most = 50}}, "most"},
                                       {GroupOptions{.breaker_failures = 0}, "breaker_failures"},
                                       {GroupOptions{.breaker_pause = -1ms}, "breaker_pause"}}) {
    const auto group = make_group({{&test.members[0]}}, options);
    ASSERT_FALSE(group) << named;
    EXPECT_THAT(group.error().message, HasSubstr(named));
  }
}

}  // namespace
}  // namespace ek::test
