#include "endpoint/limiter.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

#include "endpointkit/loop.hpp"
#include "support/test_endpoint.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const ChatRequest hello{.messages = {user("Hello!")}};

SteadyTime at(std::chrono::milliseconds time) { return SteadyTime(1h) + time; }

std::shared_ptr<Limiter> limiter_of(const Limits& limits) {
  const auto limiter = std::make_shared<Limiter>(limits);
  limiter->learn({}, {}, at(0ms));
  return limiter;
}

TEST(Limiter, LetsEveryoneThroughWhereThereIsNoLimit) {
  const auto limiter = limiter_of({});
  std::vector<std::unique_ptr<Limiter::Ticket>> tickets;
  for (int i = 0; i < 1000; ++i) {
    tickets.push_back(limiter->enter(1e6, [] {}));
    EXPECT_FALSE(tickets.back()->admit(at(0ms)));
  }
}

TEST(Limiter, KeepsSoManyInFlightAndWakesTheNextInTurn) {
  const auto limiter = limiter_of({.max_in_flight = 2});
  int woken = 0;
  auto a = limiter->enter(0, [] {}), b = limiter->enter(0, [] {});
  auto c = limiter->enter(0, [&] { ++woken; });
  auto d = limiter->enter(0, [&] { woken += 10; });
  EXPECT_FALSE(a->admit(at(0ms)) || b->admit(at(0ms)));
  EXPECT_EQ(c->admit(at(0ms)), SteadyTime::max());
  EXPECT_EQ(d->admit(at(0ms)), SteadyTime::max());
  woken = 0;
  a.reset();
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(d->admit(at(0ms)), SteadyTime::max()) << "not before its turn";
  EXPECT_FALSE(c->admit(at(0ms)));
  woken = 0;
  b.reset();
  EXPECT_EQ(woken, 10);
  EXPECT_FALSE(d->admit(at(0ms)));
}

TEST(Limiter, SpreadsRequestsOverTheMinute) {
  const auto limiter = limiter_of({.requests_per_minute = 60});
  auto now = at(0ms);
  std::vector<std::chrono::milliseconds> waits;
  for (int i = 0; i < 13; ++i) {
    const auto ticket = limiter->enter(0, [] {});
    const auto later = ticket->admit(now);
    waits.push_back(later ? std::chrono::duration_cast<std::chrono::milliseconds>(*later - now)
                          : 0ms);
    if (later) {
      now = *later;
      EXPECT_FALSE(ticket->admit(now));
    }
  }
  const std::vector<std::chrono::milliseconds> expected = {0ms, 0ms, 0ms, 0ms, 0ms, 0ms, 0ms,
                                                           0ms, 0ms, 0ms, 1s,  1s,  1s};
  EXPECT_EQ(waits, expected) << "ten seconds' worth at once, then one a second";
}

TEST(Limiter, CountsTokensAndCorrectsItsEstimate) {
  const auto limiter = limiter_of({.tokens_per_minute = 6000});  // 100 a second, 1000 at once
  const auto first = limiter->enter(800, [] {});
  EXPECT_FALSE(first->admit(at(0ms)));
  {
    const auto second = limiter->enter(400, [] {});
    EXPECT_EQ(second->admit(at(0ms)), at(2s)) << "200 are missing";
  }
  first->settle(300);
  EXPECT_FALSE(limiter->enter(700, [] {})->admit(at(0ms)));
}

TEST(Limiter, LetsACallThroughThatIsLargerThanTheBucket) {
  const auto limiter = limiter_of({.tokens_per_minute = 60});
  EXPECT_FALSE(limiter->enter(5000, [] {})->admit(at(0ms)));
  const auto next = limiter->enter(1, [] {});
  EXPECT_GT(next->admit(at(0ms)), at(60min)) << "and lets the others pay for it";
}

TEST(Limiter, ObeysWhatTheProviderSaysOfItsLimits) {
  struct Row {
    HttpHead head;
    std::optional<std::chrono::milliseconds> retry_after;
    std::optional<SteadyTime> again;
  };
  const auto left = [](std::string_view what, std::string_view remaining, std::string_view reset) {
    return HttpHead{
        .status = 200,
        .headers = {{"x-ratelimit-remaining-" + std::string(what), std::string(remaining)},
                    {"x-ratelimit-reset-" + std::string(what), std::string(reset)}}};
  };
  const Row table[] = {
      {left("requests", "0", "6m0s"), {}, at(60s)},  // a minute at most
      {left("requests", "0", "20ms"), {}, at(20ms)},
      {left("tokens", "0", "17"), {}, at(17s)},
      {left("tokens", "12", "17"), {}, {}},
      {left("tokens", "0", "soon"), {}, {}},
      {{.status = 429}, 7s, at(7s)},
      {{.status = 503}, 7s, {}},  // says nothing of this client's share
  };
  for (const Row& row : table) {
    const auto limiter = limiter_of({});
    limiter->learn(row.head, row.retry_after, at(0ms));
    EXPECT_EQ(limiter->enter(0, [] {})->admit(at(0ms)), row.again);
  }
}

