// Timers, retries and cancelling: by key and text, and from whom a call has them.
#include <gmock/gmock.h>

#include "endpointkit/group.hpp"
#include "support/test_endpoint.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const ChatRequest hello{.messages = {user("Hello!")}};

TEST(CallDefaults, AreSetByKeyAndText) {
  const std::pair<const char*, const char*> table[] = {
      {"timeout.connect_ms", "1"},   {"timeout.first_event_ms", "2"},
      {"timeout.idle_ms", "3"},      {"timeout.total_ms", "0"},
      {"retry.max_backoff_ms", "4"}, {"timeout.min_bytes_per_second", "5"},
      {"retry.max_attempts", "6"},   {"retry.retry_paid", "true"},
      {"retry.mode", "adaptive"},    {"cancel.mode", "drain"}};
  CallDefaults defaults;
  for (const auto& [key, text] : table) EXPECT_TRUE(set_call_default(defaults, key, text)) << key;
  const CallDefaults wanted{.timeouts = {.connect = 1ms,
                                         .first_event = 2ms,
                                         .idle = 3ms,
                                         .total = 0ms,
                                         .min_bytes_per_second = 5},
                            .retry = {.max_attempts = 6,
                                      .retry_paid = true,
                                      .max_backoff = 4ms,
                                      .mode = RetryMode::adaptive},
                            .on_cancel = CancelMode::drain};
  EXPECT_EQ(defaults, wanted);
  for (const auto& [key, text] : {std::pair("retry.retry_paid", "false"),
                                  {"retry.mode", "standard"},
                                  {"cancel.mode", "abort"}})
    EXPECT_TRUE(set_call_default(defaults, key, text)) << key;
  EXPECT_FALSE(defaults.retry.retry_paid);
  EXPECT_EQ(defaults.retry.mode, RetryMode::standard);
  EXPECT_EQ(defaults.on_cancel, CancelMode::abort);
}

TEST(CallDefaults, AreLeftAloneByWhatDoesNotFit) {
  const std::pair<const char*, const char*> table[] = {
      {"timeout.idle_ms", "soon"},
      {"timeout.idle_ms", "-1"},
      {"timeout.idle_ms", ""},
      {"timeout.idle_ms", "10s"},
      {"timeout.idle_ms", " 1"},
      {"timeout.total_ms", "99999999999999999999"},
      {"timeout.connect_ms", "1.5"},
      {"timeout.min_bytes_per_second", "4294967296"},
      {"retry.max_attempts", "0"},
      {"retry.max_attempts", "101"},
      {"retry.retry_paid", "yes"},
      {"retry.mode", "legacy"},
      {"cancel.mode", "Abort"},
      {"timeout.frist_event_ms", "1"},
      {"timeout", "1"}};
  for (const auto& [key, text] : table) {
    CallDefaults defaults;
    const auto set = set_call_default(defaults, key, text);
    ASSERT_FALSE(set) << key << "=" << text;
    EXPECT_EQ(set.error().code, ErrorCode::invalid_request);
    EXPECT_THAT(set.error().message, HasSubstr(key));
    EXPECT_EQ(defaults, CallDefaults{}) << key << "=" << text;
  }
  CallDefaults defaults;
  EXPECT_THAT(set_call_default(defaults, "timeout.idle", "1").error().message,
              HasSubstr("timeout.idle_ms"));
}

// The phase of the timer that ends a call to somebody who never answers, and when.
struct End {
  Phase phase;
  std::chrono::nanoseconds after;
  bool operator==(const End&) const = default;
};
End end_of(TestEndpoint& test, const Endpoint& endpoint, const CallOptions& options = {}) {
  test.transport->reply({.headers = sse(), .hangs = true});
  const auto began = test.clock->steady_now();
  auto stream = endpoint.chat_stream(hello, options);
  const auto event = stream->next();
  EXPECT_TRUE(event && !*event);
  return {event->error().phase, test.clock->steady_now() - began};
}

TEST(CallDefaults, ComeFromTheCallThenTheEndpointThenTheClient) {
  TestEndpoint test;
  const Endpoint plain = test.open({.timeouts = {.first_event = 3s}});
  CallDefaults slower = plain.defaults();
  EXPECT_EQ(slower.timeouts.first_event, 3s);
  slower.timeouts.first_event = 0s;
  slower.timeouts.total = 5s;
  const Endpoint own = plain.with_defaults(slower);
  EXPECT_EQ(end_of(test, plain), (End{Phase::first_event, 3s}));
  EXPECT_EQ(end_of(test, own), (End{Phase::total, 5s}));
  EXPECT_EQ(end_of(test, own, {.timeouts = Timeouts{.first_event = 1s}}),
            (End{Phase::first_event, 1s}));
  EXPECT_EQ(end_of(test, own, {.retry = RetryPolicy{}}), (End{Phase::total, 5s}));
}

TEST(CallDefaults, SayHowACancelledStreamEnds) {
  TestEndpoint test;
  const Endpoint endpoint = test.open({.on_cancel = CancelMode::drain});
  for (const auto mode : {std::optional<CancelMode>(), std::optional(CancelMode::abort)}) {
    test.transport->reply({.headers = sse(), .body = {text_chunk("a"), finish_chunk()}});
    const auto aborted = test.transport->aborted();
    auto stream = endpoint.chat_stream(hello, {.on_cancel = mode});
    ASSERT_TRUE(stream->next());
    stream->cancel();
    EXPECT_EQ(stream->next()->error().code, ErrorCode::cancelled);
    EXPECT_EQ(test.transport->aborted() - aborted, mode ? 1U : 0U);
  }
}

TEST(CallDefaults, OfAMemberHoldInItsGroup) {
  TestEndpoint test;
  const Endpoint plain = test.open();
  CallDefaults hasty = plain.defaults();
  hasty.timeouts.first_event = 2s;
  const Endpoint member = plain.with_defaults(hasty);
  const Endpoint group = *make_group({{&member}});
  EXPECT_EQ(end_of(test, group), (End{Phase::first_event, 2s}));
  EXPECT_EQ(end_of(test, group, {.timeouts = Timeouts{.first_event = 1s}}),
            (End{Phase::first_event, 1s}));
  hasty.timeouts = {.first_event = 0s, .total = 4s};
  EXPECT_EQ(end_of(test, group.with_defaults(hasty)), (End{Phase::total, 4s}));
}

}  // namespace
}  // namespace ek::test
