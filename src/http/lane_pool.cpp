#include "http/lane_pool.hpp"

#include <iterator>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace ek {

struct LanePool::Shelf {
  struct Idle {
    std::unique_ptr<Lane> lane;
    std::optional<SteadyTime> seen{};  // when the pool was first used while it lay here
  };
  using Lanes = std::vector<Idle>;

  explicit Shelf(const Limits& wanted) : limits(wanted) {}

  std::unique_ptr<Lane> take(SteadyTime now, Lanes& expired);
  void put(std::unique_ptr<Lane> lane);

  const Limits limits;
  std::mutex mutex;
  Lanes lanes;  // the one used last is the last
};

std::unique_ptr<Lane> LanePool::Shelf::take(SteadyTime now, Lanes& expired) {
  const std::lock_guard lock(mutex);
  std::size_t old = 0;  // those seen first lie first
  for (Idle& idle : lanes) {
    if (!idle.seen) idle.seen = now;
    if (now - *idle.seen > limits.max_idle) ++old;
  }
  const auto end = lanes.begin() + static_cast<std::ptrdiff_t>(old);
  expired.assign(std::move_iterator(lanes.begin()), std::move_iterator(end));
  lanes.erase(lanes.begin(), end);
  if (lanes.empty()) return nullptr;
  std::unique_ptr<Lane> lane = std::move(lanes.back().lane);
  lanes.pop_back();
  return lane;
}

void LanePool::Shelf::put(std::unique_ptr<Lane> lane) {
  std::unique_ptr<Lane> oldest;  // closed after the lock is gone
  const std::lock_guard lock(mutex);
  lanes.push_back({.lane = std::move(lane)});
  if (lanes.size() <= limits.max_idle_lanes) return;
  oldest = std::move(lanes.front().lane);
  lanes.erase(lanes.begin());
}

LanePool::Lease::Lease(std::weak_ptr<Shelf> shelf, std::unique_ptr<Lane> lane) noexcept
    : shelf_(std::move(shelf)), lane_(std::move(lane)) {}

LanePool::Lease& LanePool::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  reset();
  shelf_ = std::move(other.shelf_);
  lane_ = std::move(other.lane_);
  return *this;
}

void LanePool::Lease::reset() noexcept {
  if (!lane_) return;
  if (const auto shelf = shelf_.lock()) shelf->put(std::move(lane_));
  lane_.reset();
  shelf_.reset();
}

LanePool::LanePool(std::shared_ptr<Transport> transport)
    : LanePool(std::move(transport), Limits{}) {}

LanePool::LanePool(std::shared_ptr<Transport> transport, const Limits& limits)
    : transport_(std::move(transport)), shelf_(std::make_shared<Shelf>(limits)) {}

LanePool::~LanePool() = default;

LanePool::Lease LanePool::lease(SteadyTime now) {
  Shelf::Lanes expired;
  std::unique_ptr<Lane> lane = shelf_->take(now, expired);
  expired.clear();
  if (!lane) lane = transport_->open_lane();
  return {shelf_, std::move(lane)};
}

std::size_t LanePool::idle_lanes() const {
  const std::lock_guard lock(shelf_->mutex);
  return shelf_->lanes.size();
}

}  // namespace ek
