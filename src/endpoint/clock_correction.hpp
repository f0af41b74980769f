// How far the provider's clock is from ours, learnt from answers that refuse a dated proof; one for
// a client. Machines whose clock is off by minutes can sign no request that a service accepts.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

#include "endpointkit/ext/environment.hpp"

namespace ek {

/// Safe from all threads.
class ClockCorrection {
 public:
  explicit ClockCorrection(std::shared_ptr<const Environment> world) : world_(std::move(world)) {}

  [[nodiscard]] const Environment& world() const noexcept { return *world_; }
  /// The wall clock, corrected.
  [[nodiscard]] std::chrono::system_clock::time_point now() const {
    return world_->now() + offset();
  }
  [[nodiscard]] std::chrono::seconds offset() const noexcept {
    return std::chrono::seconds(offset_.load());
  }
  /// A proof that was made at `used` failed, and the server's clock shows `server`. True if that is
  /// so far off (four minutes; services allow five) that a new proof is worth a try.
  bool learn(std::chrono::sys_seconds server, std::chrono::seconds used);

 private:
  const std::shared_ptr<const Environment> world_;
  std::atomic<std::int64_t> offset_ = 0;
};

/// `world` with the wall clock of `clock`.
std::shared_ptr<const Environment> with_clock(const Environment& world,
                                              std::shared_ptr<const ClockCorrection> clock);

}  // namespace ek
