#include "endpoint/group_state.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ek {
namespace {

constexpr double newest_part = 0.2;  // of the moving average
constexpr double most_hedges = 10;   // that a quiet time saves up
// A failure comes soon, but is no quick answer.
constexpr double wait_of_failure_s = 10;
// What is known of those that are not asked fades with each call, so that they are tried again.
constexpr double memory = 0.99;

double in_seconds(SteadyTime::duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

GroupState::GroupState(std::vector<std::shared_ptr<const EndpointState>> endpoints,
                       std::vector<double> weights, const GroupOptions& options)
    : options_(options) {
  for (std::size_t i = 0; i < endpoints.size(); ++i)
    members_.push_back({.endpoint = std::move(endpoints[i]), .weight = weights[i]});
}

std::vector<std::size_t> GroupState::order(SteadyTime now, double random) {
  const std::lock_guard lock(mutex_);
  if (options_.hedge) hedges_ = std::min(most_hedges, hedges_ + options_.hedge->most);
  std::vector<std::size_t> order(members_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto by = [&](const auto& key) {
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return key(members_[a]) < key(members_[b]);
    });
  };
  if (options_.order == GroupOrder::least_busy) by([](const Member& m) { return m.under_way; });
  if (options_.order == GroupOrder::fastest) by([](const Member& m) { return m.wait_s; });
  if (options_.order == GroupOrder::weighted) {
    // The first is drawn; the others stand in as they are listed.
    double rest =
        random * std::accumulate(members_.begin(), members_.end(), 0.0,
                                 [](double sum, const Member& m) { return sum + m.weight; });
    std::size_t drawn = 0;
    while (drawn + 1 < members_.size() && rest >= members_[drawn].weight)
      rest -= members_[drawn++].weight;
    std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(drawn),
                order.begin() + static_cast<std::ptrdiff_t>(drawn) + 1);
  }
  by([&](const Member& m) { return m.rests_until > now; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (auto& wait = members_[order[i]].wait_s) *wait *= memory;
  }
  // After its rest one call tries it; the others see how that one fares.
  Member& first = members_[order.front()];
  if (first.may_be_down(options_)) first.rests_until = now + options_.breaker_pause;
  return order;
}

void GroupState::Member::learn_wait(double seconds) {
  wait_s = wait_s ? *wait_s + (seconds - *wait_s) * newest_part : seconds;
}

void GroupState::spare(std::size_t member) {
  const std::lock_guard lock(mutex_);
  Member& m = members_[member];
  if (m.may_be_down(options_)) m.rests_until = {};  // another call may try it
}

void GroupState::begin(std::size_t member) {
  const std::lock_guard lock(mutex_);
  ++members_[member].under_way;
}

void GroupState::succeed(std::size_t member, SteadyTime::duration wait) {
  const std::lock_guard lock(mutex_);
  Member& m = members_[member];
  m.failures = 0;
  m.rests_until = {};
  m.learn_wait(in_seconds(wait));
}

void GroupState::fail(std::size_t member, SteadyTime now, SteadyTime::duration wait) {
  const std::lock_guard lock(mutex_);
  Member& m = members_[member];
  ++m.failures;
  if (m.may_be_down(options_)) m.rests_until = now + options_.breaker_pause;
  m.learn_wait(std::max(in_seconds(wait), wait_of_failure_s));
}

void GroupState::wait_in_vain(std::size_t member, SteadyTime::duration wait) {
  const std::lock_guard lock(mutex_);
  Member& m = members_[member];
  m.learn_wait(std::max(in_seconds(wait), m.wait_s.value_or(0)));
}

void GroupState::leave(std::size_t member) {
  const std::lock_guard lock(mutex_);
  --members_[member].under_way;
}

bool GroupState::take_hedge() {
  const std::lock_guard lock(mutex_);
  if (hedges_ < 1) return false;
  hedges_ -= 1;
  return true;
}

}  // namespace ek
