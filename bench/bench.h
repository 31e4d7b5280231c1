#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <vector>

/// The smallest harness that is honest: a body is repeated for a fifth of a second, five times over; the median counts.
namespace weft::bench {

/// Keeps the compiler from dropping a value nobody reads.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

/// Prints "name   123.4 ns".
template <class Body>
void measure(std::string_view name, Body body) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> rounds;
  for (int round = 0; round < 5; ++round) {
    const auto start = Clock::now();
    long count = 0;
    std::chrono::nanoseconds took{};
    for (long batch = 1; took < std::chrono::milliseconds(200); batch *= 2) {
      for (long i = 0; i < batch; ++i) body();
      count += batch;
      took = Clock::now() - start;
    }
    rounds.push_back(static_cast<double>(took.count()) / static_cast<double>(count));
  }
  std::nth_element(rounds.begin(), rounds.begin() + 2, rounds.end());
  std::printf("%-48.*s %12.1f ns\n", static_cast<int>(name.size()), name.data(), rounds[2]);
}

}  // namespace weft::bench
