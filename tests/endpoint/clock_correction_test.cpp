#include "endpoint/clock_correction.hpp"

#include <gtest/gtest.h>

#include "support/test_environment.hpp"

namespace ek::test {
namespace {

using namespace std::chrono_literals;

struct Clocks {
  std::shared_ptr<ManualClock> manual = std::make_shared<ManualClock>();
  std::shared_ptr<ClockCorrection> correction =
      std::make_shared<ClockCorrection>(make_environment(manual));
  [[nodiscard]] std::chrono::sys_seconds local() const {
    return std::chrono::floor<std::chrono::seconds>(manual->now());
  }
};

TEST(ClockCorrection, LearnsOnlyWhatWouldBeRefused) {
  const std::tuple<std::chrono::seconds, bool> table[] = {
      {0s, false}, {239s, false}, {-239s, false}, {240s, true}, {-240s, true}, {26h, true}};
  for (const auto& [ahead, learnt] : table) {
    const Clocks clocks;
    EXPECT_EQ(clocks.correction->learn(clocks.local() + ahead, 0s), learnt) << ahead.count();
    EXPECT_EQ(clocks.correction->offset(), learnt ? ahead : 0s);
  }
}

TEST(ClockCorrection, IsNoReasonToTryAgainOnceItWasUsed) {
  const Clocks clocks;
  EXPECT_TRUE(clocks.correction->learn(clocks.local() + 1h, 0s));
  EXPECT_FALSE(clocks.correction->learn(clocks.local() + 1h + 2s, 1h));
  EXPECT_TRUE(clocks.correction->learn(clocks.local() + 1h, 0s))
      << "another call signed before that was known";
  EXPECT_TRUE(clocks.correction->learn(clocks.local(), 1h)) << "somebody set the clock";
  EXPECT_EQ(clocks.correction->offset(), 0s);
}

TEST(ClockCorrection, MovesTheWallClockAlone) {
  const Clocks clocks;
  const auto world = with_clock(clocks.correction->world(), clocks.correction);
  clocks.correction->learn(clocks.local() + 1h, 0s);
  EXPECT_EQ(world->now(), clocks.manual->now() + 1h);
  EXPECT_EQ(world->steady_now(), clocks.manual->steady_now());
}

}  // namespace
}  // namespace ek::test
