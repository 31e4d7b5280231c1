#pragma once

#include <chrono>

namespace weft::dataplane {

/// Ten at once, then one every 100 ms.
class Throttle {
 public:
  using Clock = std::chrono::steady_clock;

  /// Takes one. @return 0, or how long to wait before doing it
  std::chrono::milliseconds take(Clock::time_point now) {
    const auto earliest = now - (most - 1) * interval;
    if (next_ < earliest) next_ = earliest;
    const auto wait =
        next_ > now ? std::chrono::ceil<std::chrono::milliseconds>(next_ - now) : std::chrono::milliseconds(0);
    next_ += interval;
    return wait;
  }

 private:
  static constexpr int most = 10;
  static constexpr std::chrono::milliseconds interval{100};
  Clock::time_point next_{};
};

}  // namespace weft::dataplane
