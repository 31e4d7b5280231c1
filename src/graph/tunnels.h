#pragma once

#include <map>
#include <set>
#include <string>

#include "api/node.h"
#include "graph/output.h"
#include "graph/pools.h"
#include "plan/network.h"
#include "plan/settings.h"

namespace weft::graph {

/// Pools and settings -> which tunnels and routes this node needs.
class Encapsulations {
 public:
  void on(const table::Delta<RoutedPool>& pools);
  plan::Encapsulation settle(const plan::Settings& settings) const;

 private:
  std::map<net::Cidr, RoutedPool> pools_;
};

/// Whether the agent has routes between nodes to program, or tunnels that need to know them (dataplane 6.2).
bool needs_cluster_routes(const plan::Encapsulation& encapsulation, const plan::Settings& settings);

/// Nodes -> their ends of the VXLAN and WireGuard tunnels (dataplane 6.3, 6.5).
class Tunnels {
 public:
  void on(const table::Delta<api::Node>& nodes);
  /// @param vxlan  some pool uses it: only then there are ends of VXLAN tunnels
  void settle(bool vxlan);

  table::Delta<plan::Vtep> vteps() { return vteps_.take(); }
  table::Delta<plan::WireguardPeer> wireguard() { return wireguard_.take(); }

 private:
  bool vxlan_ = false;
  std::map<std::string, plan::Vtep> known_;  // whether they are wanted or not
  Output<plan::Vtep> vteps_;
  Output<plan::WireguardPeer> wireguard_;
};

}  // namespace weft::graph
