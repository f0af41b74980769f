#include "http/lane_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace ek {
namespace {

using std::chrono::seconds;

struct Counts {
  std::atomic<int> opened = 0;
  std::atomic<int> alive = 0;
};

class CountedLane final : public Lane {
 public:
  explicit CountedLane(std::shared_ptr<Counts> counts) : counts_(std::move(counts)) {
    ++counts_->opened;
    ++counts_->alive;
  }
  ~CountedLane() override { --counts_->alive; }
  std::unique_ptr<Exchange> start(HttpRequest, const TransferOptions&) override { return nullptr; }
  void wait(SteadyTime) override {}
  void wake() noexcept override {}

 private:
  std::shared_ptr<Counts> counts_;
};

class CountedTransport final : public Transport {
 public:
  std::unique_ptr<Lane> open_lane() override { return std::make_unique<CountedLane>(counts); }
  std::shared_ptr<Counts> counts = std::make_shared<Counts>();
};

TEST(LanePool, HandsOutTheLaneThatWasUsedLast) {
  LanePool pool(std::make_shared<CountedTransport>());
  auto first = pool.lease({});
  auto second = pool.lease({});
  Lane* const last = second.get();
  first.reset();
  second.reset();
  EXPECT_EQ(pool.idle_lanes(), 2U);
  EXPECT_EQ(pool.lease({}).get(), last);
}

TEST(LanePool, OpensALaneOnlyIfNoneIsIdle) {
  auto transport = std::make_shared<CountedTransport>();
  LanePool pool(transport);
  for (int i = 0; i < 5; ++i) pool.lease({}).reset();
  EXPECT_EQ(transport->counts->opened, 1);
}

TEST(LanePool, KeepsNoMoreThanItsLimit) {
  auto transport = std::make_shared<CountedTransport>();
  LanePool pool(transport, {.max_idle_lanes = 2});
  std::vector<LanePool::Lease> leases;
  for (int i = 0; i < 5; ++i) leases.push_back(pool.lease({}));
  Lane* const last = leases.back().get();
  for (auto& lease : leases) lease.reset();
  EXPECT_EQ(pool.idle_lanes(), 2U);
  EXPECT_EQ(transport->counts->alive, 2);
  EXPECT_EQ(pool.lease({}).get(), last);
}

TEST(LanePool, ClosesLanesThatLayIdleTooLong) {
  auto transport = std::make_shared<CountedTransport>();
  LanePool pool(transport, {.max_idle = seconds(10)});
  const SteadyTime start{seconds(1000)};
  auto old = pool.lease(start);
  auto used = pool.lease(start);
  old.reset();
  used.reset();
  used = pool.lease(start + seconds(1));  // sees `old` idle
  used.reset();
  used = pool.lease(start + seconds(11));
  EXPECT_EQ(transport->counts->alive, 2);
  used.reset();
  used = pool.lease(start + seconds(12));
  EXPECT_EQ(transport->counts->alive, 1);
  EXPECT_EQ(transport->counts->opened, 2);
}

TEST(LanePool, ALeaseMayOutliveThePool) {
  auto transport = std::make_shared<CountedTransport>();
  LanePool::Lease lease;
  {
    LanePool pool(transport);
    lease = pool.lease({});
  }
  EXPECT_EQ(transport->counts->alive, 1);
  lease.reset();
  EXPECT_EQ(transport->counts->alive, 0);
}

TEST(LanePool, MovingALeaseGivesBackWhatTheTargetHeld) {
  LanePool pool(std::make_shared<CountedTransport>());
  auto one = pool.lease({});
  auto two = pool.lease({});
  Lane* const kept = two.get();
  one = std::move(two);
  EXPECT_EQ(one.get(), kept);
  EXPECT_FALSE(two);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(pool.idle_lanes(), 1U);
}

TEST(LanePool, ServesManyThreads) {
  auto transport = std::make_shared<CountedTransport>();
  {
    LanePool pool(transport, {.max_idle_lanes = 3});
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&pool] {
        for (int n = 0; n < 2000; ++n) pool.lease(SteadyTime(seconds(n)))->wake();
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_LE(pool.idle_lanes(), 3U);
  }
  EXPECT_EQ(transport->counts->alive, 0);
}

}  // namespace
}  // namespace ek
