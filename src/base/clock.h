#pragma once

#include <chrono>
#include <mutex>

namespace weft {

/// What time it is. What waits or remembers times takes one of these, so that tests move the time themselves.
class Clock {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  using Wall = std::chrono::system_clock::time_point;

  virtual ~Clock() = default;
  virtual Steady steady() const = 0;  // for durations: never jumps
  virtual Wall wall() const = 0;      // for timestamps

  /// The machine's.
  static const Clock& system();
};

/// A clock that stands still until a test moves it. Thread-safe.
class TestClock : public Clock {
 public:
  /// Starts at `wall`, seconds since 1970; the steady clock at an hour.
  explicit TestClock(std::chrono::seconds wall = std::chrono::seconds(1'000'000'000)) : wall_(wall) {}

  Steady steady() const override;
  Wall wall() const override;
  void advance(std::chrono::nanoseconds by);
  /// Somebody sets the machine's clock: wall time jumps, steady time does not.
  void set_wall(Wall wall);

 private:
  mutable std::mutex mutex_;
  std::chrono::nanoseconds steady_ = std::chrono::hours(1);
  std::chrono::nanoseconds wall_;
};

}  // namespace weft
