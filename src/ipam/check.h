#pragma once

#include <string>
#include <vector>

#include "ipam/ipam.h"

namespace weft::ipam {

/// An address that a block says is given out (or cooling down), and who really uses it.
struct Allocation : Holder {
  std::vector<std::string> users;  // "Workload(default/node1-k8s-web-eth0)", "Node(node1)"; none: leaked, or cooling
};

/// What `weft ipam check` finds.
struct CheckReport {
  struct Problem {
    std::string object;  // "block 10.65.0.0/26", "handle k8s-pod-network.4f0c", "Workload(default/node1-k8s-web-eth0)"
    std::string text;    // what is wrong with it
    bool operator==(const Problem&) const = default;
  };
  struct StoredHandle {
    std::string id;
    store::Revision revision = 0;
    bool operator==(const StoredHandle&) const = default;
  };
  struct Use {
    net::Ip ip;
    std::vector<std::string> users;
  };
  struct BlockFound {
    net::Cidr cidr;
    std::optional<std::string> affinity;
    std::optional<std::string> broken;  // what makes it unreadable; nothing else is known of it then
  };
  /// From the ClusterInformation.
  struct Cluster {
    bool known = false;
    std::string guid, type;
    bool locked = false;  // datastoreReady is false
    store::Revision revision = 0;
  };

  std::size_t handles = 0;
  std::size_t affinities = 0;
  std::size_t endpoints = 0;
  std::vector<BlockFound> blocks;
  std::vector<net::Cidr> pools;         // those enabled
  std::vector<Use> in_use;              // by workloads' endpoints and nodes' tunnels
  std::vector<Allocation> allocations;  // in block order
  std::vector<Problem> problems;        // things that contradict one another

  // Of what they are made of:
  std::vector<Allocation> leaked;            // allocated, and nobody uses them
  std::vector<Use> not_allocated;            // in use, in a pool, and free as far as IPAM knows
  std::vector<Use> foreign;                  // in use, in no enabled pool
  std::vector<StoredHandle> leaked_handles;  // no block has addresses of theirs
  std::vector<std::string> missing_handles;  // blocks have addresses of them, and they are not there
  Cluster cluster;
};

/// Looks at all blocks, handles, affinities, endpoints and nodes as they are at one revision, and at what every node of
/// Calico relies on: free lists and allocations that complement one another, attribute indices, sequence numbers,
/// counts of handles, states of affinities and their blocks, blocks that fit their pools, addresses in use that are
/// allocated.
Result<CheckReport> check(store::Store& store, const Clock& clock = Clock::system());

}  // namespace weft::ipam
