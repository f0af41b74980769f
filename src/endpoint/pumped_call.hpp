// A call that is driven by the thread that wants its answer, on a lane leased from the client.
#pragma once

#include <memory>
#include <optional>

#include "endpoint/call.hpp"
#include "http/lane_pool.hpp"

namespace ek {

class PumpedCall final : private CallHost {
 public:
  explicit PumpedCall(std::unique_ptr<Call> call) : call_(std::move(call)) {}
  PumpedCall(const PumpedCall&) = delete;
  PumpedCall& operator=(const PumpedCall&) = delete;

  /// Works until an item can be taken or the call is over (true), or until `until` (false).
  bool pump(SteadyTime until);
  /// The same without a limit.
  void pump() { pump(SteadyTime::max()); }

  [[nodiscard]] Call& call() noexcept { return *call_; }
  [[nodiscard]] const Call& call() const noexcept { return *call_; }
  [[nodiscard]] SteadyTime now() const;

 private:
  Lane& lane() override { return *lane_; }
  void sign(std::shared_ptr<SignJob> job) override { job->run(); }
  void wake() noexcept override { lane_->wake(); }

  bool begun_ = false;
  LanePool::Lease lane_;  // Outlives the call, whose exchanges are on it.
  std::unique_ptr<Call> call_;
};

}  // namespace ek
