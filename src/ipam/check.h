#pragma once

#include <string>
#include <vector>

#include "ipam/ipam.h"

namespace weft::ipam {

/// What `weft ipam check` finds.
struct CheckReport {
  struct Problem {
    std::string object;  // "block 10.65.0.0/26", "handle k8s-pod-network.4f0c", "endpoint default/node1-k8s-web-eth0"
    std::string text;    // what is wrong with it
    bool operator==(const Problem&) const = default;
  };
  std::size_t blocks = 0;
  std::size_t handles = 0;
  std::size_t affinities = 0;
  std::size_t endpoints = 0;
  std::size_t addresses = 0;      // allocated or cooling down
  std::vector<Problem> problems;  // things that contradict one another
  std::vector<Holder> leaked;     // allocated, and no endpoint or tunnel uses it
};

/// Looks at all blocks, handles, affinities, endpoints and nodes as they are at one revision: free lists, attribute
/// indices, sequence numbers, counts of handles, affinities against blocks, addresses in use against addresses
/// allocated.
Result<CheckReport> check(store::Store& store);

}  // namespace weft::ipam
