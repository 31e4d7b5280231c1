#include "api/node.h"

#include "api/described.h"

namespace weft::schema {

using api::Node, api::NodeAddress, api::NodeBgp, api::NodeInterface, api::NodeSpec, api::NodeStatus, api::NodeWireguard,
    api::OrchRef;

template <>
const Schema& schema_of<NodeBgp>() {
  static const Schema schema =
      describe<NodeBgp>("NodeBGPSpec", "How the node speaks BGP.")
          .field("asNumber", &NodeBgp::as_number, "AS number; absent: the cluster's.")
          .field("ipv4Address", &NodeBgp::ipv4_address, "IPv4 address with the prefix length of its subnet.")
          .field("ipv6Address", &NodeBgp::ipv6_address, "IPv6 address with the prefix length of its subnet.")
          .field("ipv4IPIPTunnelAddr", &NodeBgp::ipv4_ipip_tunnel_address, "Address of the IPIP device.")
          .field("routeReflectorClusterID", &NodeBgp::route_reflector_cluster_id,
                 "Cluster id when the node reflects routes, written as an IPv4 address.", Format{api::ipv4})
          .extra(&NodeBgp::extra)
          .rule("", "Spec.BGP should not be empty", [](const NodeBgp& b) { return b == NodeBgp{}; })
          .rule("ipv4Address", "must be an IPv4 address",
                [](const NodeBgp& b) { return b.ipv4_address && !b.ipv4_address->ip.is_v4(); })
          .rule("ipv6Address", "must be an IPv6 address",
                [](const NodeBgp& b) { return b.ipv6_address && !b.ipv6_address->ip.is_v6(); })
          .rule("ipv4IPIPTunnelAddr", "must be an IPv4 address",
                [](const NodeBgp& b) { return b.ipv4_ipip_tunnel_address && !b.ipv4_ipip_tunnel_address->is_v4(); });
  return schema;
}

template <>
const Schema& schema_of<OrchRef>() {
  static const Schema schema = describe<OrchRef>("OrchRef", "The node in an orchestrator.")
                                   .field("nodeName", &OrchRef::node_name, "Its name there.")
                                   .field("orchestrator", &OrchRef::orchestrator, "Which: k8s, …", always)
                                   .extra(&OrchRef::extra);
  return schema;
}

template <>
const Schema& schema_of<NodeAddress>() {
  static const Schema schema =
      describe<NodeAddress>("NodeAddress", "An address of the node.")
          .field("address", &NodeAddress::address, "The address.", always)
          .field("type", &NodeAddress::type, "Where it comes from: CalicoNodeIP, InternalIP or ExternalIP.")
          .extra(&NodeAddress::extra);
  return schema;
}

template <>
const Schema& schema_of<NodeWireguard>() {
  static const Schema schema =
      describe<NodeWireguard>("NodeWireguardSpec", "Addresses of the WireGuard devices.")
          .field("interfaceIPv4Address", &NodeWireguard::interface_ipv4_address, "Address of the IPv4 device.")
          .field("interfaceIPv6Address", &NodeWireguard::interface_ipv6_address, "Address of the IPv6 device.")
          .extra(&NodeWireguard::extra)
          .rule("interfaceIPv4Address", "must be an IPv4 address",
                [](const NodeWireguard& w) { return w.interface_ipv4_address && !w.interface_ipv4_address->is_v4(); })
          .rule("interfaceIPv6Address", "must be an IPv6 address",
                [](const NodeWireguard& w) { return w.interface_ipv6_address && !w.interface_ipv6_address->is_v6(); });
  return schema;
}

template <>
const Schema& schema_of<NodeInterface>() {
  static const Schema schema = describe<NodeInterface>("NodeInterface", "An interface of the node.")
                                   .field("name", &NodeInterface::name, "Its name.")
                                   .field("addresses", &NodeInterface::addresses, "Its addresses.")
                                   .extra(&NodeInterface::extra);
  return schema;
}

template <>
const Schema& schema_of<NodeSpec>() {
  static const Schema schema =
      describe<NodeSpec>("NodeSpec", "Addresses of the node.")
          .field("bgp", &NodeSpec::bgp, "How the node speaks BGP; absent: it does not.")
          .field("ipv4VXLANTunnelAddr", &NodeSpec::ipv4_vxlan_tunnel_address, "Address of the IPv4 VXLAN device.")
          .field("vxlanTunnelMACAddr", &NodeSpec::vxlan_tunnel_mac_address, "MAC of the IPv4 VXLAN device.",
                 Format{api::mac})
          .field("ipv6VXLANTunnelAddr", &NodeSpec::ipv6_vxlan_tunnel_address, "Address of the IPv6 VXLAN device.")
          .field("vxlanTunnelMACAddrV6", &NodeSpec::vxlan_tunnel_mac_address_v6, "MAC of the IPv6 VXLAN device.",
                 Format{api::mac})
          .field("orchRefs", &NodeSpec::orch_refs, "The node in orchestrators.")
          .field("wireguard", &NodeSpec::wireguard, "Addresses of the WireGuard devices.")
          .field("addresses", &NodeSpec::addresses, "Addresses that the node is reached at.")
          .field("interfaces", &NodeSpec::interfaces, "Interfaces with their addresses.")
          .extra(&NodeSpec::extra)
          .rule("ipv4VXLANTunnelAddr", "must be an IPv4 address",
                [](const NodeSpec& s) { return s.ipv4_vxlan_tunnel_address && !s.ipv4_vxlan_tunnel_address->is_v4(); })
          .rule("ipv6VXLANTunnelAddr", "must be an IPv6 address",
                [](const NodeSpec& s) { return s.ipv6_vxlan_tunnel_address && !s.ipv6_vxlan_tunnel_address->is_v6(); });
  return schema;
}

template <>
const Schema& schema_of<NodeStatus>() {
  static const Schema schema = describe<NodeStatus>("NodeStatus", "What the node says about itself.")
                                   .field("wireguardPublicKey", &NodeStatus::wireguard_public_key,
                                          "Public key of the IPv4 device, base64.", Format{api::wireguard_key})
                                   .field("wireguardPublicKeyV6", &NodeStatus::wireguard_public_key_v6,
                                          "Public key of the IPv6 device, base64.", Format{api::wireguard_key})
                                   .field("podCIDRs", &NodeStatus::pod_cidrs, "Prefixes that Kubernetes gave the node.")
                                   .extra(&NodeStatus::extra);
  return schema;
}

namespace {

/// The node's own AS number, else the cluster's in parentheses; nothing without BGP.
std::string as_number_of(const Node& node, const Facts& facts) {
  if (!node.spec.bgp) return "";
  if (node.spec.bgp->as_number) return to_string(*node.spec.bgp->as_number);
  const auto global = facts.find("asNumber");
  return "(" + (global == facts.end() ? std::string("64512") : global->second) + ")";
}

std::string address_text(const std::optional<net::Address>& address) { return address ? to_string(*address) : ""; }

}  // namespace

template <>
const Schema& schema_of<Node>() {
  static const Schema schema =
      describe<Node>("Node", "A machine of the cluster.")
          .resource("nodes", {"no", "nos"})
          .kubernetes_own()
          .example(R"(metadata:
  name: node1
  labels:
    rack: "7"
spec:
  bgp:
    ipv4Address: 10.0.0.1/24
    ipv6Address: fd00::1/64
    asNumber: 64512
)")
          .field("metadata", &Node::metadata, "Name and labels.", always)
          .field("spec", &Node::spec, "Its addresses.", always)
          .field("status", &Node::status, "What it says about itself.", always)
          .extra(&Node::extra)
          .check(api::check_name<Node>(api::dns_subdomain, false))
          .column("NAME", Show::always, api::name_column)
          .column("ASN", Show::wide, as_number_of)
          .column("IPV4", Show::wide,
                  [](const Node& n, const Facts&) { return n.spec.bgp ? address_text(n.spec.bgp->ipv4_address) : ""; })
          .column("IPV6", Show::wide,
                  [](const Node& n, const Facts&) { return n.spec.bgp ? address_text(n.spec.bgp->ipv6_address) : ""; });
  return schema;
}

}  // namespace weft::schema
