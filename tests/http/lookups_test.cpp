#include "http/lookups.hpp"

#include <gtest/gtest.h>

namespace ek {
namespace {

using namespace std::chrono_literals;
using Turn = Lookups::Turn;
using Outcome = Lookups::Outcome;

class CountingLane final : public Lane {
 public:
  std::unique_ptr<Exchange> start(HttpRequest, const TransferOptions&) override { return nullptr; }
  void wait(SteadyTime) override {}
  void wake() noexcept override { ++woken; }
  int woken = 0;
};

struct LookupsTest : ::testing::Test {
  Lookups lookups;
  CountingLane lane;
  CountingLane other;
  const SteadyTime start{1000s};

  Turn ask(Lane& by) { return ask(by, start); }
  Turn ask(Lane& by, SteadyTime now, std::optional<SteadyTime> waits_since = {}) {
    return lookups.ask("a:443", by, waits_since, now);
  }
};

TEST_F(LookupsTest, HaveOneLeadAndTheOthersOfItsPlaceWait) {
  EXPECT_EQ(ask(lane), Turn::lead);
  EXPECT_EQ(ask(lane), Turn::wait);
  EXPECT_EQ(ask(other), Turn::wait);
  EXPECT_EQ(lookups.ask("b:443", other, {}, start), Turn::lead);
}

TEST_F(LookupsTest, WakeEachLaneOnceWhenTheAddressesAreThere) {
  ask(lane);
  for (int i = 0; i < 3; ++i) ask(lane);
  ask(other);
  lookups.done("a:443", Outcome::found, start + 1s);
  EXPECT_EQ(lane.woken, 1);
  EXPECT_EQ(other.woken, 1);
  EXPECT_EQ(ask(lane, start + 1s), Turn::begin);
  EXPECT_EQ(ask(lane, start + 1s + Lookups::kept), Turn::lead);
}

TEST_F(LookupsTest, HaveTheNextOneLeadWhenTheFirstGivesUp) {
  ask(lane);
  ask(other);
  lookups.done("a:443", Outcome::given_up, start);
  EXPECT_EQ(other.woken, 1);
  EXPECT_EQ(ask(other), Turn::lead);
  EXPECT_EQ(ask(lane), Turn::wait);
}

TEST_F(LookupsTest, HaveNobodyWaitForAWhileAfterAConnectionWasUsedAgain) {
  ask(lane);
  lookups.done("a:443", Outcome::not_needed, start);
  EXPECT_EQ(ask(lane, start + Lookups::unneeded - 1ms), Turn::begin);
  EXPECT_EQ(ask(lane, start + Lookups::unneeded), Turn::lead);
}

TEST_F(LookupsTest, HaveTheNextOneLeadWhenTheFirstTakesTooLong) {
  ask(lane);
  EXPECT_EQ(ask(other, start + Lookups::longest_wait - 1ms), Turn::wait);
  EXPECT_EQ(ask(other, start + Lookups::longest_wait), Turn::lead);
}

TEST_F(LookupsTest, FailThoseThatWaitedWhenTheNameHasNoAddresses) {
  ask(lane);
  ask(other, start + 1s);
  lookups.done("a:443", Outcome::failed, start + 2s);
  EXPECT_EQ(other.woken, 1);
  EXPECT_EQ(ask(other, start + 3s, start + 1s), Turn::fail);
  EXPECT_EQ(ask(lane, start + 3s), Turn::lead) << "a new one";
  EXPECT_EQ(ask(other, start + 3s, start + 3s), Turn::wait) << "began to wait after the failure";
}

TEST_F(LookupsTest, WakeNoLaneThatIsGone) {
  ask(lane);
  ask(other);
  lookups.forget(other);
  lookups.done("a:443", Outcome::found, start);
  EXPECT_EQ(other.woken, 0);
}

}  // namespace
}  // namespace ek
