#include "policy/journey.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace weft::policy {
namespace {

Verdict at_once(Step::What what, bool allowed) {
  Step step;
  step.what = what;
  step.action = allowed ? api::Action::allow : api::Action::deny;
  return {allowed, {step}};
}

/// What an endpoint may send from: its addresses and what it is allowed to spoof. Of what never leaves the link also
/// link-local addresses and, for finding out whether an address is free, none; DHCP is spoken without an address.
bool may_send_from(const api::WorkloadEndpoint& endpoint, const Packet& packet) {
  const auto has = [&](const std::vector<net::Cidr>& nets) {
    return std::ranges::any_of(nets, [&](const net::Cidr& net) { return net.contains(packet.source); });
  };
  const auto is = [](const net::Ip& ip, const char* text) { return ip == *net::Ip::parse(text); };
  if (has(endpoint.spec.ip_networks) || has(endpoint.spec.allow_spoofed_source_prefixes)) return true;
  if (packet.source.is_v6()) {
    return net::Cidr::parse("fe80::/10")->contains(packet.source) ||
           (is(packet.source, "::") && packet.protocol == net::icmpv6);
  }
  return is(packet.source, "0.0.0.0") && is(packet.destination, "255.255.255.255") && packet.protocol == net::udp &&
         packet.source_port == 68 && packet.destination_port == 67;
}

bool is_discovery(const Packet& packet) {
  constexpr std::uint8_t types[] = {130, 131, 132, 133, 135, 136};
  return packet.source.is_v6() && packet.protocol == net::icmpv6 && std::ranges::count(types, packet.type) > 0;
}

/// The address of a node that others know it by, one of each family.
bool is_node(const api::Node& node, const net::Ip& ip) {
  const auto& spec = node.spec;
  if (spec.bgp) {
    const auto& address = ip.is_v4() ? spec.bgp->ipv4_address : spec.bgp->ipv6_address;
    if (address) return address->ip == ip;
  }
  for (const std::string_view type : {"CalicoNodeIP", "InternalIP", "ExternalIP"}) {
    for (const auto& entry : spec.addresses) {
      const auto address = net::Address::parse(entry.address);
      if (entry.type == type && address && address->ip.family() == ip.family()) return address->ip == ip;
    }
  }
  return false;
}

}  // namespace

bool masquerades(const Cluster& cluster, const std::string& node, const Packet& packet) {
  const auto in = [](const api::IpPool& pool, const net::Ip& ip) {
    const auto& uses = pool.spec.allowed_uses;
    const bool balancing = uses.size() == 1 && uses[0] == "LoadBalancer";
    return !balancing && pool.spec.cidr.contains(ip);
  };
  bool from_natted = false, to_pool = false;
  std::set<net::Cidr> seen;
  for (const auto& [name, pool] : cluster.pools) {
    if (!seen.insert(pool.spec.cidr).second) continue;  // of two with one prefix the first by name counts
    from_natted = from_natted || (pool.spec.nat_outgoing && in(pool, packet.source));
    to_pool = to_pool || in(pool, packet.destination);
  }
  if (settings_of(cluster, node).nat_excludes_hosts) {
    to_pool = to_pool || std::ranges::any_of(cluster.nodes, [&](const auto& entry) {
                return is_node(entry.second, packet.destination);
              });
  }
  return from_natted && !to_pool;
}

const Journey::Place* Journey::denied() const {
  const auto it = std::ranges::find_if(places, [](const Place& place) { return !place.verdict.allowed; });
  return it == places.end() ? nullptr : &*it;
}

bool Journey::allowed() const { return denied() == nullptr; }

Journey follow(const Oracle& oracle, const Party& from, const Party& to, const Packet& packet) {
  using enum Journey::Place::Where;
  Journey journey;
  const auto add = [&](Journey::Place::Where where, const api::WorkloadEndpoint* endpoint, Verdict verdict) {
    journey.places.push_back({where, endpoint, std::move(verdict)});
  };
  const bool to_own_node = to.kind == Party::Kind::node && from.kind == Party::Kind::endpoint && from.node == to.node;
  const bool discovery = to_own_node && is_discovery(packet);
  const auto closed = at_once(Step::What::closed, false);

  if (from.kind == Party::Kind::endpoint) {
    if (from.endpoint == nullptr)
      add(egress, nullptr, closed);
    else if (!may_send_from(*from.endpoint, packet))
      add(source_check, from.endpoint, at_once(Step::What::source_check, false));
    else if (discovery)
      add(egress, from.endpoint, at_once(Step::What::discovery, true));
    else
      add(egress, from.endpoint, oracle.ask(*from.endpoint, Direction::egress, packet));
  }
  if (to_own_node && !discovery && packet.state != Packet::State::established) {
    const bool drop = settings_of(oracle.cluster(), to.node).endpoint_to_host == "DROP";
    add(to_node, nullptr, at_once(Step::What::host_action, !drop));
  }
  if (to.kind == Party::Kind::endpoint) {
    if (from.kind == Party::Kind::node && from.node == to.node)
      add(ingress, to.endpoint, at_once(Step::What::not_asked, true));
    else if (to.endpoint == nullptr)
      add(ingress, nullptr, closed);
    else
      add(ingress, to.endpoint, oracle.ask(*to.endpoint, Direction::ingress, packet));
  }
  journey.masqueraded = from.kind == Party::Kind::endpoint && !to_own_node && journey.allowed() &&
                        masquerades(oracle.cluster(), from.node, packet);
  return journey;
}

}  // namespace weft::policy