TEST(ParseReset, ReadsEveryFormAndNothingElse) {
  EXPECT_EQ(parse_reset("6m0s"), 360s);
  EXPECT_EQ(parse_reset("1h2m3.5s"), 3723500ms);
  EXPECT_EQ(parse_reset("20ms"), 20ms);
  EXPECT_EQ(parse_reset(" 1.5 "), 1500ms);
  EXPECT_EQ(parse_reset("0"), 0ms);
  for (const char* text : {"", "s", "soon", "-1", "1d", "nan", "1e999"})
    EXPECT_FALSE(parse_reset(text)) << text;
}

TEST(Limits, HoldCallsOfOneEndpointBackAndNotThoseOfAnother) {
  TestEndpoint test;
  const Endpoint free = test.open();
  const Endpoint limited = *free.with_limits({.requests_per_minute = 6});
  test.transport->handle([](const HttpRequest&) {
    return ScriptedReply{.headers = sse(), .body = {text_chunk("x"), finish_chunk()}};
  });
  Loop loop(*test.client);
  const auto began = test.clock->steady_now();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(loop.chat_stream(limited, hello));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(loop.chat_stream(free, hello));
  int over = 0;
  while (const auto event = loop.next()) {
    EXPECT_EQ(event->get_if<Error>(), nullptr);
    over += event->last ? 1 : 0;
    if (over == 5 && event->last) {
      EXPECT_EQ(test.clock->steady_now(), began) << "one of these, all of those";
    }
  }
  EXPECT_EQ(over, 8);
  EXPECT_EQ(test.clock->steady_now() - began, 30s);
}

TEST(Limits, LetTheNextCallGoWhenOneIsOverHoweverItEnded) {
  TestEndpoint test;
  const Endpoint limited = *test.open().with_limits({.max_in_flight = 1});
  const CallOptions options{.timeouts = Timeouts{.first_event = 1s},
                            .retry = RetryPolicy{.max_attempts = 1}};
  test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
  test.transport->reply({.status = 500, .body = {"broken"}});
  test.transport->reply({.headers = sse(), .hangs = true});
  test.transport->reply({.headers = sse(), .body = {text_chunk("x")}, .error = truncated_error()});
  test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
  Loop loop(*test.client);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(loop.chat_stream(limited, hello, options));
  int over = 0;
  std::vector<CallId> order;
  while (const auto event = loop.next(10s)) {
    order.push_back(event->call);
    over += event->last ? 1 : 0;
  }
  EXPECT_EQ(over, 5);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end())) << "one after another";
}

TEST(Limiter, LetsOthersPassWhoeverDoesNotAsk) {
  const auto limiter = limiter_of({.max_in_flight = 1});
  auto a = limiter->enter(0, [] {}), b = limiter->enter(0, [] {});
  int woken = 0;
  const auto c = limiter->enter(0, [&] { ++woken; });
  EXPECT_FALSE(a->admit(at(0ms)));
  EXPECT_EQ(b->admit(at(0ms)), SteadyTime::max());
  EXPECT_EQ(c->admit(at(0ms)), SteadyTime::max());
  woken = 0;
  b->set_awake(false);
  EXPECT_EQ(woken, 1);
  b->set_awake(true);
  a.reset();
  EXPECT_EQ(c->admit(at(0ms)), SteadyTime::max()) << "back before its turn, it has its place again";
  b->set_awake(false);
  EXPECT_EQ(woken, 2);
  EXPECT_FALSE(c->admit(at(0ms)));
}

