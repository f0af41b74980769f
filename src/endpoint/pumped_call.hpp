// A call that is driven by the thread that wants its answer, on a lane leased from the client.
#pragma once

#include <chrono>
#include <memory>

#include "base/later.hpp"
#include "endpoint/call.hpp"
#include "endpoint/token_threads.hpp"
#include "http/lane_pool.hpp"

namespace ek {

class PumpedCall final : private CallHost {
 public:
  explicit PumpedCall(std::unique_ptr<Call> call) : call_(std::move(call)) {}
  PumpedCall(const PumpedCall&) = delete;
  PumpedCall& operator=(const PumpedCall&) = delete;

  /// Works until an item can be taken or the call is over (true), or until `until` (false).
  bool pump(SteadyTime until);
  /// After the last item: what follows it, without waiting, so that the connection can be used
  /// again.
  void complete();
  /// The same as pump() without a limit.
  void pump() { pump(SteadyTime::max()); }

  [[nodiscard]] Call& call() noexcept { return *call_; }
  [[nodiscard]] const Call& call() const noexcept { return *call_; }
  [[nodiscard]] SteadyTime now() const;
  /// pump() for at most that long.
  bool pump_for(std::chrono::milliseconds time) { return pump(after(now(), time)); }

 private:
  Lane& lane() override { return *lane_; }
  void sign(std::shared_ptr<SignJob> job) override;
  void wake() noexcept override { lane_->wake(); }
  void pause(bool ready);

  bool begun_ = false;
  bool has_until_ = false;     // pump() has to return before the call is over
  bool left_waiting_ = false;  // and did
  // Each outlives what follows: the thread wakes the lane, the call's exchanges are on it.
  LanePool::Lease lane_;
  std::unique_ptr<TokenThreads> tokens_;
  std::unique_ptr<Call> call_;
};

}  // namespace ek
