#include "graph/cluster_routes.h"

#include <algorithm>

namespace weft::graph {
namespace {

/// The node of a block's affinity: "host:n1", also "virtual:load-balancer"; empty when there is none.
std::string owner_of(const api::Block& block) {
  if (!block.affinity) return {};
  for (const std::string_view type : {"host:", "virtual:"}) {
    if (block.affinity->starts_with(type)) return block.affinity->substr(type.size());
  }
  return {};
}

/// Of a type, the first of the family in the list.
std::optional<net::Address> listed_address(const api::Node& node, std::string_view type, net::Family family) {
  for (const auto& entry : node.spec.addresses) {
    const auto address = net::Address::parse(entry.address);
    if (entry.type == type && address && address->ip.family() == family) return *address;
  }
  return std::nullopt;
}

}  // namespace

// Prefixes.

template <class Change>
void ClusterRoutes::change(const net::Cidr& cidr, Change change) {
  const auto [it, fresh] = places_.try_emplace(cidr);
  change(it->second);
  for (auto inside = it; inside != places_.end() && cidr.contains(inside->first); ++inside)
    touched_.insert(inside->first);
  auto& lengths = lengths_[cidr.family()];
  if (fresh) ++lengths[cidr.length()];
  if (!it->second.empty()) return;
  if (--lengths[cidr.length()] == 0) lengths.erase(cidr.length());
  places_.erase(it);
}

void ClusterRoutes::use(const net::Cidr& cidr, const std::string& node, Use use, bool present) {
  change(cidr, [&](Place& place) {
    const std::pair key(node, use);
    if (present)
      ++place.uses[key];
    else if (--place.uses[key] == 0)
      place.uses.erase(key);
  });
}

void ClusterRoutes::touch_all() {
  for (const auto& [cidr, place] : places_) touched_.insert(cidr);
}

void ClusterRoutes::touch_node(const std::string& node) {
  if (node == node_) return touch_all();  // what is near is near to us
  const auto it = by_node_.find(node);
  if (it != by_node_.end()) touched_.insert(it->second.begin(), it->second.end());
}

// Pools.

void ClusterRoutes::on(const table::Delta<RoutedPool>& pools) {
  for (const auto& [cidr, pool] : pools.rows) change(cidr, [&](Place& place) { place.pool = pool; });
}

// Blocks.

/// The block itself, for its node, and addresses in it that other nodes have.
std::map<net::Cidr, std::string> ClusterRoutes::routes_of(const api::Block& block) {
  std::map<net::Cidr, std::string> routes;
  const std::string owner = owner_of(block);
  const std::size_t known = block.attributes ? block.attributes->size() : 0;
  for (std::size_t ordinal = 0; ordinal < block.allocations.size(); ++ordinal) {
    const auto& index = block.allocations[ordinal];
    if (!index || *index < 0 || static_cast<std::size_t>(*index) >= known) continue;
    const auto& secondary = (*block.attributes)[static_cast<std::size_t>(*index)].secondary;
    const auto node = secondary.find("node");
    if (node == secondary.end() || node->second.empty() || node->second == owner) continue;
    const auto cidr = net::Cidr::host(block.cidr.ip().plus(ordinal));
    if (block.cidr.contains(cidr)) routes.emplace(cidr, node->second);
  }
  if (!owner.empty()) routes.insert_or_assign(block.cidr, owner);
  return routes;
}

void ClusterRoutes::place_block(const api::Block& block, bool present) {
  const std::pair from(block.cidr.length(), block.cidr);
  for (const auto& [cidr, node] : routes_of(block)) {
    change(cidr, [&](Place& place) {
      if (present)
        place.blocks[from] = node;
      else
        place.blocks.erase(from);
    });
  }
}

void ClusterRoutes::on(const table::Delta<api::Block>& blocks) {
  table::apply(blocks_, blocks, [&](const net::Cidr&, const api::Block* before, const api::Block* after) {
    if (workloads_decide_) return;
    if (before) place_block(*before, false);
    if (after) place_block(*after, true);
  });
}

// Nodes.

/// Addresses come from the BGP part when it has any, else from the node's list. Without an address a node is unknown.
std::optional<ClusterRoutes::NodeInfo> ClusterRoutes::info_of(const api::Node& node) {
  NodeInfo info;
  const auto& bgp = node.spec.bgp;
  if (bgp && (bgp->ipv4_address || bgp->ipv6_address)) {
    info.v4 = bgp->ipv4_address;
    info.v6 = bgp->ipv6_address;
  } else {
    for (const std::string_view type : {"InternalIP", "ExternalIP"}) {
      if (!info.v4) info.v4 = listed_address(node, type, net::Family::v4);
      if (!info.v6) info.v6 = listed_address(node, type, net::Family::v6);
    }
  }
  if (!info.v4 && !info.v6) return std::nullopt;

  std::set<net::Ip> addresses;
  for (const auto& address : {info.v4, info.v6}) {
    if (address) addresses.insert(address->ip);
  }
  for (const auto& entry : node.spec.addresses) {
    if (const auto address = net::Address::parse(entry.address)) addresses.insert(address->ip);
  }
  for (const auto& ip : addresses) {
    if (ip != net::Ip() && ip != net::Ip::parse("::").value()) info.addresses.push_back(ip);
  }

  const auto tunnel = [&](const std::optional<net::Ip>& ip, Use use) {
    if (ip) info.tunnels.emplace_back(*ip, use);
  };
  if (bgp) tunnel(bgp->ipv4_ipip_tunnel_address, Use::ipip);
  tunnel(node.spec.ipv4_vxlan_tunnel_address, Use::vxlan);
  tunnel(node.spec.ipv6_vxlan_tunnel_address, Use::vxlan);
  if (node.spec.wireguard) {
    tunnel(node.spec.wireguard->interface_ipv4_address, Use::wireguard);
    tunnel(node.spec.wireguard->interface_ipv6_address, Use::wireguard);
  }
  return info;
}

void ClusterRoutes::place_node(const std::string& name, const NodeInfo& info, bool present) {
  for (const auto& ip : info.addresses) {
    change(net::Cidr::host(ip), [&](Place& place) {
      if (present)
        place.hosts.insert(name);
      else
        place.hosts.erase(name);
    });
  }
  for (const auto& [ip, kind] : info.tunnels) use(net::Cidr::host(ip), name, kind, present);
}

void ClusterRoutes::on(const table::Delta<api::Node>& nodes) {
  std::map<std::string, std::optional<NodeInfo>> news;
  if (nodes.whole) {
    for (const auto& [name, info] : nodes_) news[name] = std::nullopt;
  }
  for (const auto& [name, node] : nodes.rows) news[name] = node ? info_of(*node) : std::nullopt;
  for (auto& [name, info] : news) {
    const auto it = nodes_.find(name);
    if (it == nodes_.end() ? !info : info == it->second) continue;
    if (it != nodes_.end()) {
      place_node(name, it->second, false);
      nodes_.erase(it);
    }
    if (info) {
      place_node(name, *info, true);
      nodes_.emplace(name, *std::move(info));
    }
    touch_node(name);
  }
}

// Workloads.

void ClusterRoutes::place_workload(const Workload& workload, bool present) {
  for (const auto& cidr : workload.networks) use(cidr, workload.node, Use::workload, present);
}

void ClusterRoutes::on(const table::Delta<api::WorkloadEndpoint>& endpoints) {
  std::map<EndpointKey, std::optional<Workload>> news;
  if (endpoints.whole) {
    for (const auto& [key, workload] : workloads_) news[key] = std::nullopt;
  }
  for (const auto& [key, endpoint] : endpoints.rows) {
    news[key] = endpoint ? std::optional<Workload>({endpoint->spec.node, endpoint->spec.ip_networks}) : std::nullopt;
  }
  for (auto& [key, workload] : news) {
    const auto it = workloads_.find(key);
    if (it == workloads_.end() ? !workload : workload == it->second) continue;
    if (it != workloads_.end()) {
      if (counts(it->second)) place_workload(it->second, false);
      workloads_.erase(it);
    }
    if (workload) {
      if (counts(*workload)) place_workload(*workload, true);
      workloads_.emplace(key, *std::move(workload));
    }
  }
}

// Answers.

void ClusterRoutes::settle(bool wanted, bool workloads_decide) {
  if (workloads_decide != workloads_decide_) {
    for (const auto& [cidr, block] : blocks_) place_block(block, !workloads_decide);
    for (const auto& [key, workload] : workloads_) {
      if (workload.node != node_) place_workload(workload, workloads_decide);
    }
    workloads_decide_ = workloads_decide;
  }
  if (wanted != wanted_) {
    wanted_ = wanted;
    touch_all();
  }
  for (const auto& cidr : std::exchange(touched_, {})) answer(cidr);
}

void ClusterRoutes::answer(const net::Cidr& cidr) {
  if (const auto it = rows_.rows().find(cidr); it != rows_.rows().end() && !it->second.node.empty()) {
    auto& routes = by_node_[it->second.node];
    routes.erase(cidr);
    if (routes.empty()) by_node_.erase(it->second.node);
  }
  const bool nowhere = cidr.is_host() && (cidr.ip() == net::Ip() || cidr == net::Cidr::parse("::/128").value());
  if (!wanted_ || nowhere || !places_.contains(cidr)) {
    rows_.drop(cidr);
    return;
  }
  auto route = route_to(cidr);
  if (!route.node.empty()) by_node_[route.node].insert(cidr);
  rows_.put(std::move(route));
}

plan::ClusterRoute ClusterRoutes::route_to(const net::Cidr& cidr) const {
  plan::ClusterRoute route;
  route.dst = cidr;
  bool cross_subnet = false, of_a_host = false, of_a_tunnel = false;
  std::optional<std::string> block_node;  // of the outermost block around it
  bool is_block = false;
  std::uint8_t block_types = 0;

  for (const auto& [length, count] : lengths_.at(cidr.family())) {  // from the outside in
    if (length > cidr.length()) break;
    const net::Cidr around(cidr.ip(), length);
    const auto it = places_.find(around);
    if (it == places_.end()) continue;
    const auto& [pool, blocks, hosts, uses] = it->second;

    if (pool) {
      if (!pool->for_services_only) route.pool = pool->type;
      route.nat_outgoing = route.nat_outgoing || pool->masquerade;
      cross_subnet = cross_subnet || pool->cross_subnet;
    }
    if (!blocks.empty()) {
      const std::string& node = blocks.rbegin()->second;  // the smallest block knows best
      if (!block_node)
        block_node = node;
      else if (*block_node != node)
        route.borrowed = true;
      route.node = node;
      is_block = is_block || around == cidr;
      block_types |= node == node_ ? plan::local_workload : plan::remote_workload;
    }
    if (!hosts.empty()) {
      route.node = *hosts.begin();
      of_a_host = true;
      route.types |= route.node == node_ ? plan::local_host : plan::remote_host;
    }
    if (!uses.empty()) {
      const auto& [node, first] = uses.begin()->first;
      route.node = node;
      if (block_node && *block_node != node) route.borrowed = true;
      const bool local = node == node_;
      if (first == Use::workload) {
        route.types |= local ? plan::local_workload : plan::remote_workload;
        route.has_local_workload = route.has_local_workload || local;
        continue;
      }
      of_a_tunnel = true;
      route.types |= local ? plan::local_tunnel : plan::remote_tunnel;
      route.tunnels = 0;
      for (const auto& [user, number] : uses) {
        if (user.first != node) continue;
        if (user.second == Use::ipip) route.tunnels |= plan::ipip_tunnel;
        if (user.second == Use::vxlan) route.tunnels |= plan::vxlan_tunnel;
        if (user.second == Use::wireguard) route.tunnels |= plan::wireguard_tunnel;
      }
    }
  }
  // A host's address is reached as the host is, and a tunnel's as the tunnel is, whatever block it lies in; but for a
  // block that is just this address.
  if (block_node && !of_a_host && (is_block || !of_a_tunnel)) route.types |= block_types;

  if (const auto node = nodes_.find(route.node); node != nodes_.end()) {
    if (const auto& address = node->second.of(cidr.family())) route.node_address = address->ip;
  }
  route.same_subnet = cross_subnet && is_near(route.node, cidr.family());
  return route;
}

bool ClusterRoutes::is_near(const std::string& node, net::Family family) const {
  const auto ours = nodes_.find(node_);
  const auto theirs = nodes_.find(node);
  if (ours == nodes_.end() || theirs == nodes_.end()) return false;
  const auto& subnet = ours->second.of(family);
  const auto& address = theirs->second.of(family);
  return subnet && address && subnet->network().contains(address->ip);
}

}  // namespace weft::graph
