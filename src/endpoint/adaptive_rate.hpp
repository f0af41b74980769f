// The rate at which an endpoint takes calls, found by trying: RetryMode::adaptive of the AWS SDKs.
// It looks at how the provider answers and lets nobody wait until it has throttled once.
#pragma once

#include <mutex>

#include "endpointkit/ext/transport.hpp"

namespace ek {

/// CUBIC (RFC 9438 §4.2), with rates of requests in place of windows. Times are in seconds, rates
/// in requests a second.
class CubicCurve {
 public:
  explicit CubicCurve(double last_max = 0, double throttled_at = 0);
  /// The rate to go on with when the provider has throttled one of `rate`.
  double throttle(double rate, double now);
  /// The rate to try after a success: up to that which was throttled, a rest there, and beyond.
  [[nodiscard]] double success(double now) const;

 private:
  double last_max_, throttled_at_;
  double window_ = 0;  // until the curve is at `last_max_` again
};

/// Safe from all threads. Time is an argument.
class AdaptiveRate {
 public:
  explicit AdaptiveRate(SteadyTime now) : origin_(now) {}

  /// Takes a turn, for one request: when it may go out, which is `now` where it need not wait.
  SteadyTime take_turn(SteadyTime now);
  /// A turn that was taken is not needed.
  void give_back();
  /// An answer came.
  void learn(bool throttled, SteadyTime now);

  [[nodiscard]] double measured() const;  ///< Requests a second of late.
  [[nodiscard]] double allowed() const;   ///< Requests a second from now on.

 private:
  [[nodiscard]] double seconds(SteadyTime time) const;
  void measure(double now);
  void refill(double now);

  const SteadyTime origin_;
  mutable std::mutex mutex_;
  CubicCurve curve_;
  bool throttled_ = false;  // once, at least
  // Requests of late, counted in half seconds.
  double measured_ = 0;
  double counted_since_ = 0;
  int count_ = 0;
  // The bucket: below zero are turns that were taken and wait.
  double allowed_ = 0.5;
  double most_ = 1;
  double level_ = 0;
  double filled_at_ = 0;
};

}  // namespace ek
