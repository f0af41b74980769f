// Many calls on one thread: who gets which event, in what order, and what no call does to another.
#include "endpointkit/loop.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "endpoint/test_loop.hpp"
#include "endpointkit/observer.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// What comes without waiting: the fake transport takes one step a round.
void hear_all(std::map<CallId, Heard>& heard, Loop& loop) {
  for (int round = 0; round < 20; ++round) {
    while (auto event = loop.next(0ms)) hear(heard, *event);
  }
}

std::string reply_body(std::string_view text) {
  return R"({"choices":[{"message":{"role":"assistant","content":")" + std::string(text) +
         R"("},"finish_reason":"stop"}]})";
}

TEST(Loop, GivesEachCallItsOwnEventsAndOneLast) {
  TestLoop test;
  test.transport->reply(
      {.headers = sse(), .body = {text_chunk("a"), text_chunk("b"), finish_chunk()}});
  test.transport->reply({.body = {reply_body("whole")}});
  test.transport->reply({.body = {"by", "tes"}});
  test.transport->reply({.body = {"pie", "ces"}});
  const auto stream = test.loop.chat_stream(test.endpoint, hello);
  const auto chat = test.loop.chat(test.endpoint, hello);
  const auto invoke = test.loop.invoke(test.endpoint, {.body = "{}"});
  const auto pieces = test.loop.invoke_stream(test.endpoint, {.body = "{}"});
  ASSERT_TRUE(stream && chat && invoke && pieces);
  EXPECT_EQ(test.loop.size(), 4U);
  auto heard = drain(test.loop);
  EXPECT_EQ(test.loop.size(), 0U);
  ASSERT_EQ(heard.size(), 4U);
  EXPECT_EQ(heard[*stream].text, "ab");
  EXPECT_TRUE(heard[*stream].finished);
  EXPECT_EQ(heard[*chat].text, "whole");
  EXPECT_EQ(heard[*invoke].text, "bytes");
  EXPECT_EQ(heard[*pieces].text, "pieces");
  for (const auto& [id, call] : heard) EXPECT_EQ(call.last, 1);
  EXPECT_EQ(test.transport->aborted(), 0U);
}

TEST(Loop, LetsCallsTakeTurns) {
  TestLoop test;
  std::string events;
  for (int i = 0; i < 1000; ++i) events += text_chunk("x");
  for (int i = 0; i < 2; ++i)
    test.transport->reply({.headers = sse(), .body = {events + finish_chunk()}});
  const auto first = test.loop.chat_stream(test.endpoint, hello);
  const auto second = test.loop.chat_stream(test.endpoint, hello);
  ASSERT_TRUE(first && second);
  std::vector<CallId> order;
  while (auto event = test.loop.next()) order.push_back(event->call);
  const auto late = std::find(order.begin(), order.end(), *second) - order.begin();
  EXPECT_LE(late, 200) << "the second call does not wait until the first is through";
}

TEST(Loop, SendsOnlyWhenItIsDriven) {
  TestLoop test;
  test.transport->reply({.body = {reply_body("x")}});
  ASSERT_TRUE(test.loop.chat(test.endpoint, hello));
  EXPECT_EQ(test.transport->request_count(), 0U);
  EXPECT_EQ(drain(test.loop).size(), 1U);
}

TEST(Loop, BacksOffWithoutHoldingUpTheOthers) {
  TestLoop test;
  test.transport->reply({.status = 503, .headers = {{"retry-after", "30"}}, .body = {"busy"}});
  test.transport->reply({.headers = sse(), .body = {text_chunk("b"), finish_chunk()}});
  test.transport->reply({.headers = sse(), .body = {text_chunk("a"), finish_chunk()}});
  const auto slow = test.loop.chat_stream(test.endpoint, hello);
  const auto fast = test.loop.chat_stream(test.endpoint, hello);
  const auto began = test.clock->steady_now();
  auto event = test.loop.next();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->call, *fast);
  EXPECT_LT(test.clock->steady_now() - began, 1s);
  auto heard = drain(test.loop);
  EXPECT_EQ(heard[*slow].text, "a");
  EXPECT_GE(test.clock->steady_now() - began, 30s);
}

