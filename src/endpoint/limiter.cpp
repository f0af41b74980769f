#include "endpoint/limiter.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "base/text.hpp"

namespace ek {
namespace {

using std::chrono::milliseconds;

constexpr double seconds_in_a_minute = 60;
// Who is told to stay away for longer is refused by the provider and hears why.
constexpr milliseconds longest_pause{60'000};

bool none_left(std::string_view remaining) {
  const auto text = trim(remaining);
  return !text.empty() && text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

std::optional<milliseconds> parse_reset(std::string_view text) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  double total_ms = 0;
  while (!text.empty()) {
    double value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || !std::isfinite(value) || value < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::string_view unit = text.substr(0, text.find_first_of("0123456789."));
    text.remove_prefix(unit.size());
    const double ms = unit == "h"                   ? 3'600'000
                      : unit == "m"                 ? 60'000
                      : unit == "s" || unit.empty() ? 1'000
                      : unit == "ms"                ? 1
                                                    : -1;
    if (ms < 0) return std::nullopt;
    total_ms += value * ms;
  }
  return milliseconds(static_cast<std::int64_t>(std::ceil(std::min(total_ms, 1e12))));
}

Limiter::Limiter(const Limits& limits)
    : max_in_flight_(limits.max_in_flight),
      requests_{.per_second = limits.requests_per_minute / seconds_in_a_minute},
      tokens_{.per_second = limits.tokens_per_minute / seconds_in_a_minute} {
  requests_.level = requests_.most();
  tokens_.level = tokens_.most();
}

std::unique_ptr<Limiter::Ticket> Limiter::enter(double tokens, std::function<void()> wake) {
  return std::make_unique<Ticket>(shared_from_this(), tokens, std::move(wake));
}

void Limiter::refill(SteadyTime now) {
  const double passed = std::chrono::duration<double>(now - filled_).count();
  filled_ = now;
  for (Bucket* bucket : {&requests_, &tokens_})
    bucket->level = std::min(bucket->most(), bucket->level + passed * bucket->per_second);
}

// When the bucket will hold so much; `now` at the latest where there is no limit.
SteadyTime Limiter::when(const Bucket& bucket, double amount, SteadyTime now) {
  const double missing = bucket.wanted(amount) - bucket.level;
  if (bucket.per_second <= 0 || missing <= 0) return now;
  const std::chrono::duration<double> wait(missing / bucket.per_second);
  return now + std::chrono::ceil<milliseconds>(wait);
}

Limiter::Ticket* Limiter::first_awake() const {
  const auto first = std::find_if(waiting_.begin(), waiting_.end(),
                                  [](const Ticket* ticket) { return ticket->awake_; });
  return first == waiting_.end() ? nullptr : *first;
}

void Limiter::wake_next() {
  if (const Ticket* next = first_awake()) next->wake_();
}

void Limiter::leave(Ticket& ticket) {
  const std::lock_guard lock(mutex_);
  if (ticket.in_flight_) {
    --in_flight_;
  } else {
    std::erase(waiting_, &ticket);
  }
  wake_next();
}

void Limiter::learn(const HttpHead& head, std::optional<milliseconds> retry_after, SteadyTime now) {
  milliseconds pause = head.status == 429 ? retry_after.value_or(milliseconds(0)) : milliseconds(0);
  for (const std::string_view what : {"requests", "tokens"}) {
    const std::string name(what);
    if (!none_left(head.header("x-ratelimit-remaining-" + name))) continue;
    const auto reset = parse_reset(head.header("x-ratelimit-reset-" + name));
    pause = std::max(pause, reset.value_or(milliseconds(0)));
  }
  const std::lock_guard lock(mutex_);
  closed_until_ = std::max(closed_until_, now + std::min(pause, longest_pause));
}

Limiter::Ticket::Ticket(std::shared_ptr<Limiter> limiter, double tokens, std::function<void()> wake)
    : limiter_(std::move(limiter)), tokens_(tokens), wake_(std::move(wake)) {
  const std::lock_guard lock(limiter_->mutex_);
  limiter_->waiting_.push_back(this);
}

Limiter::Ticket::~Ticket() { limiter_->leave(*this); }

std::optional<SteadyTime> Limiter::Ticket::admit(SteadyTime now) {
  Limiter& limiter = *limiter_;
  const std::lock_guard lock(limiter.mutex_);
  if (limiter.first_awake() != this) return SteadyTime::max();
  if (limiter.max_in_flight_ > 0 && limiter.in_flight_ >= limiter.max_in_flight_)
    return SteadyTime::max();
  limiter.refill(now);
  const SteadyTime open = std::max({limiter.closed_until_, when(limiter.requests_, 1, now),
                                    when(limiter.tokens_, tokens_, now)});
  if (open > now) return open;
  std::erase(limiter.waiting_, this);
  limiter.requests_.level -= 1;
  limiter.tokens_.level -= tokens_;
  ++limiter.in_flight_;
  in_flight_ = true;
  limiter.wake_next();
  return std::nullopt;
}

void Limiter::Ticket::set_awake(bool awake) {
  const std::lock_guard lock(limiter_->mutex_);
  awake_ = awake;
  if (!awake) limiter_->wake_next();
}

void Limiter::Ticket::settle(double tokens) {
  const std::lock_guard lock(limiter_->mutex_);
  if (in_flight_) limiter_->tokens_.level += tokens_ - tokens;
}

}  // namespace ek
