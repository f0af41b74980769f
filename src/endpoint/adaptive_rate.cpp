#include "endpoint/adaptive_rate.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace ek {
namespace {

// AWS SDKs, adaptive mode, November 2026.
constexpr double beta = 0.7;
constexpr double scale = 0.4;
constexpr double newest_part = 0.8;  // of the moving average
constexpr double least_rate = 0.5;
constexpr double least_burst = 1;

double window_of(double last_max) { return std::cbrt(last_max * (1 - beta) / scale); }

}  // namespace

CubicCurve::CubicCurve(double last_max, double throttled_at)
    : last_max_(last_max), throttled_at_(throttled_at), window_(window_of(last_max)) {}

double CubicCurve::throttle(double rate, double now) {
  *this = CubicCurve(rate, now);
  return rate * beta;
}

double CubicCurve::success(double now) const {
  return scale * std::pow(now - throttled_at_ - window_, 3) + last_max_;
}

double AdaptiveRate::seconds(SteadyTime time) const {
  return std::chrono::duration<double>(time - origin_).count();
}

SteadyTime AdaptiveRate::take_turn(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (!throttled_) return now;
  refill(seconds(now));
  level_ -= 1;
  if (level_ >= 0) return now;
  const std::chrono::duration<double> wait(-level_ / allowed_);
  return now + std::chrono::ceil<std::chrono::milliseconds>(wait);
}

void AdaptiveRate::give_back() {
  const std::lock_guard lock(mutex_);
  level_ = std::min(most_, level_ + 1);
}

void AdaptiveRate::learn(bool throttled, SteadyTime at) {
  const std::lock_guard lock(mutex_);
  const double now = seconds(at);
  measure(now);
  double rate = 0;
  if (throttled) {
    rate = curve_.throttle(throttled_ ? std::min(measured_, allowed_) : measured_, now);
    throttled_ = true;
  } else {
    rate = curve_.success(now);
  }
  rate = std::min(rate, 2 * measured_);
  refill(now);  // what was earned at the old rate
  allowed_ = std::max(rate, least_rate);
  most_ = std::max(rate, least_burst);
  level_ = std::min(level_, most_);
}

double AdaptiveRate::measured() const {
  const std::lock_guard lock(mutex_);
  return measured_;
}

double AdaptiveRate::allowed() const {
  const std::lock_guard lock(mutex_);
  return allowed_;
}

void AdaptiveRate::measure(double now) {
  ++count_;
  const double half_second = std::floor(now * 2) / 2;
  if (half_second <= counted_since_) return;
  const double rate = count_ / (half_second - counted_since_);
  measured_ += (rate - measured_) * newest_part;
  counted_since_ = half_second;
  count_ = 0;
}

void AdaptiveRate::refill(double now) {
  level_ = std::min(most_, level_ + std::max(0.0, now - filled_at_) * allowed_);
  filled_at_ = std::max(filled_at_, now);
}

}  // namespace ek