TEST(Loop, NamesTheTimerThatFired) {
  TestLoop test;
  test.transport->reply({.headers = sse(), .hangs = true});
  test.transport->reply({.headers = sse(), .body = {text_chunk("x")}, .hangs = true});
  const CallOptions options{.timeouts = Timeouts{.first_event = 5s, .idle = 7s}};
  const auto silent = test.loop.chat_stream(test.endpoint, hello, options);
  const auto stuck = test.loop.chat_stream(test.endpoint, hello, options);
  auto heard = drain(test.loop);
  ASSERT_TRUE(heard[*silent].error && heard[*stuck].error);
  EXPECT_EQ(heard[*silent].error->phase, Phase::first_event);
  EXPECT_EQ(heard[*stuck].error->phase, Phase::idle);
  EXPECT_EQ(heard[*stuck].text, "x");
  EXPECT_TRUE(heard[*stuck].error->output_delivered);
}

TEST(Loop, DoesNotCountTheTimeInWhichAnEventWaits) {
  TestLoop test;
  test.transport->reply(
      {.headers = sse(), .body = {text_chunk("a") + text_chunk("b"), finish_chunk()}});
  const CallOptions options{.timeouts = Timeouts{.first_event = 5s, .idle = 5s, .total = 60s}};
  ASSERT_TRUE(test.loop.chat_stream(test.endpoint, hello, options));
  std::map<CallId, Heard> heard;
  while (auto event = test.loop.next()) {
    hear(heard, *event);
    if (!event->last && heard.begin()->second.text.size() < 2) test.clock->advance(1h);
  }
  EXPECT_TRUE(heard.begin()->second.finished);
}

TEST(Loop, DoesNotCountTheTimeThatTheApplicationTakesForAnEvent) {
  TestLoop test;
  test.transport->reply({.headers = sse(),
                         .body = {text_chunk("a"), text_chunk("b"), finish_chunk()},
                         .chunk_after = 1s});
  const CallOptions options{.timeouts = Timeouts{.first_event = 5s, .idle = 5s, .total = 60s}};
  ASSERT_TRUE(test.loop.chat_stream(test.endpoint, hello, options));
  std::map<CallId, Heard> heard;
  while (auto event = test.loop.next()) {
    hear(heard, *event);
    test.clock->advance(1h);
  }
  EXPECT_EQ(heard.begin()->second.text, "ab");
  EXPECT_TRUE(heard.begin()->second.finished);
}

TEST(Loop, HoldsBackTheEventsOfAPausedCallAndNoOthers) {
  TestLoop test;
  for (int i = 0; i < 2; ++i) {
    test.transport->reply(
        {.headers = sse(), .body = {text_chunk("a") + text_chunk("b"), finish_chunk()}});
  }
  const CallId held = test.loop.chat_stream(test.endpoint, hello).value();
  const CallId other = test.loop.chat_stream(test.endpoint, hello).value();
  test.loop.pause(held);
  std::map<CallId, Heard> heard;
  hear_all(heard, test.loop);
  EXPECT_EQ(heard[other].text, "ab");
  EXPECT_TRUE(heard[other].finished);
  EXPECT_EQ(heard.count(held), 0U);
  EXPECT_FALSE(test.loop.process());
  EXPECT_EQ(test.loop.size(), 1U);

  test.loop.resume(held);
  hear(heard, test.loop.next().value());
  EXPECT_EQ(heard[held].text, "a");
  test.loop.pause(held);  // while "b" is there already
  test.clock->advance(24h);
  hear_all(heard, test.loop);
  EXPECT_EQ(heard[held].text, "a");
  test.loop.resume(held);
  while (auto event = test.loop.next()) hear(heard, *event);
  EXPECT_EQ(heard[held].text, "ab");
  EXPECT_TRUE(heard[held].finished) << "no timer ran";
  test.loop.pause(held);  // it is over
  EXPECT_FALSE(test.loop.next());
}

