#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "bgp/view.h"

namespace weft::bgp {
namespace {

using schema::Array;
using schema::Object;
using schema::Value;

Value texts(const std::vector<std::string>& list) {
  Array array;
  for (const auto& text : list) array.emplace_back(text);
  return array;
}

Value cidrs(const std::vector<net::Cidr>& list) {
  Array array;
  for (const auto& cidr : list) array.emplace_back(net::to_string(cidr));
  return array;
}

/// For templates: what a BIRD filter adds for a community.
std::string statement(const std::string& community) {
  const auto parts = split(community, ':');
  return fmt::format("{}.add(({}))", parts.size() == 2 ? "bgp_community" : "bgp_large_community", join(parts, ", "));
}

Value family_value(const View& view, const FamilyView& family, bool v4) {
  Object object;
  object.set("channel", v4 ? "ipv4" : "ipv6");
  object.set("suffix", v4 ? "4" : "6");
  object.set("bits", v4 ? "32" : "128");
  object.set("pools", cidrs(family.pools));
  object.set("hidden", cidrs(family.hidden));
  object.set("unsupported", cidrs(family.unsupported));
  object.set("blocks", cidrs(family.blocks));
  Array advertisements;
  for (const auto& advertisement : family.advertisements) {
    std::vector<std::string> statements;
    for (const auto& community : advertisement.communities) statements.push_back(statement(community));
    advertisements.emplace_back(
        Object{{"cidr", net::to_string(advertisement.cidr)}, {"statements", texts(statements)}});
  }
  object.set("advertisements", std::move(advertisements));
  Array gateways;
  for (const auto& peer : view.peers) {
    if (peer.reachable_by.empty() || peer.address.is_v4() != v4) continue;
    gateways.emplace_back(Object{{"cidr", net::to_string(net::Cidr::host(peer.address))}, {"via", peer.reachable_by}});
  }
  object.set("gateways", std::move(gateways));
  return object;
}

Value peer_value(const Peer& peer) {
  Object object;
  object.set("name", peer.name);
  object.set("from", peer.from);
  object.set("channel", peer.address.is_v4() ? "ipv4" : "ipv6");
  object.set("suffix", peer.address.is_v4() ? "4" : "6");
  object.set("address", net::to_string(peer.address));
  object.set("port", peer.port == 0 ? "" : fmt::format("{}", peer.port));
  object.set("as", fmt::format("{}", peer.as_number));
  object.set("localAs", fmt::format("{}", peer.local_as_number));
  object.set("localAddress", peer.local_address ? net::to_string(*peer.local_address) : "");
  object.set("passive", peer.passive);
  object.set("password", peer.password);
  object.set("clusterId", peer.cluster_id);
  object.set("nextHop", peer.next_hop);
  object.set("ttlHops", peer.ttl_hops ? fmt::format("{}", *peer.ttl_hops) : "");
  object.set("keepalive", peer.keepalive ? fmt::format("{}", *peer.keepalive) : "");
  // BIRD's hold time of 240 s, or where that is less than three keepalives (RFC 4271, 4.4), those.
  object.set("holdTime", peer.keepalive.value_or(0) > 80 ? fmt::format("{}", 3 * *peer.keepalive) : "");
  object.set("restartTime", peer.restart_time ? fmt::format("{}", *peer.restart_time) : "");
  object.set("allowLocalAs", peer.allow_local_as == 0 ? "" : fmt::format("{}", peer.allow_local_as));
  return object;
}

/// The peer as Calico writes it (datamodel 7.2).
std::string peer_json(const Input& input, const Peer& peer) {
  const auto found = input.peers.find(peer.from);
  const bool known = found != input.peers.end();
  Object object;
  object.set("ip", net::to_string(peer.address));
  object.set("as_num", fmt::format("{}", peer.as_number));
  object.set(
      "local_as_num",
      fmt::format("{}", known && found->second.spec.local_as_number ? found->second.spec.local_as_number->value : 0));
  object.set("rr_cluster_id", peer.peer_cluster_id);
  object.set("password", peer.password.empty() ? Value() : Value(peer.password));
  object.set("source_addr",
             known && !found->second.spec.source_address.empty() ? found->second.spec.source_address : "UseNodeIP");
  object.set("restart_time", peer.restart_time ? fmt::format("{}", *peer.restart_time) : "");
  object.set("keepalive_time", peer.keepalive ? fmt::format("{}", *peer.keepalive) : "");
  object.set("port", peer.port);
  object.set("keep_next_hop", known && found->second.spec.keep_original_next_hop);
  object.set("calico_node", peer.calico_node);
  object.set("num_allow_local_as", peer.allow_local_as);
  object.set("ttl_security", peer.ttl_hops.value_or(0));
  object.set("filters", Array{});
  object.set("reachable_by", peer.reachable_by);
  object.set("passive_mode", false);
  object.set("local_bgp_peer", false);
  object.set("next_hop_mode", known ? found->second.spec.next_hop_mode : "");
  return schema::to_json(object);
}

std::string key_of(const net::Cidr& cidr) {
  std::string text = net::to_string(cidr);
  std::replace(text.begin(), text.end(), '/', '-');
  return text;
}

std::string mode(api::EncapMode mode) {
  return mode == api::EncapMode::always ? "always" : mode == api::EncapMode::cross_subnet ? "cross-subnet" : "";
}

using Keys = std::map<std::string, std::string>;

void add_peers(Keys& keys, const Input& input, const std::string& prefix, const std::vector<Peer>& peers) {
  for (const auto& peer : peers) {
    if (peer.name.empty()) continue;  // its password is missing
    const std::string port = peer.port == 0 ? "" : fmt::format("-{}", peer.port);
    keys.emplace(
        fmt::format("{}/peer_v{}/{}{}", prefix, peer.address.is_v4() ? 4 : 6, net::to_string(peer.address), port),
        peer_json(input, peer));
  }
}

void add_configuration(Keys& keys, const std::string& prefix, const api::BgpConfigurationSpec& spec, bool global) {
  if (global || !spec.log_severity_screen.empty()) {
    const std::string level = to_lower(spec.log_severity_screen);
    keys[prefix + "/loglevel"] = level.empty() ? "info" : level == "debug" || level == "info" ? level : "none";
  }
  if (spec.listen_port != 0) keys[prefix + "/listen_port"] = fmt::format("{}", spec.listen_port);
  Array lists[2];
  for (const auto& advertisement : spec.prefix_advertisements) {
    const auto cidr = net::Cidr::parse_loose(advertisement.cidr);
    if (!cidr) continue;
    std::vector<std::string> communities;
    for (const auto& community : advertisement.communities) {
      const auto named = std::find_if(spec.communities.begin(), spec.communities.end(),
                                      [&](const api::Community& c) { return c.name == community; });
      communities.push_back(named == spec.communities.end() ? community : named->value);
    }
    std::sort(communities.begin(), communities.end());
    lists[cidr->family() == net::Family::v4 ? 0 : 1].emplace_back(
        Object{{"cidr", net::to_string(*cidr)}, {"communities", texts(communities)}});
  }
  if (!lists[0].empty()) keys[prefix + "/prefix_advertisements/ip_v4"] = schema::to_json(lists[0]);
  if (!lists[1].empty()) keys[prefix + "/prefix_advertisements/ip_v6"] = schema::to_json(lists[1]);
}

}  // namespace

schema::Value to_value(const View& view) {
  Object object;
  object.set("node", view.node);
  object.set("routerId", view.router_id);
  object.set("as", fmt::format("{}", view.as_number));
  object.set("listenPort", view.listen_port == 179 ? "" : fmt::format("{}", view.listen_port));
  object.set("strictBind", view.strict_bind);
  object.set("logLevel", view.log_level);
  object.set("workloadInterfaces", texts(view.workload_interfaces));
  object.set("ignoredInterfaces", texts(view.ignored_interfaces));
  object.set("families", Array{family_value(view, view.v4, true), family_value(view, view.v6, false)});
  Array peers;
  for (const auto& peer : view.peers) peers.push_back(peer_value(peer));
  object.set("peers", std::move(peers));
  return object;
}

std::map<std::string, std::string> view_keys(const Input& input, const View& view) {
  Keys keys;
  const std::string bgp = "/calico/bgp/v1";
  const auto configuration = input.configurations.find("default");
  const api::BgpConfigurationSpec defaults =
      configuration == input.configurations.end() ? api::BgpConfigurationSpec{} : configuration->second.spec;
  keys[bgp + "/global/as_num"] = fmt::format("{}", defaults.as_number ? defaults.as_number->value : default_as_number);
  keys[bgp + "/global/node_mesh"] =
      fmt::format("{{\"enabled\":{}}}", defaults.node_to_node_mesh_enabled.value_or(true));
  add_configuration(keys, bgp + "/global", defaults, true);
  for (const auto& [name, row] : input.configurations) {
    if (name.starts_with("node.")) add_configuration(keys, bgp + "/host/" + name.substr(5), row.spec, false);
  }

  for (const auto& [name, node] : input.nodes) {
    const std::string host = bgp + "/host/" + name;
    const api::NodeBgp none;
    const api::NodeBgp& spec = node.spec.bgp ? *node.spec.bgp : none;
    keys[host + "/ip_addr_v4"] = spec.ipv4_address ? net::to_string(spec.ipv4_address->ip) : "";
    keys[host + "/ip_addr_v6"] = spec.ipv6_address ? net::to_string(spec.ipv6_address->ip) : "";
    if (spec.ipv4_address) keys[host + "/network_v4"] = net::to_string(spec.ipv4_address->network());
    if (spec.ipv6_address) keys[host + "/network_v6"] = net::to_string(spec.ipv6_address->network());
    if (spec.as_number) keys[host + "/as_num"] = fmt::format("{}", spec.as_number->value);
    keys[host + "/rr_cluster_id"] = spec.route_reflector_cluster_id;
    if (node.spec.wireguard && node.spec.wireguard->interface_ipv4_address)
      keys[host + "/wireguard_addr_v4"] = net::to_string(*node.spec.wireguard->interface_ipv4_address);
    if (node.spec.wireguard && node.spec.wireguard->interface_ipv6_address)
      keys[host + "/wireguard_addr_v6"] = net::to_string(*node.spec.wireguard->interface_ipv6_address);
  }

  std::vector<std::string> said;
  add_peers(keys, input, bgp + "/global", global_peers(input, said));
  std::vector<Peer> own;
  std::copy_if(view.peers.begin(), view.peers.end(), std::back_inserter(own),
               [](const Peer& peer) { return peer.type == PeerType::node; });
  add_peers(keys, input, bgp + "/host/" + input.node, own);

  for (const auto& [name, pool] : input.pools) {
    const auto& spec = pool.spec;
    Object object{{"cidr", net::to_string(spec.cidr)},   {"ipip_mode", mode(spec.ipip_mode)},
                  {"vxlan_mode", mode(spec.vxlan_mode)}, {"masquerade", spec.nat_outgoing},
                  {"disabled", spec.disabled},           {"disableBGPExport", spec.disable_bgp_export}};
    keys[fmt::format("/calico/v1/ipam/v{}/pool/{}", spec.cidr.family() == net::Family::v4 ? 4 : 6, key_of(spec.cidr))] =
        schema::to_json(object);
  }
  for (const auto& [key, affinity] : input.affinities) {
    Object object{{"state", affinity.state}, {"deleted", affinity.deleted}};
    keys[fmt::format("/calico/ipam/v2/host/{}/ipv{}/block/{}", affinity.host,
                     affinity.cidr.family() == net::Family::v4 ? 4 : 6, key_of(affinity.cidr))] =
        schema::to_json(object);
  }
  keys["/calico/bgpconfig"] =
      configuration == input.configurations.end() ? "" : configuration->second.metadata.resource_version;
  keys["/calico/bird"] = schema::to_json(to_value(view));
  return keys;
}

}  // namespace weft::bgp
