#include "graph/tunnels.h"

#include <algorithm>

#include "base/sha.h"
#include "net/mac.h"

namespace weft::graph {
namespace {

/// The MAC address of a node's VXLAN device when the node does not say it: 66 and a hash of the name.
std::string derived_mac(std::string_view seed) {
  const auto hash = sha1(seed);
  net::Mac mac{.bytes = {0x66}};
  std::copy_n(hash.begin(), 5, mac.bytes.begin() + 1);
  return net::to_string(mac);
}

std::optional<plan::Vtep> vtep_of(const api::Node& node) {
  const auto& spec = node.spec;
  const std::string& name = node.metadata.name;
  if (!spec.bgp) return std::nullopt;
  const auto end = [](const std::optional<net::Ip>& tunnel, const std::optional<net::Address>& parent,
                      const std::string& mac, const std::string& seed) -> std::optional<plan::Vtep::End> {
    if (!tunnel || !parent) return std::nullopt;
    return plan::Vtep::End{*tunnel, parent->ip, mac.empty() ? derived_mac(seed) : mac};
  };
  plan::Vtep vtep{.node = name, .v4 = {}, .v6 = {}};
  vtep.v4 = end(spec.ipv4_vxlan_tunnel_address, spec.bgp->ipv4_address, spec.vxlan_tunnel_mac_address, name);
  vtep.v6 = end(spec.ipv6_vxlan_tunnel_address, spec.bgp->ipv6_address, spec.vxlan_tunnel_mac_address_v6, name + "-v6");
  if (!vtep.v4 && !vtep.v6) return std::nullopt;
  return vtep;
}

std::optional<plan::WireguardPeer> peer_of(const api::Node& node) {
  const auto& addresses = node.spec.wireguard;
  plan::WireguardPeer peer{.node = node.metadata.name, .v4 = {}, .v6 = {}};
  if (const auto& key = node.status.wireguard_public_key; !key.empty())
    peer.v4 = {key, addresses ? addresses->interface_ipv4_address : std::nullopt};
  if (const auto& key = node.status.wireguard_public_key_v6; !key.empty())
    peer.v6 = {key, addresses ? addresses->interface_ipv6_address : std::nullopt};
  if (!peer.v4 && !peer.v6) return std::nullopt;
  return peer;
}

}  // namespace

void Encapsulations::on(const table::Delta<RoutedPool>& pools) {
  table::apply(pools_, pools, [](const auto&, const auto*, const auto*) {});
}

plan::Encapsulation Encapsulations::settle(const plan::Settings& settings) const {
  const auto any = [&](plan::PoolType type, std::optional<net::Family> family = {}) {
    return std::ranges::any_of(pools_, [&](const auto& entry) {
      return entry.second.type == type && (!family || entry.first.family() == *family);
    });
  };
  return {.ipip = settings.ipip.value_or(any(plan::PoolType::ipip)),
          .vxlan = settings.vxlan.value_or(any(plan::PoolType::vxlan, net::Family::v4)),
          .vxlan_v6 = any(plan::PoolType::vxlan, net::Family::v6),
          .no_encapsulation = settings.plain_routes && any(plan::PoolType::no_encapsulation)};
}

bool needs_cluster_routes(const plan::Encapsulation& encapsulation, const plan::Settings& settings) {
  return settings.bpf || encapsulation.vxlan || encapsulation.vxlan_v6 || settings.wireguard || settings.wireguard_v6 ||
         encapsulation.no_encapsulation || (encapsulation.ipip && settings.ipip_routes);
}

void Tunnels::on(const table::Delta<api::Node>& nodes) {
  std::set<std::string> gone;
  if (nodes.whole) {
    for (const auto& [name, vtep] : known_) gone.insert(name);
    for (const auto& [name, peer] : wireguard_.rows()) gone.insert(name);
  }
  for (const auto& [name, node] : nodes.rows) {
    gone.erase(name);
    if (!node) {
      gone.insert(name);
      continue;
    }
    known_.erase(name);
    if (auto vtep = vtep_of(*node)) known_.emplace(name, *std::move(vtep));
    if (auto peer = peer_of(*node))
      wireguard_.put(*std::move(peer));
    else
      wireguard_.drop(name);
    if (!vxlan_) continue;
    if (const auto it = known_.find(name); it != known_.end())
      vteps_.put(it->second);
    else
      vteps_.drop(name);
  }
  for (const auto& name : gone) {
    known_.erase(name);
    vteps_.drop(name);
    wireguard_.drop(name);
  }
}

void Tunnels::settle(bool vxlan) {
  if (vxlan == std::exchange(vxlan_, vxlan)) return;
  for (const auto& [name, vtep] : known_) {
    if (vxlan)
      vteps_.put(vtep);
    else
      vteps_.drop(name);
  }
}

}  // namespace weft::graph
