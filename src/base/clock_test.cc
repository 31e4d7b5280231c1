#include "base/clock.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

using std::chrono::seconds;

TEST(ClockTest, TestTimeStandsStillUntilMoved) {
  TestClock clock;
  const auto steady = clock.steady();
  const auto wall = clock.wall();

  EXPECT_EQ(clock.steady(), steady);
  clock.advance(seconds(5));

  EXPECT_EQ(clock.steady() - steady, seconds(5));
  EXPECT_EQ(clock.wall() - wall, seconds(5));
}

TEST(ClockTest, SettingTheWallClockDoesNotMoveTheSteadyOne) {
  TestClock clock;
  const auto steady = clock.steady();

  clock.set_wall(Clock::Wall(seconds(7)));

  EXPECT_EQ(clock.wall(), Clock::Wall(seconds(7)));
  EXPECT_EQ(clock.steady(), steady);
}

TEST(ClockTest, TheMachinesClockGoesOn) {
  const auto before = Clock::system().steady();
  while (Clock::system().steady() == before) {
  }
  EXPECT_GT(Clock::system().steady(), before);
}

}  // namespace
}  // namespace weft
