#include "endpoint/clock_correction.hpp"

#include <utility>

namespace ek {
namespace {

constexpr std::chrono::seconds tolerance = std::chrono::minutes(4);

}  // namespace

bool ClockCorrection::learn(std::chrono::sys_seconds server, std::chrono::seconds used) {
  const auto local = std::chrono::floor<std::chrono::seconds>(world_->now());
  const std::chrono::seconds offset = server - local;
  if (std::chrono::abs(offset - used) < tolerance) return false;
  offset_.store(offset.count());
  return true;
}

std::shared_ptr<const Environment> with_clock(const Environment& world,
                                              std::shared_ptr<const ClockCorrection> clock) {
  Environment corrected = world;
  corrected.now = [clock = std::move(clock)] { return clock->now(); };
  return std::make_shared<const Environment>(std::move(corrected));
}

}  // namespace ek
