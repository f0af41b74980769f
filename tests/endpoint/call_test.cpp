#include "endpoint/call.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "endpoint/outcome.hpp"
#include "endpointkit/observer.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const CallOptions draining{.timeouts = Timeouts{.first_event = 0s, .idle = 0s, .total = 0s},
                           .on_cancel = CancelMode::drain};

TEST(CallCancel, EndsAtOnceFromAnotherThread) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(), .body = {text_chunk("x")}, .hangs = true});
  const Endpoint endpoint = test.open({.timeouts = {.first_event = 0s, .idle = 0s, .total = 0s}});
  auto stream = endpoint.chat_stream(hello);
  ASSERT_TRUE(stream->next());
  std::thread other([&] { stream->cancel(); });
  const Outcome outcome = drain(*stream);  // would block for ever
  other.join();
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::cancelled);
  EXPECT_EQ(test.transport->aborted(), 1U);
}

TEST(CallCancel, ListensToTheCallersStopToken) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(), .hangs = true});
  const Endpoint endpoint = test.open({.timeouts = {.first_event = 0s, .idle = 0s, .total = 0s}});
  std::stop_source source;
  auto stream = endpoint.chat_stream(hello, {.stop = source.get_token()});
  std::thread other([&] { source.request_stop(); });
  EXPECT_EQ(drain(*stream).error->code, ErrorCode::cancelled);
  other.join();
}

TEST(CallCancel, BeforeTheFirstPullSendsNothing) {
  TestEndpoint test;
  const Endpoint endpoint = test.open();
  auto stream = endpoint.chat_stream(hello);
  stream->cancel();
  EXPECT_EQ(drain(*stream).error->code, ErrorCode::cancelled);
  EXPECT_EQ(test.transport->request_count(), 0U);
}

// The stream's end after its stop, with nothing that lets time pass.
void expect_cancelled(TestEndpoint& test, ChatStream& stream, int attempts) {
  const auto before = test.clock->steady_now();
  const auto end = stream.next();
  ASSERT_TRUE(end && !*end);
  EXPECT_EQ(end->error().code, ErrorCode::cancelled);
  EXPECT_EQ(end->error().attempts, attempts);
  EXPECT_EQ(test.clock->steady_now(), before);
}

TEST(CallCancel, EndsACallThatWaitsForItsTurn) {
  std::stop_source stop;
  TestEndpoint test;
  const Endpoint limited = *test.open().with_limits({.max_in_flight = 1});
  test.transport->reply({.headers = sse(), .body = {text_chunk("x")}, .hangs = true});
  auto first = limited.chat_stream(hello);
  ASSERT_TRUE(first->next());
  auto second = limited.chat_stream(hello, {.stop = stop.get_token()});
  EXPECT_FALSE(second->wait(0ms));
  stop.request_stop();
  expect_cancelled(test, *second, 0);
}

TEST(CallCancel, EndsACallThatThePaceOfItsEndpointHolds) {
  std::stop_source stop;
  TestEndpoint test;
  const Endpoint endpoint = test.open({.retry = {.mode = RetryMode::adaptive}});
  auto& rate = *endpoint.state()->rate;
  rate.learn(true, test.clock->steady_now());
  auto stream = endpoint.chat_stream(hello, {.stop = stop.get_token()});
  EXPECT_FALSE(stream->wait(0ms));
  stop.request_stop();
  expect_cancelled(test, *stream, 0);
  EXPECT_EQ(rate.take_turn(test.clock->steady_now()) - test.clock->steady_now(), 2s)
      << "its turn is free again";
}

TEST(CallCancel, EndsACallThatBacksOff) {
  struct Stops final : Observer {
    void on_moment(const CallMoment& moment) noexcept override {
      if (moment.retry_in) stop.request_stop();
    }
    std::stop_source stop;
  };
  const auto stops = std::make_shared<Stops>();
  TestEndpoint test;
  test.transport->reply({.status = 503, .headers = {{"retry-after", "5"}}});
  const Endpoint endpoint = test.open();
  auto stream = endpoint.chat_stream(hello, {.stop = stops->stop.get_token(), .observer = stops});
  expect_cancelled(test, *stream, 1);
}

TEST(CallCancel, EndsACallWhoseProofIsFetched) {
  struct Slow final : Signer {
    Result<std::vector<Header>> sign(const HttpRequest&, const SignContext& context) override {
      if (!context.may_fetch()) return fetch_is_due();
      stop.request_stop();
      EXPECT_TRUE(context.stop.stop_requested());
      return Error{.code = ErrorCode::transport, .phase = Phase::connect, .retryable = true};
    }
    bool renew(const std::vector<Header>&) override { return false; }
    std::string describe() const override { return "slow"; }
    std::stop_source stop;
  };
  TestEndpoint test;
  (void)test.open();
  const auto slow = std::make_shared<Slow>();
  const Endpoint endpoint = test.make(std::make_unique<PlainCloud>(), slow, "test://slow");
  auto stream = endpoint.chat_stream(hello, {.stop = slow->stop.get_token()});
  expect_cancelled(test, *stream, 1);
  EXPECT_EQ(test.transport->request_count(), 0U);
}

TEST(CallCancel, ReadsOnForTheUsageWhereThatIsWanted) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(),
                         .body = {text_chunk("a"), text_chunk("b"),
                                  "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,"
                                  "\"completion_tokens\":2,\"total_tokens\":5}}\n\n",
                                  finish_chunk()}});
  const Endpoint endpoint = test.open();
  auto stream = endpoint.chat_stream(hello, draining);
  ASSERT_TRUE(stream->next());
  stream->cancel();
  const Outcome outcome = drain(*stream);
  EXPECT_EQ(outcome.text, "") << "nothing is handed out any more";
  EXPECT_EQ(outcome.error->code, ErrorCode::cancelled);
  EXPECT_EQ(stream->reply().usage.total_tokens, 5);
  EXPECT_EQ(test.transport->aborted(), 0U) << "the connection can be used again";
}

TEST(CallCancel, DoesNotReadOnForEver) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(), .body = {text_chunk("a")}, .hangs = true});
  const Endpoint endpoint = test.open();
  auto stream = endpoint.chat_stream(hello, draining);
  ASSERT_TRUE(stream->next());
  const auto before = test.clock->steady_now();
  stream->cancel();
  EXPECT_EQ(drain(*stream).error->code, ErrorCode::cancelled);
  EXPECT_EQ(test.clock->steady_now() - before, 30s);
}

TEST(CallCancel, SaysCancelledThoughTheRestWasCut) {
  TestEndpoint test;
  test.transport->reply({.headers = sse(), .body = {text_chunk("a")}, .error = truncated_error()});
  const Endpoint endpoint = test.open();
  auto stream = endpoint.chat_stream(hello, draining);
  ASSERT_TRUE(stream->next());
  stream->cancel();
  const Outcome outcome = drain(*stream);
  EXPECT_EQ(outcome.error->code, ErrorCode::cancelled);
  EXPECT_THAT(outcome.error->message, HasSubstr("could not be read"));
}

}  // namespace
}  // namespace ek::test