/// Begins a call that is paused and hears nothing.
CallId pause_silent_call(TestLoop& test) {
  test.transport->reply({.headers = sse(), .hangs = true});
  const CallId call = test.loop.chat_stream(test.endpoint, hello).value();
  test.loop.pause(call);
  EXPECT_FALSE(test.loop.next(0ms));
  return call;
}
std::optional<ErrorCode> next_error(Loop& loop) {
  const auto event = loop.next();
  const auto* error = event ? event->get_if<Error>() : nullptr;
  return error != nullptr ? std::optional(error->code) : std::nullopt;
}

TEST(Loop, GivesTheEndOfAPausedCallThatIsCancelled) {
  TestLoop test;
  test.loop.cancel(pause_silent_call(test));
  EXPECT_EQ(next_error(test.loop), ErrorCode::cancelled);
}

TEST(Loop, GivesTheEndOfACallThatIsPausedAfterItWasCancelled) {
  TestLoop test;
  test.transport->reply(
      {.headers = sse(), .body = {text_chunk("a"), text_chunk("b")}, .hangs = true});
  const auto call = test.loop.chat_stream(test.endpoint, hello);
  ASSERT_TRUE(test.loop.next());
  test.loop.cancel(*call);
  test.loop.process();
  test.loop.pause(*call);  // by somebody who does not know yet
  EXPECT_EQ(drain(test.loop)[*call].last, 1);
}

TEST(Loop, GivesTheEndOfAPausedCallWhoseOwnerStopsIt) {
  for (const bool with_item : {false, true}) {
    std::stop_source stop;
    TestLoop test;
    ScriptedReply reply{.headers = sse(), .body = {text_chunk("a")}, .hangs = true};
    if (with_item) reply.body.push_back(text_chunk("b"));
    test.transport->reply(reply);
    CallOptions options = patient;
    options.stop = stop.get_token();
    const auto call = test.loop.chat_stream(test.endpoint, hello, options);
    ASSERT_TRUE(test.loop.next());
    test.loop.pause(*call);
    for (int i = 0; i < 3; ++i) test.loop.process();
    stop.request_stop();
    const auto heard = drain(test.loop);
    ASSERT_TRUE(heard.at(*call).error);
    EXPECT_EQ(heard.at(*call).error->code, ErrorCode::cancelled);
  }
}

TEST(Loop, ReadsACancelledCallOnForTheUsageThatAnObserverIsTold) {
  struct Counts final : Observer {
    void on_moment(const CallMoment& moment) noexcept override {
      if (moment.kind == CallMoment::Kind::ended && moment.usage != nullptr)
        tokens = moment.usage->total_tokens;
    }
    std::optional<std::int64_t> tokens;
  };
  const auto counts = std::make_shared<Counts>();
  TestLoop test;
  test.transport->reply(
      {.headers = sse(),
       .body = {text_chunk("a"), text_chunk("b"),
                "data: {\"choices\":[],\"usage\":{\"total_tokens\":5}}\n\n", finish_chunk()}});
  CallOptions options = patient;
  options.on_cancel = CancelMode::drain;
  options.observer = counts;
  const auto call = test.loop.chat_stream(test.endpoint, hello, options);
  ASSERT_TRUE(test.loop.next());
  test.loop.cancel(*call);
  const auto heard = drain(test.loop);
  EXPECT_EQ(heard.at(*call).text, "");
  EXPECT_EQ(heard.at(*call).error->code, ErrorCode::cancelled);
  EXPECT_EQ(counts->tokens, 5);
  EXPECT_EQ(test.transport->aborted(), 0U);
}

TEST(Loop, StillTimesAPausedCallThatHearsNothing) {
  TestLoop test;
  const CallId call = pause_silent_call(test);
  test.clock->advance(1h);
  EXPECT_FALSE(test.loop.next(0ms));
  test.loop.resume(call);
  EXPECT_EQ(next_error(test.loop), ErrorCode::timeout);
}

