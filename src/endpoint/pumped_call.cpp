#include "endpoint/pumped_call.hpp"

#include <algorithm>
#include <utility>

namespace ek {

SteadyTime PumpedCall::now() const { return call_->endpoint().client->environment->steady_now(); }

bool PumpedCall::pump(SteadyTime until) {
  // An item that waits needs neither the clock nor the socket: at full speed that is the usual
  // case.
  if (begun_ && call_->item_waits()) return true;
  if (call_->over()) return true;
  if (!std::exchange(begun_, true)) {
    lane_ = call_->endpoint().client->lanes.lease(now());
    call_->attach(*this);
  }
  has_until_ = until != SteadyTime::max();
  // What has come meanwhile counts before what is late.
  if (std::exchange(left_waiting_, false)) lane_->wait(now());
  call_->start_clock();
  bool ready = call_->advance();
  // Who comes back with no time to wait still has the sockets looked at.
  for (bool late = false; !ready && !late;) {
    late = has_until_ && now() >= until;
    lane_->wait(std::min(until, call_->deadline()));
    ready = call_->advance();
  }
  pause(ready);
  return ready;
}

void PumpedCall::complete() {
  if (call_->over()) return;
  call_->start_clock();
  pause(call_->advance());
}

// Whoever drives the call turns to other things.
void PumpedCall::pause(bool ready) {
  left_waiting_ = !ready;
  call_->stop_clock(left_waiting_);
  if (!call_->over()) return;
  tokens_.reset();
  lane_.reset();
}

// The caller's thread may fetch a token, unless something else has to happen in the meantime.
void PumpedCall::sign(std::shared_ptr<SignJob> job) {
  if (!has_until_ && !call_->must_not_block()) return static_cast<void>(job->run());
  if (job->run_at_once()) return;
  if (tokens_ == nullptr) tokens_ = std::make_unique<TokenThreads>();
  tokens_->submit(std::move(job), [this] { lane_->wake(); });
}

}  // namespace ek
