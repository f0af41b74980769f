// Whether and when a failed attempt is made again. Pure, but for the budget.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string_view>

#include "endpointkit/endpoint.hpp"
#include "endpointkit/ext/transport.hpp"

namespace ek {

/// Bounds what all calls of a client spend on retries: a bucket of 500 tokens from which a retry
/// takes 14, or 5 when the provider throttles; success gives back (AWS SDKs, standard mode, retry
/// spec 2.1). Thread-safe.
class RetryBudget {
 public:
  /// False if the bucket holds less than `cost`; then nothing is taken.
  bool take(int cost);
  void give_back(int amount);

 private:
  std::mutex mutex_;
  int tokens_ = 500;
};

/// True if the provider asks for fewer requests.
bool is_throttling(const Error& error) noexcept;

/// True if the model may have computed the answer, and the provider billed it, although we did not
/// get it.
bool may_be_paid(const Error& error) noexcept;

/// What a retry of `error` costs in tokens of the budget.
int retry_cost(const Error& error) noexcept;

/// How long to wait before the next attempt, if there should be one. `made` attempts (≥ 1) have
/// failed, the last with `error`; `random` is uniform in [0, 1). None if the error, the policy or
/// `time_left` forbid it. The provider's wish is granted up to a minute, a mere hint up to 5 s more
/// than the backoff.
std::optional<std::chrono::milliseconds> retry_delay(const Error& error, const RetryPolicy& policy,
                                                     int made, double random,
                                                     std::chrono::milliseconds time_left,
                                                     bool is_hint = false);

/// The provider's wish in any of its forms: retry-after-ms, x-ms-retry-after-ms, x-amz-retry-after
/// (milliseconds), Retry-After (seconds, also fractions, or an HTTP date, RFC 9110 §10.2.3).
/// Negative and unreadable values are none; a date in the past is zero.
std::optional<std::chrono::milliseconds> retry_after(const HttpHead& head,
                                                     std::chrono::system_clock::time_point now);

/// Puts what the answer's headers say of another attempt into `error`: the wish, where its body
/// told none, and x-should-retry (true or false, of servers that speak OpenAI's protocol), which
/// decides.
void heed_headers(Error& error, const HttpHead& head, std::chrono::system_clock::time_point now);

/// True if the wish is an x-amz-retry-after, which the AWS SDKs take for a hint.
bool is_retry_hint(const HttpHead& head);

}  // namespace ek
