#pragma once

#include <chrono>

namespace weft::table {

/// When a change reached each place on its way from the store to the kernel. It travels with the rows. Of changes that
/// merged into one, the times are those of the one that has waited longest. All unset: nothing changed.
struct Passage {
  using Time = std::chrono::steady_clock::time_point;

  Time received;   // the store's event is here
  Time decoded;    // it is rows
  Time computing;  // the graph has taken them
  Time computed;   // they are a plan
  Time applying;   // the dataplane has taken it
  Time ruled;      // the kernel has acknowledged policy and sets
  Time in_force;   // and neighbours and routes

  bool set() const { return received != Time{}; }
  void merge(const Passage& later) {
    if (!set()) *this = later;
  }
  bool operator==(const Passage&) const = default;
};

}  // namespace weft::table
