#include "endpoint/retry.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/http_date.hpp"
#include "base/text.hpp"

namespace ek {
namespace {

using std::chrono::milliseconds;

constexpr int budget_size = 500;
constexpr int transient_cost = 14;
constexpr int throttling_cost = 5;
constexpr milliseconds transient_base{50};
constexpr milliseconds throttling_base{1000};
// Who asks for more than a minute is not waited for: the error carries the wish to the caller.
constexpr milliseconds longest_wish{60'000};
constexpr milliseconds longest_hint{5'000};

// An overloaded_error "would normally correspond to an HTTP 529", but comes in streams as well
// (docs.anthropic.com, streaming messages, error events).
bool refuses_load(const Error& error) noexcept {
  return is_throttling(error) || error.provider_code.find("overloaded") != std::string::npos;
}

// A number without locale; none if anything else stands there.
std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(value) ||
      value < 0) {
    return std::nullopt;
  }
  return value;
}

milliseconds to_milliseconds(double value) {
  constexpr double largest = 1e12;  // about 30 years: keeps absurd values from overflowing
  return milliseconds(static_cast<std::int64_t>(std::min(value, largest)));
}

// What was computed may have been whole and is gone.
bool is_lost(const Error& error) noexcept {
  const bool cut =
      error.code == ErrorCode::truncated ||
      (error.code == ErrorCode::transport && !error.retryable && error.phase >= Phase::send);
  const bool late = error.code == ErrorCode::timeout && error.phase != Phase::connect;
  return cut || late || error.http_status == 408 || error.http_status == 504;
}

}  // namespace

bool is_throttling(const Error& error) noexcept { return error.code == ErrorCode::rate_limit; }

bool may_be_paid(const Error& error) noexcept {
  if (error.phase == Phase::credentials) return false;  // the model was not asked yet
  // After a 2xx the model was at work, unless the provider says that it takes no more.
  const bool begun = error.phase == Phase::stream || error.phase == Phase::decode;
  return is_lost(error) || (begun && !refuses_load(error));
}

bool RetryBudget::take(int cost) {
  const std::lock_guard lock(mutex_);
  if (tokens_ < cost) return false;
  tokens_ -= cost;
  return true;
}

void RetryBudget::give_back(int amount) {
  const std::lock_guard lock(mutex_);
  tokens_ = std::min(budget_size, tokens_ + amount);
}

int retry_cost(const Error& error) noexcept {
  return is_throttling(error) ? throttling_cost : transient_cost;
}

std::optional<milliseconds> retry_delay(const Error& error, const RetryPolicy& policy, int made,
                                        double random, milliseconds time_left, bool is_hint) {
  const bool worthwhile = error.retryable || is_lost(error);
  if (!worthwhile || (may_be_paid(error) && !policy.retry_paid) || made >= policy.max_attempts) {
    return std::nullopt;
  }
  const milliseconds base = is_throttling(error) ? throttling_base : transient_base;
  const int doublings = std::min(made - 1, 16);
  const milliseconds most = std::min(base * (1 << doublings), policy.max_backoff);
  auto delay = milliseconds(static_cast<std::int64_t>(static_cast<double>(most.count()) * random));
  if (error.retry_after && is_hint) {
    delay = std::clamp(*error.retry_after, delay, delay + longest_hint);
  } else if (error.retry_after) {
    if (*error.retry_after > longest_wish) return std::nullopt;
    delay = std::max(delay, *error.retry_after);
  }
  if (delay >= time_left) return std::nullopt;
  return delay;
}

bool is_retry_hint(const HttpHead& head) {
  for (const std::string_view name : {"retry-after-ms", "x-ms-retry-after-ms"}) {
    if (parse_number(trim(head.header(name)))) return false;
  }
  return parse_number(trim(head.header("x-amz-retry-after"))).has_value();
}

std::optional<milliseconds> retry_after(const HttpHead& head,
                                        std::chrono::system_clock::time_point now) {
  for (const std::string_view name :
       {"retry-after-ms", "x-ms-retry-after-ms", "x-amz-retry-after"}) {
    if (const auto value = parse_number(trim(head.header(name)))) return to_milliseconds(*value);
  }
  const std::string_view text = trim(head.header("retry-after"));
  if (const auto seconds = parse_number(text)) return to_milliseconds(*seconds * 1000);
  if (const auto date = parse_http_date(text)) {
    const auto wait = std::chrono::duration_cast<milliseconds>(*date - now);
    return std::max(wait, milliseconds(0));
  }
  return std::nullopt;
}

void heed_headers(Error& error, const HttpHead& head, std::chrono::system_clock::time_point now) {
  if (!error.retry_after) error.retry_after = retry_after(head, now);
  const std::string_view advice = trim(head.header("x-should-retry"));
  if (iequals(advice, "true")) error.retryable = true;
  if (iequals(advice, "false")) error.retryable = false;
}

}  // namespace ek
