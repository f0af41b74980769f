#include "http/lookups.hpp"

#include <gtest/gtest.h>

namespace ek {
namespace {

using namespace std::chrono_literals;
using Turn = Lookups::Turn;

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
};

TEST_F(LookupsTest, HaveOneLeadAndTheOthersOfItsPlaceWait) {
  EXPECT_EQ(lookups.ask("a:443", lane, start), Turn::lead);
  EXPECT_EQ(lookups.ask("a:443", lane, start), Turn::wait);
  EXPECT_EQ(lookups.ask("a:443", other, start), Turn::wait);
  EXPECT_EQ(lookups.ask("b:443", other, start), Turn::lead);
}

TEST_F(LookupsTest, WakeEachLaneOnceWhenTheAddressesAreThere) {
  lookups.ask("a:443", lane, start);
  for (int i = 0; i < 3; ++i) lookups.ask("a:443", lane, start);
  lookups.ask("a:443", other, start);
  lookups.done("a:443", true, start + 1s);
  EXPECT_EQ(lane.woken, 1);
  EXPECT_EQ(other.woken, 1);
  EXPECT_EQ(lookups.ask("a:443", lane, start + 1s), Turn::begin);
  EXPECT_EQ(lookups.ask("a:443", lane, start + 1s + Lookups::kept), Turn::lead);
}

TEST_F(LookupsTest, HaveTheNextOneLeadWhenNothingWasFound) {
  lookups.ask("a:443", lane, start);
  lookups.ask("a:443", other, start);
  lookups.done("a:443", false, start);
  EXPECT_EQ(other.woken, 1);
  EXPECT_EQ(lookups.ask("a:443", other, start), Turn::lead);
  EXPECT_EQ(lookups.ask("a:443", lane, start), Turn::wait);
}

TEST_F(LookupsTest, HaveTheNextOneLeadWhenTheFirstTakesTooLong) {
  lookups.ask("a:443", lane, start);
  EXPECT_EQ(lookups.ask("a:443", other, start + Lookups::longest_wait - 1ms), Turn::wait);
  EXPECT_EQ(lookups.ask("a:443", other, start + Lookups::longest_wait), Turn::lead);
}

TEST_F(LookupsTest, WakeNoLaneThatIsGone) {
  lookups.ask("a:443", lane, start);
  lookups.ask("a:443", other, start);
  lookups.forget(other);
  lookups.done("a:443", true, start);
  EXPECT_EQ(other.woken, 0);
}

}  // namespace
}  // namespace ek
