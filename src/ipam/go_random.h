#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace weft::ipam {

/// The generator of Go's math/rand (additive lagged Fibonacci 607/273): the same seed gives the same numbers, so that
/// our nodes look for blocks in the order in which Calico's would. Not for secrets.
///
/// @source datamodel 3.6
class GoRandom {
 public:
  static constexpr int length = 607;

  explicit GoRandom(std::int64_t seed);

  /// 0 .. 2^63-1
  std::uint64_t next63();
  std::uint32_t next32() { return static_cast<std::uint32_t>(next63() >> 31); }

  /// Uniform in 0 .. 2^exponent - 1 as math/big's Int.Rand draws it; 64-bit words, least significant first.
  std::vector<std::uint64_t> below_power_of_two(int exponent);

  /// The generator's table of constants (Go lists it; we compute it once).
  static const std::array<std::uint64_t, length>& cooked();

 private:
  std::array<std::uint64_t, length> vec_;
  int tap_ = 0;
  int feed_ = length - 273;
};

}  // namespace weft::ipam
