#pragma once

#include <chrono>

namespace weft::dataplane {

/// So many at once, then one every interval.
class Throttle {
 public:
  using Clock = std::chrono::steady_clock;

  Throttle(int most, std::chrono::milliseconds interval) : most_(most), interval_(interval) {}

  /// Takes one. @return 0, or how long to wait before doing it
  std::chrono::milliseconds take(Clock::time_point now) {
    const auto earliest = now - (most_ - 1) * interval_;
    if (next_ < earliest) next_ = earliest;
    const auto wait =
        next_ > now ? std::chrono::ceil<std::chrono::milliseconds>(next_ - now) : std::chrono::milliseconds(0);
    next_ += interval_;
    return wait;
  }

 private:
  int most_;
  std::chrono::milliseconds interval_;
  Clock::time_point next_{};
};

}  // namespace weft::dataplane
