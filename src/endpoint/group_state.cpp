#include "endpoint/group_state.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ek {
namespace {

constexpr double newest_part = 0.2;  // of the moving average
constexpr double most_hedges = 10;   // that a quiet time saves up

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
  return order;
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
  const double seconds = std::chrono::duration<double>(wait).count();
  m.wait_s += (seconds - m.wait_s) * (m.wait_s == 0 ? 1 : newest_part);
}

void GroupState::fail(std::size_t member, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  Member& m = members_[member];
  if (++m.failures >= options_.breaker_failures) m.rests_until = now + options_.breaker_pause;
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
