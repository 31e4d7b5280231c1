#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "net/cidr.h"
#include "net/mac.h"

/// What the network between the nodes looks like from one of them. Computed only when it is asked for (graph::Options);
/// the dataplane does not program it yet.
namespace weft::plan {

/// How packets to the workloads of a pool travel.
enum class PoolType { none, no_encapsulation, ipip, vxlan };

/// What is at a destination; bits of ClusterRoute::types. Felix's numbers. None of them: just a part of a pool.
enum RouteType : std::uint8_t {
  remote_workload = 1,
  remote_host = 2,
  local_workload = 4,
  local_host = 8,
  remote_tunnel = 16,
  local_tunnel = 32,
};

/// Whose tunnel has an address; bits of ClusterRoute::tunnels.
enum TunnelType : std::uint8_t { ipip_tunnel = 1, vxlan_tunnel = 2, wireguard_tunnel = 4 };

/// Where packets for a prefix go (dataplane 6.2): pools, blocks, hosts, tunnels and workloads of the whole cluster.
struct ClusterRoute {
  net::Cidr dst;
  std::uint8_t types = 0;
  PoolType pool = PoolType::none;
  std::string node;                     // empty: of no node in particular
  std::optional<net::Ip> node_address;  // of the destination's family
  bool same_subnet = false;             // no encapsulation needed: the pool is CrossSubnet and the node is near
  bool nat_outgoing = false;
  bool has_local_workload = false;  // a workload of this node has the address
  bool borrowed = false;            // from another node's block
  std::uint8_t tunnels = 0;
  auto key() const { return dst; }
  bool operator==(const ClusterRoute&) const = default;
};

/// A node's end of the VXLAN tunnels.
struct Vtep {
  struct End {
    net::Ip address;  // in the tunnel
    net::Ip parent;   // of the node
    std::string mac;
    bool operator==(const End&) const = default;
  };
  std::string node;
  std::optional<End> v4;
  std::optional<End> v6;
  const auto& key() const { return node; }
  bool operator==(const Vtep&) const = default;
};

/// A node that speaks WireGuard.
struct WireguardPeer {
  struct End {
    std::string public_key;
    std::optional<net::Ip> address;  // in the tunnel
    bool operator==(const End&) const = default;
  };
  std::string node;
  std::optional<End> v4;
  std::optional<End> v6;
  const auto& key() const { return node; }
  bool operator==(const WireguardPeer&) const = default;
};

/// Which kinds of routes and tunnels this node needs.
struct Encapsulation {
  bool ipip = false;
  bool vxlan = false;
  bool vxlan_v6 = false;
  bool no_encapsulation = false;  // routes of pools without encapsulation are the agent's
  bool operator==(const Encapsulation&) const = default;
};

}  // namespace weft::plan
