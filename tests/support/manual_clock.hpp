// Time that moves only when a test says so: wall and steady clock in step, safe from all threads.
#pragma once

#include <chrono>
#include <mutex>

namespace ek::test {

class ManualClock {
 public:
  using Wall = std::chrono::system_clock::time_point;
  using Steady = std::chrono::steady_clock::time_point;

  /// Starts at 2026-11-25T12:00:00Z; the steady clock at one hour, so that "an hour ago" exists.
  explicit ManualClock(Wall wall = Wall(std::chrono::seconds(1795608000))) : wall_(wall) {}

  [[nodiscard]] Wall now() const {
    const std::lock_guard lock(mutex_);
    return wall_;
  }
  [[nodiscard]] Steady steady_now() const {
    const std::lock_guard lock(mutex_);
    return steady_;
  }

  /// Both clocks go on by `step`.
  void advance(std::chrono::nanoseconds step) {
    const std::lock_guard lock(mutex_);
    move(step);
  }
  /// Both clocks go on until the steady one shows `time`; nothing happens if it is past that.
  void advance_to(Steady time) {
    const std::lock_guard lock(mutex_);
    if (time > steady_) move(time - steady_);
  }
  /// Somebody sets the wall clock; the steady clock does not care.
  void set_wall(Wall wall) {
    const std::lock_guard lock(mutex_);
    wall_ = wall;
  }

 private:
  void move(std::chrono::nanoseconds step) {
    wall_ += std::chrono::duration_cast<Wall::duration>(step);
    steady_ += std::chrono::duration_cast<Steady::duration>(step);
  }

  mutable std::mutex mutex_;
  Wall wall_;
  Steady steady_{std::chrono::hours(1)};
};

}  // namespace ek::test
