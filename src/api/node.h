#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/metadata.h"
#include "api/types.h"
#include "net/cidr.h"

namespace weft::api {

struct NodeBgp {
  std::optional<AsNumber> as_number;
  std::optional<net::Address> ipv4_address;  // with the prefix length of its subnet
  std::optional<net::Address> ipv6_address;
  std::optional<net::Ip> ipv4_ipip_tunnel_address;  // ipv4IPIPTunnelAddr
  std::string route_reflector_cluster_id;
  schema::Extra extra;
  bool operator==(const NodeBgp&) const = default;
};

struct OrchRef {
  std::string node_name;
  std::string orchestrator;
  schema::Extra extra;
  bool operator==(const OrchRef&) const = default;
};

struct NodeAddress {
  std::string address;
  std::string type;  // CalicoNodeIP, InternalIP, ExternalIP
  schema::Extra extra;
  bool operator==(const NodeAddress&) const = default;
};

struct NodeWireguard {
  std::optional<net::Ip> interface_ipv4_address;
  std::optional<net::Ip> interface_ipv6_address;
  schema::Extra extra;
  bool operator==(const NodeWireguard&) const = default;
};

struct NodeInterface {
  std::string name;
  std::vector<std::string> addresses;
  schema::Extra extra;
  bool operator==(const NodeInterface&) const = default;
};

struct NodeSpec {
  std::optional<NodeBgp> bgp;
  std::optional<net::Ip> ipv4_vxlan_tunnel_address;  // ipv4VXLANTunnelAddr
  std::string vxlan_tunnel_mac_address;              // vxlanTunnelMACAddr
  std::optional<net::Ip> ipv6_vxlan_tunnel_address;
  std::string vxlan_tunnel_mac_address_v6;
  std::vector<OrchRef> orch_refs;
  std::optional<NodeWireguard> wireguard;
  std::vector<NodeAddress> addresses;
  std::vector<NodeInterface> interfaces;
  schema::Extra extra;
  bool operator==(const NodeSpec&) const = default;
};

struct NodeStatus {
  std::string wireguard_public_key;
  std::string wireguard_public_key_v6;
  std::vector<std::string> pod_cidrs;
  schema::Extra extra;
  bool operator==(const NodeStatus&) const = default;
};

/// A machine of the cluster.
struct Node {
  Metadata metadata;
  NodeSpec spec;
  NodeStatus status;  // always written
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const Node&) const = default;
};

}  // namespace weft::api
