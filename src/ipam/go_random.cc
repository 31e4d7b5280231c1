#include "ipam/go_random.h"

namespace weft::ipam {

namespace {

constexpr int lag = 607;
constexpr int tap_offset = 334;  // 607 - 273
using Vector = std::array<std::uint64_t, lag>;

/// Park and Miller's minimal standard generator, 48271.
std::uint64_t lcg(std::uint64_t x) { return 48271 * x % 0x7fffffff; }

std::uint64_t first_lcg(std::int64_t seed) {
  std::int64_t x = seed % 0x7fffffff;
  if (x < 0) x += 0x7fffffff;
  if (x == 0) x = 89482311;
  auto value = static_cast<std::uint64_t>(x);
  for (int i = 0; i < 20; ++i) value = lcg(value);
  return value;
}

/// 607 words of three lcg outputs each.
Vector seeded(std::int64_t seed, int high, int middle) {
  Vector vec;
  std::uint64_t x = first_lcg(seed);
  for (std::uint64_t& word : vec) {
    word = (x = lcg(x)) << high;
    word ^= (x = lcg(x)) << middle;
    word ^= (x = lcg(x));
  }
  return vec;
}

/// a * b modulo x^607 - x^334 - 1, over the integers modulo 2^64.
Vector multiply(const Vector& a, const Vector& b) {
  std::array<std::uint64_t, 2 * lag> product{};
  for (int i = 0; i < lag; ++i) {
    if (a[i] == 0) continue;
    for (int j = 0; j < lag; ++j) product[i + j] += a[i] * b[j];
  }
  for (int i = 2 * lag - 1; i >= lag; --i) {
    product[i - lag + tap_offset] += product[i];
    product[i - lag] += product[i];
  }
  Vector result;
  for (int i = 0; i < lag; ++i) result[i] = product[i];
  return result;
}

/// x^exponent modulo the same.
Vector power_of_x(std::uint64_t exponent) {
  Vector result{};
  result[0] = 1;
  for (int bit = 63; bit >= 0; --bit) {
    result = multiply(result, result);
    if ((exponent >> bit & 1) == 0) continue;
    const std::uint64_t top = result[lag - 1];
    for (int i = lag - 1; i > 0; --i) result[i] = result[i - 1];
    result[0] = top;
    result[tap_offset] += top;
  }
  return result;
}

/// Where step n of the generator writes.
int slot_of(std::int64_t n) {
  const auto slot = static_cast<int>((333 - n) % lag);
  return slot < 0 ? slot + lag : slot;
}

/// The table after 7.8e12 steps: s(n) = s(n-607) + s(n-273) is linear, so those steps are one power of x.
Vector compute_cooked() {
  constexpr std::int64_t steps = 7'800'000'000'000;
  const Vector start = seeded(1, 20, 10);
  std::array<std::uint64_t, 2 * lag> s{};  // s[k] is s(k - 607)
  for (int n = 0; n < lag; ++n) s[n] = start[slot_of(n)];
  for (int k = lag; k < 2 * lag; ++k) s[k] = s[k - lag] + s[k - 273];

  const Vector jump = power_of_x(steps);
  Vector cooked;
  for (int j = 0; j < lag; ++j) {
    std::uint64_t sum = 0;
    for (int i = 0; i < lag; ++i) sum += jump[i] * s[i + j];
    cooked[slot_of(steps - lag + j)] = sum;
  }
  return cooked;
}

}  // namespace

const std::array<std::uint64_t, GoRandom::length>& GoRandom::cooked() {
  static const Vector table = compute_cooked();
  return table;
}

GoRandom::GoRandom(std::int64_t seed) : vec_(seeded(seed, 40, 20)) {
  for (int i = 0; i < length; ++i) vec_[i] ^= cooked()[i];
}

std::uint64_t GoRandom::next63() {
  if (--tap_ < 0) tap_ += length;
  if (--feed_ < 0) feed_ += length;
  vec_[feed_] += vec_[tap_];
  return vec_[feed_] & ~(std::uint64_t{1} << 63);
}

std::vector<std::uint64_t> GoRandom::below_power_of_two(int exponent) {
  // The limit 2^exponent has exponent+1 bits, so about every second draw is refused: that is how big.Int.Rand works.
  const auto words = static_cast<std::size_t>(exponent / 64 + 1);
  const int top_bits = (exponent + 1) % 64;
  const std::uint64_t mask = top_bits == 0 ? ~std::uint64_t{0} : (std::uint64_t{1} << top_bits) - 1;
  std::vector<std::uint64_t> value(words);
  do {
    for (std::uint64_t& word : value) {
      word = next32();
      word |= std::uint64_t{next32()} << 32;
    }
    value.back() &= mask;
  } while ((value.back() >> (exponent % 64)) != 0);
  return value;
}

}  // namespace weft::ipam
