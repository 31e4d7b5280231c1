#include "base/clock.h"

namespace weft {

namespace {
class SystemClock : public Clock {
 public:
  Steady steady() const override { return std::chrono::steady_clock::now(); }
  Wall wall() const override { return std::chrono::system_clock::now(); }
};
}  // namespace

const Clock& Clock::system() {
  static const SystemClock clock;
  return clock;
}

Clock::Steady TestClock::steady() const {
  const std::lock_guard lock(mutex_);
  return Steady(std::chrono::duration_cast<Steady::duration>(steady_));
}

Clock::Wall TestClock::wall() const {
  const std::lock_guard lock(mutex_);
  return Wall(std::chrono::duration_cast<Wall::duration>(wall_));
}

void TestClock::advance(std::chrono::nanoseconds by) {
  const std::lock_guard lock(mutex_);
  steady_ += by;
  wall_ += by;
}

void TestClock::set_wall(Wall wall) {
  const std::lock_guard lock(mutex_);
  wall_ = wall.time_since_epoch();
}

}  // namespace weft