TEST(Loop, LooksAtWhatHasComeBeforeWhatIsLate) {
  TestLoop test;
  test.transport->reply({.headers = sse(), .body = {text_chunk("a"), finish_chunk()}});
  const CallOptions options{.timeouts = Timeouts{.first_event = 5s, .idle = 5s, .total = 0s}};
  ASSERT_TRUE(test.loop.chat_stream(test.endpoint, hello, options));
  EXPECT_FALSE(test.loop.process());  // sent, and the head is there
  test.clock->advance(1h);            // whoever drives the loop was busy
  std::map<CallId, Heard> heard = drain(test.loop);
  const Heard& call = heard.begin()->second;
  EXPECT_TRUE(call.finished) << (call.error ? describe(*call.error) : "");
}

TEST(Loop, WaitsForItsTimeoutAndNoLonger) {
  TestLoop test;
  const auto began = test.clock->steady_now();
  EXPECT_FALSE(test.loop.next(250ms)) << "also while there is no call";
  EXPECT_EQ(test.clock->steady_now() - began, 250ms);
  EXPECT_FALSE(test.loop.next()) << "but without a timeout an empty loop has nothing to wait for";
  test.transport->reply({.headers = sse(), .hangs = true});
  ASSERT_TRUE(test.loop.chat_stream(test.endpoint, hello));
  EXPECT_FALSE(test.loop.next(250ms));
  EXPECT_EQ(test.clock->steady_now() - began, 500ms);
}

TEST(Loop, IsWokenFromAnotherThread) {
  TestLoop test;
  std::thread other([&] { test.loop.wake(); });
  while (test.loop.next(24h)) ADD_FAILURE() << "there is no call";
  other.join();
}

TEST(Loop, TakesCallsAndCancelsThemFromOtherThreads) {
  TestLoop test;
  test.transport->handle([](const HttpRequest&) {
    return ScriptedReply{.headers = sse(), .body = {text_chunk("x")}, .hangs = true};
  });
  constexpr int count = 64;
  std::vector<std::thread> others;
  for (int i = 0; i < count; ++i) {
    others.emplace_back([&] {
      const auto call = test.loop.chat_stream(test.endpoint, hello, patient);
      ASSERT_TRUE(call);
      test.loop.cancel(*call);
    });
  }
  std::map<CallId, Heard> heard;
  int over = 0;
  while (over < count) {
    if (const auto event = test.loop.next(1h)) {
      hear(heard, *event);
      over += event->last ? 1 : 0;
    }
  }
  for (std::thread& other : others) other.join();
  for (const auto& [id, call] : heard) EXPECT_EQ(call.error->code, ErrorCode::cancelled);
}

TEST(Loop, StopTokensReachTheirCallAlone) {
  TestLoop test;
  test.transport->reply({.headers = sse(), .hangs = true});
  test.transport->reply({.headers = sse(), .body = {text_chunk("x"), finish_chunk()}});
  std::stop_source source;
  const auto stopped = test.loop.chat_stream(test.endpoint, hello, {.stop = source.get_token()});
  const auto other = test.loop.chat_stream(test.endpoint, hello);
  EXPECT_FALSE(test.loop.process());
  source.request_stop();
  auto heard = drain(test.loop);
  EXPECT_EQ(heard[*stopped].error->code, ErrorCode::cancelled);
  EXPECT_TRUE(heard[*other].finished);
}

TEST(Loop, RefusesAnEndpointOfAnotherClient) {
  TestLoop test;
  TestEndpoint stranger;
  const Endpoint endpoint = stranger.open();
  const auto call = test.loop.chat(endpoint, hello);
  ASSERT_FALSE(call);
  EXPECT_EQ(call.error().code, ErrorCode::invalid_request);
  EXPECT_THAT(call.error().message, HasSubstr("another client"));
  EXPECT_EQ(test.loop.size(), 0U);
}

TEST(Loop, TellsWhenItHasToBeDrivenAgain) {
  TestLoop test;
  EXPECT_EQ(test.loop.deadline(), SteadyTime::max());
  test.transport->reply({.headers = sse(), .hangs = true});
  ASSERT_TRUE(
      test.loop.chat_stream(test.endpoint, hello, {.timeouts = Timeouts{.first_event = 5s}}));
  const auto began = test.clock->steady_now();
  EXPECT_FALSE(test.loop.process());
  EXPECT_EQ(test.loop.deadline(), began + 5s);
}

}  // namespace
}  // namespace ek::test
