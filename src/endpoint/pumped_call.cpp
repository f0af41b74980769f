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
  call_->start_clock();
  bool ready = call_->advance();
  while (!ready && (until == SteadyTime::max() || now() < until)) {
    lane_->wait(std::min(until, call_->deadline()));
    ready = call_->advance();
  }
  call_->stop_clock();
  if (call_->over()) lane_.reset();
  return ready;
}

}  // namespace ek
