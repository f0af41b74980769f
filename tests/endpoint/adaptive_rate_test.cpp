#include "endpoint/adaptive_rate.hpp"

#include <gtest/gtest.h>

#include "endpointkit/loop.hpp"
#include "support/test_endpoint.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;

const ChatRequest hello{.messages = {user("Hello!")}};

SteadyTime at(std::chrono::milliseconds time) { return SteadyTime(1h) + time; }

// Ten answers a second, then one that throttles.
void throttle_at_ten_a_second(AdaptiveRate& rate) {
  for (int i = 1; i <= 20; ++i) rate.learn(false, at(i * 100ms));
  rate.learn(true, at(2'100ms));
}

TEST(AdaptiveRate, LetsEveryoneThroughUntilTheProviderThrottles) {
  AdaptiveRate rate(at(0ms));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(rate.take_turn(at(0ms)), at(0ms));
  rate.learn(false, at(1s));
  EXPECT_EQ(rate.take_turn(at(1s)), at(1s));
}

TEST(AdaptiveRate, GoesOnAtSevenTenthsOfWhatWasThrottled) {
  AdaptiveRate rate(at(0ms));
  throttle_at_ten_a_second(rate);
  EXPECT_NEAR(rate.measured(), 10, 0.5);
  EXPECT_NEAR(rate.allowed(), 0.7 * rate.measured(), 1e-9);
  const double before = rate.allowed();
  rate.learn(true, at(2'200ms));
  EXPECT_NEAR(rate.allowed(), 0.7 * before, 1e-9) << "again";
}

TEST(AdaptiveRate, GivesTurnsOneAfterAnother) {
  AdaptiveRate rate(at(0ms));
  throttle_at_ten_a_second(rate);
  const std::chrono::duration<double> step(1 / rate.allowed());
  const SteadyTime now = at(2'100ms);
  SteadyTime last = now;
  while (last == now) last = rate.take_turn(now);  // what the bucket held
  for (int i = 1; i <= 5; ++i) {
    const SteadyTime next = rate.take_turn(now);
    EXPECT_NEAR(std::chrono::duration<double>(next - last).count(), step.count(), 2e-3);
    last = next;
  }
  rate.give_back();
  EXPECT_EQ(rate.take_turn(now), last) << "a turn that was given back is free again";
}

TEST(AdaptiveRate, FeelsItsWayUpAfterwards) {
  AdaptiveRate rate(at(0ms));
  throttle_at_ten_a_second(rate);
  const double low = rate.allowed();
  for (int i = 1; i <= 60; ++i) rate.learn(false, at(2'100ms + i * 100ms));
  EXPECT_GT(rate.allowed(), low);
  EXPECT_LE(rate.allowed(), 2 * rate.measured()) << "but no faster than twice what is sent";
}

TEST(AdaptiveRate, NeverStopsQuite) {
  AdaptiveRate rate(at(0ms));
  for (int i = 1; i <= 50; ++i) rate.learn(true, at(i * 1s));
  EXPECT_EQ(rate.allowed(), 0.5);
}

// One call after the other: how long the last one took to go out.
std::chrono::nanoseconds time_for_the_call_after_a_throttle(RetryMode mode) {
  TestEndpoint test;
  const Endpoint endpoint = test.open({.retry = {.max_attempts = 1, .mode = mode}});
  test.transport->reply({.status = 429});
  test.transport->handle([](const HttpRequest&) {
    return ScriptedReply{.headers = sse(), .body = {text_chunk("x"), finish_chunk()}};
  });
  std::chrono::nanoseconds took{};
  for (int i = 0; i < 2; ++i) {
    const auto began = test.clock->steady_now();
    auto stream = endpoint.chat_stream(hello);
    while (stream->next()) {
    }
    took = test.clock->steady_now() - began;
  }
  EXPECT_EQ(test.transport->request_count(), 2U);
  return took;
}

TEST(AdaptiveMode, HoldsCallsBackOnceTheProviderHasThrottled) {
  EXPECT_EQ(time_for_the_call_after_a_throttle(RetryMode::standard), 0s);
  EXPECT_EQ(time_for_the_call_after_a_throttle(RetryMode::adaptive), 2s) << "half a call a second";
}

TEST(AdaptiveMode, CountsTheWaitForTheTotalTimerAndGivesItsTurnBack) {
  TestEndpoint test;
  const Endpoint endpoint = test.open({.retry = {.max_attempts = 1, .mode = RetryMode::adaptive}});
  test.transport->reply({.status = 429});
  const auto end_of = [&](const CallOptions& options) {
    std::optional<Error> error;
    auto stream = endpoint.chat_stream(hello, options);
    while (auto event = stream->next()) {
      if (!*event) error = event->error();
    }
    return error;
  };
  EXPECT_EQ(end_of({})->code, ErrorCode::rate_limit);
  const auto began = test.clock->steady_now();
  const auto late = end_of({.timeouts = Timeouts{.total = 1s}});
  ASSERT_TRUE(late);
  EXPECT_EQ(late->phase, Phase::total);
  EXPECT_EQ(test.clock->steady_now() - began, 1s);
  EXPECT_EQ(test.transport->request_count(), 1U);
  EXPECT_EQ(endpoint.state()->rate->take_turn(test.clock->steady_now()) - began, 2s);
}

TEST(AdaptiveMode, HoldsNoOtherEndpointBack) {
  TestEndpoint test;
  const Endpoint throttled = test.open({.retry = {.max_attempts = 1, .mode = RetryMode::adaptive}});
  const Endpoint other = test.make(std::make_unique<PlainCloud>(), test.signer, "test://other");
  for (int i = 0; i < 5; ++i) throttled.state()->rate->learn(true, test.clock->steady_now());
  test.transport->handle([](const HttpRequest&) {
    return ScriptedReply{.headers = sse(), .body = {text_chunk("x"), finish_chunk()}};
  });
  Loop loop(*test.client);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(loop.chat_stream(other, hello));
  const auto began = test.clock->steady_now();
  while (loop.next()) {
  }
  EXPECT_EQ(test.clock->steady_now(), began);
}

}  // namespace
}  // namespace ek::test
