#include "ipam/tunnel.h"

#include <algorithm>

#include "api/codec.h"
#include "api/ip_pool.h"
#include "api/node.h"
#include "ipam/pools.h"

namespace weft::ipam {

namespace {

bool is_v6(Tunnel tunnel) { return tunnel == Tunnel::vxlan_v6 || tunnel == Tunnel::wireguard_v6; }

bool serves(const api::IpPool& pool, Tunnel tunnel) {
  switch (tunnel) {
    case Tunnel::ipip: return pool.spec.ipip_mode != api::EncapMode::never;
    case Tunnel::vxlan:
    case Tunnel::vxlan_v6: return pool.spec.vxlan_mode != api::EncapMode::never;
    case Tunnel::wireguard:
    case Tunnel::wireguard_v6: return true;
  }
  return false;
}

std::optional<net::Ip> address_of(const api::Node& node, Tunnel tunnel) {
  const api::NodeSpec& spec = node.spec;
  switch (tunnel) {
    case Tunnel::ipip: return spec.bgp ? spec.bgp->ipv4_ipip_tunnel_address : std::nullopt;
    case Tunnel::vxlan: return spec.ipv4_vxlan_tunnel_address;
    case Tunnel::vxlan_v6: return spec.ipv6_vxlan_tunnel_address;
    case Tunnel::wireguard: return spec.wireguard ? spec.wireguard->interface_ipv4_address : std::nullopt;
    case Tunnel::wireguard_v6: return spec.wireguard ? spec.wireguard->interface_ipv6_address : std::nullopt;
  }
  return std::nullopt;
}

void set_address(api::Node& node, Tunnel tunnel, std::optional<net::Ip> ip) {
  api::NodeSpec& spec = node.spec;
  const bool wireguard = tunnel == Tunnel::wireguard || tunnel == Tunnel::wireguard_v6;
  if (tunnel == Tunnel::ipip && !spec.bgp) spec.bgp.emplace();
  if (wireguard && !spec.wireguard) spec.wireguard.emplace();
  switch (tunnel) {
    case Tunnel::ipip: spec.bgp->ipv4_ipip_tunnel_address = ip; break;
    case Tunnel::vxlan: spec.ipv4_vxlan_tunnel_address = ip; break;
    case Tunnel::vxlan_v6: spec.ipv6_vxlan_tunnel_address = ip; break;
    case Tunnel::wireguard: spec.wireguard->interface_ipv4_address = ip; break;
    case Tunnel::wireguard_v6: spec.wireguard->interface_ipv6_address = ip; break;
  }
  // Neither part may be left there empty (datamodel 4.5).
  if (spec.bgp == api::NodeBgp{}) spec.bgp.reset();
  if (spec.wireguard == api::NodeWireguard{}) spec.wireguard.reset();
}

struct StoredNode {
  api::Node node;
  store::Revision revision;
  std::string path;
};

Result<StoredNode> read_node(store::Store& store, const std::string& name) {
  api::Node wanted;
  wanted.metadata.name = name;
  const std::string path = api::path_of(wanted);
  const auto entry = TRY(store.get(path));
  if (!entry) return fail(Code::not_found, "Node " + name + ": not in the store");
  return StoredNode{TRY(within(api::from_json<api::Node>(entry->value), path)), entry->revision, path};
}

/// The write that puts the address into the Node as it is now.
Result<std::vector<store::Op>> node_ops(store::Store& store, const std::string& name, Tunnel tunnel,
                                        std::optional<net::Ip> ip) {
  StoredNode stored = TRY(read_node(store, name));
  if (address_of(stored.node, tunnel) == ip) return std::vector<store::Op>{};
  set_address(stored.node, tunnel, ip);
  return std::vector<store::Op>{{store::Op::Kind::update, stored.path, api::to_json(stored.node), stored.revision}};
}

}  // namespace

std::string tunnel_handle(Tunnel tunnel, std::string_view node) {
  static constexpr std::string_view names[] = {"ipip-tunnel-addr-", "vxlan-tunnel-addr-", "vxlan-v6-tunnel-addr-",
                                               "wireguard-tunnel-addr-", "wireguard-v6-tunnel-addr-"};
  return std::string(names[static_cast<int>(tunnel)]) + std::string(node);
}

std::string_view tunnel_type(Tunnel tunnel) {
  static constexpr std::string_view names[] = {"ipipTunnelAddress", "vxlanTunnelAddress", "vxlanV6TunnelAddress",
                                               "wireguardTunnelAddress", "wireguardV6TunnelAddress"};
  return names[static_cast<int>(tunnel)];
}

Result<std::optional<net::Ip>> ensure_tunnel_address(Ipam& ipam, const std::string& node, Tunnel tunnel, bool wanted) {
  store::Store& store = ipam.store();
  const std::string handle = tunnel_handle(tunnel, node);
  const StoredNode stored = TRY(read_node(store, node));
  const auto present = address_of(stored.node, tunnel);

  std::vector<std::string> names;
  bool fits = false;  // the present address lies in a pool that may serve it
  for (const api::IpPool& pool : TRY(read_pools(store))) {
    const bool family = pool.spec.cidr.family() == (is_v6(tunnel) ? net::Family::v6 : net::Family::v4);
    const auto& uses = pool.spec.allowed_uses;
    const bool use = std::find(uses.begin(), uses.end(), "Tunnel") != uses.end();
    if (!wanted || !family || !use || !is_enabled(pool) || !serves(pool, tunnel)) continue;
    if (!selects_node(pool, stored.node.metadata.labels)) continue;
    names.push_back(pool.metadata.name);
    if (present && pool.spec.cidr.contains(*present)) fits = true;
  }

  const auto write_node = [&](std::optional<net::Ip> ip) { return node_ops(store, node, tunnel, ip); };
  const auto held = TRY(ipam.by_handle(handle));
  if (fits && held.size() == 1 && held[0].ip == *present) return present;
  if (names.empty() || !held.empty()) TRY(ipam.release_handles({handle}, [&] { return write_node(std::nullopt); }));
  if (names.empty()) {
    if (present && held.empty()) (void)TRY(store.commit(TRY(write_node(std::nullopt))));
    return std::optional<net::Ip>{};
  }

  const Owner owner{handle, {{"node", node}, {"type", std::string(tunnel_type(tunnel))}}};
  const AlsoWrite also = [&](std::span<const Assigned> taken) { return write_node(taken[0].ip); };
  if (fits) {
    // The Node says so and IPAM does not: take it again if nobody else did.
    const auto again =
        ipam.assign_ips({.node = node, .owner = owner, .ips = {*present}, .use = "Tunnel", .also = also});
    if (again) return present;
    if (again.error().code != Code::exists && again.error().code != Code::invalid)
      return std::unexpected(again.error());
  }
  AssignRequest request{.node = node, .owner = owner, .use = "Tunnel", .also = also};
  (is_v6(tunnel) ? request.v6 : request.v4) = {.count = 1, .pools = std::move(names)};
  return TRY(ipam.assign(request)).addresses[0].ip;
}

}  // namespace weft::ipam
