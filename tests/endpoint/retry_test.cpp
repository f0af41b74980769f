#include "endpoint/retry.hpp"

#include <gtest/gtest.h>

#include "base/http_date.hpp"

namespace ek {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds plenty = 600s;
const Error throttled{.code = ErrorCode::rate_limit, .http_status = 429, .retryable = true};
const Error overloaded{.code = ErrorCode::unavailable, .http_status = 503, .retryable = true};
const Error refused{.code = ErrorCode::transport, .phase = Phase::connect, .retryable = true};
const Error lost{.code = ErrorCode::transport, .phase = Phase::headers};
const Error bad{.code = ErrorCode::invalid_request, .http_status = 400};

TEST(RetryDelay, FollowsTheStandardBackoff) {
  // t = random · min(base · 2^i, 20 s), base 50 ms or, when throttled, 1 s
  const RetryPolicy many{.max_attempts = 100};
  EXPECT_EQ(retry_delay(overloaded, many, 1, 0.5, plenty), 25ms);
  EXPECT_EQ(retry_delay(overloaded, many, 2, 0.5, plenty), 50ms);
  EXPECT_EQ(retry_delay(overloaded, many, 4, 0.5, plenty), 200ms);
  EXPECT_EQ(retry_delay(overloaded, many, 60, 0.5, plenty), 10s);
  EXPECT_EQ(retry_delay(throttled, many, 1, 0.5, plenty), 500ms);
  EXPECT_EQ(retry_delay(throttled, many, 3, 0.25, plenty), 1s);
  EXPECT_EQ(retry_delay(throttled, many, 9, 0.5, plenty), 10s);
  EXPECT_EQ(retry_delay(overloaded, many, 1, 0.0, plenty), 0ms);
}

TEST(RetryDelay, StopsAtTheAttemptsAndAtTheDeadline) {
  EXPECT_TRUE(retry_delay(overloaded, {.max_attempts = 3}, 2, 0.5, plenty));
  EXPECT_FALSE(retry_delay(overloaded, {.max_attempts = 3}, 3, 0.5, plenty));
  EXPECT_FALSE(retry_delay(overloaded, {.max_attempts = 1}, 1, 0.5, plenty));
  EXPECT_FALSE(retry_delay(throttled, {}, 1, 0.5, 500ms)) << "it would be over before the retry";
}

TEST(RetryDelay, SendsNothingTwiceThatMayBePaid) {
  const Error timed_out{.code = ErrorCode::timeout, .http_status = 408, .retryable = true};
  const Error gateway{.code = ErrorCode::timeout, .http_status = 504, .retryable = true};
  const Error cut{.code = ErrorCode::truncated, .phase = Phase::stream};
  for (const Error& error : {lost, timed_out, gateway, cut}) {
    EXPECT_FALSE(retry_delay(error, {}, 1, 0.5, plenty)) << describe(error);
    EXPECT_TRUE(retry_delay(error, {.retry_paid = true}, 1, 0.5, plenty)) << describe(error);
  }
  EXPECT_TRUE(retry_delay(refused, {}, 1, 0.5, plenty)) << "nothing was sent";
  EXPECT_FALSE(retry_delay(bad, {.retry_paid = true}, 1, 0.5, plenty));
}

TEST(RetryDelay, TakesAModelThatFailedInItsStreamForPaid) {
  const auto in_stream = [](ErrorCode code, bool retryable, std::string provider_code = {}) {
    return Error{.code = code,
                 .phase = Phase::stream,
                 .http_status = 200,
                 .provider_code = std::move(provider_code),
                 .retryable = retryable};
  };
  struct Row {
    Error error;
    bool plain, paid;  // is retried by default, and on retry_paid
  };
  const Row table[] = {
      {in_stream(ErrorCode::unavailable, true), false, true},
      {in_stream(ErrorCode::server_error, true, "internalServerException"), false, true},
      {in_stream(ErrorCode::model_error, true, "ModelStreamErrorException"), false, true},
      {in_stream(ErrorCode::model_error, false, "ModelStreamError"), false, false},
      {in_stream(ErrorCode::content_filter, false), false, false},
      {in_stream(ErrorCode::rate_limit, true, "throttlingException"), true, true},
      {in_stream(ErrorCode::unavailable, true, "overloaded_error"), true, true},
  };
  for (const Row& row : table) {
    SCOPED_TRACE(describe(row.error));
    EXPECT_EQ(retry_delay(row.error, {}, 1, 0.5, plenty).has_value(), row.plain);
    EXPECT_EQ(retry_delay(row.error, {.retry_paid = true}, 1, 0.5, plenty).has_value(), row.paid);
  }
}

TEST(RetryDelay, HonoursTheProvidersWishUpToAMinute) {
  Error error = throttled;
  error.retry_after = 2s;
  EXPECT_EQ(retry_delay(error, {}, 1, 0.5, plenty), 2s);
  error.retry_after = 10ms;
  EXPECT_EQ(retry_delay(error, {}, 1, 0.5, plenty), 500ms) << "never sooner than the backoff";
  error.retry_after = 60s;
  EXPECT_EQ(retry_delay(error, {}, 1, 0.5, plenty), 60s);
  error.retry_after = 24h;
  EXPECT_FALSE(retry_delay(error, {}, 1, 0.5, milliseconds::max()));
}

TEST(RetryDelay, TakesAHintForFiveSecondsMoreThanTheBackoffAtMost) {
  Error error = throttled;
  for (const auto& [wish, wait] : {std::pair(2000ms, 2000ms), {10ms, 500ms}, {60s, 5500ms}}) {
    error.retry_after = wish;
    EXPECT_EQ(retry_delay(error, {}, 1, 0.5, plenty, true), wait) << wish.count();
  }
}

TEST(RetryDelay, DoublesUpToTheLongestBackoff) {
  const RetryPolicy policy{.max_attempts = 100, .max_backoff = 200ms};
  EXPECT_EQ(retry_delay(overloaded, policy, 2, 0.5, plenty), 50ms);
  EXPECT_EQ(retry_delay(overloaded, policy, 40, 0.5, plenty), 100ms);
}

TEST(RetryBudget, IsSpentByRetriesAndRefilledBySuccess) {
  RetryBudget budget;
  for (int i = 0; i < 35; ++i)
    EXPECT_TRUE(budget.take(retry_cost(overloaded))) << i;  // 35 · 14 = 490
  EXPECT_FALSE(budget.take(retry_cost(overloaded)));
  EXPECT_TRUE(budget.take(retry_cost(throttled)));
  EXPECT_TRUE(budget.take(retry_cost(throttled)));
  EXPECT_FALSE(budget.take(1));
  budget.give_back(14);
  EXPECT_TRUE(budget.take(14));
  budget.give_back(10'000);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(budget.take(5));
  EXPECT_FALSE(budget.take(1)) << "it holds 500 at most";
}

TEST(RetryAfter, ReadsEveryForm) {
  const auto now = parse_http_date("Wed, 25 Nov 2026 12:00:00 GMT").value();
  struct Row {
    std::vector<Header> headers;
    std::optional<milliseconds> wish;
  };
  const Row table[] = {
      {{{"Retry-After-Ms", "1500"}, {"Retry-After", "2"}}, 1500ms},
      {{{"x-ms-retry-after-ms", "70.5"}}, 70ms},
      {{{"x-amz-retry-after", "300"}}, 300ms},
      {{{"Retry-After", "2"}}, 2s},
      {{{"retry-after", " 0.25 "}}, 250ms},
      {{{"retry-after", "0"}}, 0ms},
      {{{"retry-after", "Wed, 25 Nov 2026 12:00:30 GMT"}}, 30s},
      {{{"retry-after", "Wed, 25 Nov 2026 11:00:00 GMT"}}, 0ms},
      {{{"retry-after", "-5"}}, std::nullopt},
      {{{"retry-after", "soon"}}, std::nullopt},
      {{{"retry-after", "nan"}}, std::nullopt},
      {{{"retry-after", "1e300"}}, milliseconds(1'000'000'000'000)},
      {{{"retry-after-ms", "x"}, {"retry-after", "3"}}, 3s},
      {{}, std::nullopt},
  };
  for (const Row& row : table) {
    const std::string value = row.headers.empty() ? "none" : row.headers[0].value;
    EXPECT_EQ(retry_after({.status = 429, .headers = row.headers}, now), row.wish) << value;
  }
}

TEST(RetryAfter, KnowsAHintFromAWish) {
  EXPECT_TRUE(is_retry_hint({.headers = {{"x-amz-retry-after", "300"}}}));
  EXPECT_TRUE(is_retry_hint({.headers = {{"x-amz-retry-after", "300"}, {"retry-after", "2"}}}));
  EXPECT_FALSE(is_retry_hint({.headers = {{"x-amz-retry-after", "soon"}, {"retry-after", "2"}}}));
  EXPECT_FALSE(is_retry_hint({.headers = {{"retry-after", "2"}}}));
}

TEST(HttpDate, AcceptsOnlyTheFixedForm) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT")->time_since_epoch().count(),
            784111777);
  for (const char* text : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                           "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
                           "Sun, 06 Xxx 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

}  // namespace
}  // namespace ek