TEST(Limits, AreNotHeldUpByACallThatIsNotPulledAnyMore) {
  TestEndpoint test;
  const Endpoint limited = *test.open().with_limits({.max_in_flight = 1});
  test.transport->handle([](const HttpRequest&) {
    return ScriptedReply{.headers = sse(), .body = {text_chunk("x"), finish_chunk()}};
  });
  const auto read = [](ChatStream& stream) {
    int events = 0;
    while (auto event = stream.next()) events += event->has_value() ? 1 : 0;
    return events;
  };
  auto first = limited.chat_stream(hello), second = limited.chat_stream(hello),
       third = limited.chat_stream(hello);
  ASSERT_TRUE(first->next());
  EXPECT_FALSE(second->wait(1s)) << "it waits for its turn, and is left alone";
  EXPECT_EQ(read(*first), 1);
  EXPECT_EQ(read(*third), 2);
  EXPECT_EQ(read(*second), 2);
}

TEST(Limits, WaitForTheirTurnNoLongerThanTheTotalTimer) {
  TestEndpoint test;
  const Endpoint limited = *test.open().with_limits({.max_in_flight = 1});
  test.transport->reply({.headers = sse(), .body = {text_chunk("x")}, .hangs = true});
  auto first = limited.chat_stream(hello);
  ASSERT_TRUE(first->next());
  auto second = limited.chat_stream(hello, {.timeouts = Timeouts{.total = 5s}});
  const auto end = second->next();
  ASSERT_TRUE(end && !*end);
  EXPECT_EQ(end->error().phase, Phase::total);
  EXPECT_THAT(end->error().message, HasSubstr("limits that the application set"));
  EXPECT_EQ(test.transport->request_count(), 1U);
}

TEST(Limits, GiveBackTheTokensOfAttemptsThatWereNotWorkedOn) {
  TestEndpoint test;
  const Endpoint limited = *test.open().with_limits({.tokens_per_minute = 6000});
  ChatRequest large = hello;
  large.max_tokens = 900;
  for (int i = 0; i < 2; ++i) test.transport->reply({.status = 503, .body = {"busy"}});
  test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
  const auto began = test.clock->steady_now();
  auto stream = limited.chat_stream(large);
  while (const auto event = stream->next()) ASSERT_TRUE(*event);
  EXPECT_LT(test.clock->steady_now() - began, 1s) << "but for the backoff";
}

TEST(Limits, HeedWhatTheProviderSaysIsLeft) {
  TestEndpoint test;
  const Endpoint limited = *test.open().with_limits({});
  test.transport->reply(
      {.headers = {{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "7s"}},
       .body = {"first"}});
  test.transport->reply({.body = {"second"}});
  const auto began = test.clock->steady_now();
  ASSERT_TRUE(limited.invoke({.body = "x"}));
  EXPECT_EQ(test.clock->steady_now(), began);
  ASSERT_TRUE(limited.invoke({.body = "x"}));
  EXPECT_EQ(test.clock->steady_now() - began, 7s);
}

TEST(Limits, CountTheTokensThatWereUsedAndNotThoseThatWereFeared) {
  for (const char* used : {"10", "900"}) {
    TestEndpoint test;
    const Endpoint limited = *test.open().with_limits({.tokens_per_minute = 1000});
    ChatRequest large = hello;
    large.max_tokens = 900;
    test.transport->handle([&](const HttpRequest&) {
      return ScriptedReply{.body = {R"({"choices":[{"message":{"content":"x"},"finish_reason":)"
                                    R"("stop"}],"usage":{"total_tokens":)" +
                                    std::string(used) + "}}"}};
    });
    const auto began = test.clock->steady_now();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(limited.chat(large));
    const bool waited = test.clock->steady_now() - began > 20s;
    EXPECT_EQ(waited, used == std::string_view("900"));
  }
}

TEST(Limits, LetCallsOfManyThreadsThroughOneAfterAnother) {
  TestEndpoint test;
  const Endpoint limited = *test.open().with_limits({.max_in_flight = 2});
  test.transport->handle([](const HttpRequest&) { return ScriptedReply{.body = {"x"}}; });
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&] {
        for (int k = 0; k < 20; ++k)
          good += limited.invoke({.body = "x"}, {.timeouts = Timeouts{.total = 0s}}).has_value()
                      ? 1
                      : 0;
      });
    }
  }
  EXPECT_EQ(good, 16 * 20);
}

TEST(Limits, AreNumbersThatMakeSense) {
  TestEndpoint test;
  const Endpoint endpoint = test.open();
  for (const Limits& limits : {Limits{.max_in_flight = -1}, Limits{.requests_per_minute = -0.5},
                               Limits{.tokens_per_minute = std::nan("")}}) {
    const auto limited = endpoint.with_limits(limits);
    ASSERT_FALSE(limited);
    EXPECT_THAT(limited.error().message, HasSubstr("0 or more"));
  }
}

}  // namespace
}  // namespace ek::test
