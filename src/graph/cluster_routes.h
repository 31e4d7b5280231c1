#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/ipam.h"
#include "api/node.h"
#include "api/workload_endpoint.h"
#include "graph/output.h"
#include "graph/pools.h"
#include "plan/network.h"
#include "plan/settings.h"

namespace weft::graph {

/// Pools, blocks, nodes and workloads -> where packets for each prefix of the cluster go (dataplane 6.2).
///
/// What is known of a prefix is kept with it; its route also follows from the prefixes around it: a workload's address
/// lies in a block, the block in a pool. A change touches its prefix and those inside it.
class ClusterRoutes {
 public:
  explicit ClusterRoutes(std::string node) : node_(std::move(node)) {}

  void on(const table::Delta<RoutedPool>& pools);
  void on(const table::Delta<api::Block>& blocks);
  void on(const table::Delta<api::Node>& nodes);
  void on(const table::Delta<api::WorkloadEndpoint>& endpoints);  // of the whole cluster
  /// Works out what the deltas since the last call amount to; before the answers are taken.
  /// @param wanted             false: no routes at all
  /// @param workloads_decide  workloads of other nodes count, blocks do not (RouteSource WorkloadIPs)
  void settle(bool wanted, bool workloads_decide);

  table::Delta<plan::ClusterRoute> routes() { return rows_.take(); }

 private:
  using EndpointKey = table::KeyOf<api::WorkloadEndpoint>;
  enum class Use { workload, wireguard, ipip, vxlan };  // in the order in which they win
  /// What is known of one prefix.
  struct Place {
    std::optional<RoutedPool> pool;
    std::map<std::pair<int, net::Cidr>, std::string> blocks;  // length and prefix of the block that says so -> node
    std::set<std::string> hosts;                              // nodes that have the address
    std::map<std::pair<std::string, Use>, unsigned> uses;     // by node
    bool empty() const { return !pool && blocks.empty() && hosts.empty() && uses.empty(); }
  };
  struct NodeInfo {
    std::optional<net::Address> v4;
    std::optional<net::Address> v6;
    std::vector<net::Ip> addresses;  // all, each once
    std::vector<std::pair<net::Ip, Use>> tunnels;
    const std::optional<net::Address>& of(net::Family family) const { return family == net::Family::v4 ? v4 : v6; }
    bool operator==(const NodeInfo&) const = default;
  };
  struct Workload {
    std::string node;
    std::vector<net::Cidr> networks;
    bool operator==(const Workload&) const = default;
  };

  static std::optional<NodeInfo> info_of(const api::Node& node);
  static std::map<net::Cidr, std::string> routes_of(const api::Block& block);
  template <class Change>
  void change(const net::Cidr& cidr, Change change);
  void place_node(const std::string& name, const NodeInfo& info, bool present);
  void place_block(const api::Block& block, bool present);
  void place_workload(const Workload& workload, bool present);
  void use(const net::Cidr& cidr, const std::string& node, Use use, bool present);
  bool counts(const Workload& workload) const { return workloads_decide_ || workload.node == node_; }
  void touch_all();
  void touch_node(const std::string& node);
  void answer(const net::Cidr& cidr);
  plan::ClusterRoute route_to(const net::Cidr& cidr) const;
  bool is_near(const std::string& node, net::Family family) const;

  std::string node_;
  bool wanted_ = false;
  bool workloads_decide_ = false;
  std::map<net::Cidr, Place> places_;
  std::map<net::Family, std::map<int, std::size_t>> lengths_;  // of prefixes in places_, how many
  std::map<std::string, NodeInfo> nodes_;
  std::map<net::Cidr, api::Block> blocks_;
  std::map<EndpointKey, Workload> workloads_;
  std::map<std::string, std::set<net::Cidr>> by_node_;  // routes to it
  std::set<net::Cidr> touched_;
  Output<plan::ClusterRoute> rows_;
};

}  // namespace weft::graph
