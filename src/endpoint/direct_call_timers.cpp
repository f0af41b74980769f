// When a call is too late. Timers run while somebody drives it, not while its consumer is busy.
#include <fmt/format.h>

#include <algorithm>

#include "endpoint/direct_call.hpp"
#include "endpoint/timers.hpp"

namespace ek {

using std::chrono::milliseconds;

namespace {

// From the head of a refusal on: what it is shows in its status.
constexpr std::chrono::seconds longest_explanation{5};

}  // namespace

void DirectCall::check_timers() {
  const auto timer = next_timer();
  if (over() || !timer || pumped() < timer->due) return;
  if (state_ == State::explaining && timer->phase != Phase::total) return refuse();
  if (timer->phase != Phase::throughput || too_slow()) {
    const bool unsent =
        timer->phase == Phase::first_event && exchange_ != nullptr && !exchange_->sent();
    Error late =
        unsent ? unsent_error(plan_.timeouts) : timeout_error(timer->phase, plan_.timeouts);
    if (state_ == State::queued && ticket_ != nullptr) {
      late.message = fmt::format(
          "the call waited {} ms for the limits that the application set for {}: raise them, or "
          "read or drop the streams that use them up",
          plan_.timeouts.total.count(), endpoint().uri);
    }
    return timer->phase == Phase::total || draining_ ? end(std::move(late)) : fail(std::move(late));
  }
  window_began_ = pumped();  // whoever was away has read all that came meanwhile
  window_bytes_ = 0;
}

bool DirectCall::too_slow() const {
  const auto seconds = static_cast<std::size_t>(throughput_window.count());
  return window_bytes_ < plan_.timeouts.min_bytes_per_second * seconds;
}

std::optional<DirectCall::Timer> DirectCall::next_timer() const {
  std::optional<Timer> next;
  const auto consider = [&](Phase phase, Duration limit, Duration since) {
    const Duration due = since + limit;
    if (limit.count() > 0 && (!next || due < next->due)) next = Timer{phase, due};
  };
  consider(Phase::total, plan_.timeouts.total, Duration{});
  const bool under_way = state_ == State::sending || state_ == State::answering;
  if (under_way && consumer_->streams() && !content_) {
    consider(Phase::first_event, plan_.timeouts.first_event, attempt_began_);
  } else if (state_ == State::explaining) {
    consider(Phase::idle, longest_explanation, window_began_);
  } else if (state_ == State::answering) {
    consider(Phase::idle, plan_.timeouts.idle, last_bytes_);
    if (plan_.timeouts.min_bytes_per_second > 0)
      consider(Phase::throughput, throughput_window, window_began_);
  }
  if (draining_) consider(Phase::stream, drain_limit, drain_began_);
  return next;
}

milliseconds DirectCall::time_left() const {
  if (plan_.timeouts.total.count() <= 0) return milliseconds::max();
  return std::chrono::duration_cast<milliseconds>(plan_.timeouts.total - pumped());
}

SteadyTime DirectCall::deadline() const {
  const auto timer = next_timer();
  const SteadyTime due = timer ? entered_ + (timer->due - pumped_) : SteadyTime::max();
  if (state_ == State::backing_off) return std::min(due, retry_at_);
  const bool waits = state_ == State::queued || state_ == State::pacing;
  return waits ? std::min(due, turn_at_) : due;
}

}  // namespace ek
