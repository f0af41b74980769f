// Points in time that a caller names as "so long from now".
#pragma once

#include <chrono>

namespace ek {

/// `now` + `time`; the end of all time where that would be beyond it.
inline std::chrono::steady_clock::time_point after(std::chrono::steady_clock::time_point now,
                                                   std::chrono::milliseconds time) noexcept {
  using Time = std::chrono::steady_clock::time_point;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(Time::max() - now);
  return time >= left ? Time::max() : now + time;
}

/// Ten years for whoever wants to wait longer: sums with it do not overflow.
constexpr std::chrono::milliseconds longest_time = std::chrono::hours(24 * 366 * 10);
inline std::chrono::milliseconds bounded(std::chrono::milliseconds time) noexcept {
  return time < longest_time ? time : longest_time;
}

}  // namespace ek
