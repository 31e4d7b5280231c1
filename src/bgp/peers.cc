#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "api/selector.h"
#include "bgp/view.h"

namespace weft::bgp {
namespace {

using Problems = std::vector<std::string>;

bool is_port(int number) { return number >= 1 && number <= 65535; }

/// Where a peer is: "10.0.0.1", "10.0.0.1:1790", "fd00::1", "[fd00::1]:1790".
struct Target {
  net::Ip address;
  int port = 0;
};
std::optional<Target> parse_target(std::string_view text) {
  std::string_view address = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find("]:");
    if (close == text.npos) return std::nullopt;
    address = text.substr(1, close - 1);
    port = text.substr(close + 2);
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    const auto colon = text.find(':');
    address = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  Target target;
  const auto ip = net::Ip::parse(address);
  if (!ip) return std::nullopt;
  target.address = *ip;
  if (port.empty()) return address.size() == text.size() ? std::optional(target) : std::nullopt;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), target.port);
  if (error != std::errc() || end != port.data() + port.size() || !is_port(target.port)) return std::nullopt;
  return target;
}

std::optional<net::Ip> address_of(const api::Node& node, net::Family family) {
  if (!node.spec.bgp) return std::nullopt;
  const auto& address = family == net::Family::v4 ? node.spec.bgp->ipv4_address : node.spec.bgp->ipv6_address;
  return address ? std::optional(address->ip) : std::nullopt;
}

std::string cluster_id_of(const api::Node& node) {
  return node.spec.bgp ? node.spec.bgp->route_reflector_cluster_id : "";
}

/// BIRD writes strings in double quotes and knows no escapes.
bool fits_in_quotes(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c == '"' || c < ' ' || c == 0x7f; });
}

std::string protocol_name(std::string_view kind, const net::Ip& address, int port) {
  std::string name = fmt::format("{}_{}", kind, net::to_string(address));
  std::replace_if(name.begin(), name.end(), [](char c) { return c == '.' || c == ':'; }, '_');
  if (port != 0) name += fmt::format("_port_{}", port);
  return name;
}

std::optional<std::int64_t> whole_seconds(const std::optional<api::Duration>& duration) {
  if (!duration) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(duration->value).count();
}
constexpr int max_restart_time = 4095;  // seconds, RFC 4724, 3: twelve bits

class Builder {
 public:
  Builder(const Input& input, Problems& problems) : input_(input), problems_(problems) {
    if (const auto it = input.nodes.find(input.node); it != input.nodes.end()) self_ = &it->second;
  }

  std::vector<Peer> global_list() {
    std::vector<Peer> list;
    for (const auto& [name, peer] : input_.peers) {
      if (is_global(peer)) forward(peer, list, true);
    }
    return list;
  }

  std::vector<Peer> all() {
    if (!self_ || !self_->spec.bgp) return {};
    std::vector<Peer> configured;
    for (auto& peer : global_list()) keep_first(configured, std::move(peer));
    for (const auto& [name, peer] : input_.peers) {
      if (is_global(peer) || !at_us(peer)) continue;
      std::vector<Peer> list;
      forward(peer, list, false);
      for (auto& one : list) keep_first(configured, std::move(one));
    }
    for (const auto& [name, peer] : input_.peers) {
      std::vector<Peer> list;
      reverse(peer, list);
      for (auto& one : list) keep_first(configured, std::move(one));
    }

    std::vector<Peer> sessions;
    std::set<net::Ip> taken;
    for (auto& peer : configured) {
      if (!complete(peer)) continue;
      taken.insert(peer.address);
      sessions.push_back(std::move(peer));
    }
    for (auto& peer : mesh()) {
      // A peering that somebody configured says more than the mesh does.
      if (!taken.contains(peer.address)) sessions.push_back(std::move(peer));
    }
    std::sort(sessions.begin(), sessions.end(), [](const Peer& a, const Peer& b) { return a.name < b.name; });
    return sessions;
  }

 private:
  void report(std::string problem) {
    if (std::find(problems_.begin(), problems_.end(), problem) == problems_.end())
      problems_.push_back(std::move(problem));
  }

  /// A number that BIRD takes; another is reported and not used.
  std::optional<int> in_range(std::string_view where, std::optional<std::int64_t> number, int first, int last) {
    if (!number) return std::nullopt;
    if (*number >= first && *number <= last) return static_cast<int>(*number);
    report(fmt::format("{}: {} is not from {} to {}; the default is used", where, *number, first, last));
    return std::nullopt;
  }

  static void keep_first(std::vector<Peer>& list, Peer peer) {
    const bool there = std::any_of(list.begin(), list.end(),
                                   [&](const Peer& p) { return p.address == peer.address && p.port == peer.port; });
    if (!there) list.push_back(std::move(peer));
  }

  // Which nodes an object selects.

  static bool is_global(const api::BgpPeer& peer) { return peer.spec.node.empty() && peer.spec.node_selector.empty(); }

  std::optional<api::Selector> selector(const api::BgpPeer& peer, const std::string& text, std::string_view field) {
    auto parsed = api::Selector::parse(text);
    if (parsed) return std::move(*parsed);
    report(fmt::format("BGPPeer {}: spec.{}: {}; the peer is left out", peer.metadata.name, field,
                       parsed.error().message));
    return std::nullopt;
  }
  /// Whether the peer is one of this node's, by node or nodeSelector.
  bool at(const api::BgpPeer& peer, const api::Node& node) {
    if (!peer.spec.node.empty()) return peer.spec.node == node.metadata.name;
    if (peer.spec.node_selector.empty()) return true;
    const auto parsed = selector(peer, peer.spec.node_selector, "nodeSelector");
    return parsed && parsed->matches(node.metadata.labels);
  }
  bool at_us(const api::BgpPeer& peer) { return at(peer, *self_); }

  /// What the other side of a peering has to be for us to know how to speak to it.
  bool supported(const api::BgpPeer& peer) {
    const auto left_out = [&](std::string_view field, std::string_view why) {
      report(fmt::format("BGPPeer {}: spec.{}: {}; the peer is left out", peer.metadata.name, field, why));
      return false;
    };
    if (!peer.spec.local_workload_selector.empty())
      return left_out("localWorkloadSelector", "peering with workloads is not supported yet");
    if (!peer.spec.filters.empty()) return left_out("filters", "BGP filters are not supported yet");
    return true;
  }

  // Entries.

  Peer base(const api::BgpPeer& peer, bool global) {
    Peer entry;
    entry.type = global ? PeerType::global : PeerType::node;
    entry.from = peer.metadata.name;
    const auto& spec = peer.spec;
    if (spec.local_as_number) entry.local_as_number = spec.local_as_number->value;
    if (spec.next_hop_mode == "Self")
      entry.next_hop = "self";
    else if (spec.next_hop_mode == "Keep" || spec.keep_original_next_hop)
      entry.next_hop = "keep";
    const std::string where = fmt::format("BGPPeer {}: spec.", peer.metadata.name);
    entry.ttl_hops = in_range(where + "ttlSecurity", spec.ttl_security, 1, 255);
    entry.keepalive = in_range(where + "keepaliveTime", whole_seconds(spec.keepalive_time), 1, 65535 / 3);
    entry.restart_time = in_range(where + "maxRestartTime", whole_seconds(spec.max_restart_time), 0, max_restart_time);
    entry.allow_local_as =
        in_range(where + "numAllowedLocalASNumbers", spec.num_allowed_local_as_numbers, 0, 255).value_or(0);
    entry.reachable_by = spec.reachable_by;
    return entry;
  }

  void towards(Peer& entry, const api::Node& node) {
    entry.calico_node = true;
    entry.as_number = as_number_of(input_, node);
    entry.peer_cluster_id = cluster_id_of(node);
    entry.port = port_key(listen_port_of(input_, node.metadata.name));
  }
  static int port_key(int port) { return port == 179 ? 0 : port; }

  /// The sessions a BGPPeer asks its nodes for.
  void forward(const api::BgpPeer& peer, std::vector<Peer>& out, bool global) {
    if (!supported(peer)) return;
    if (!peer.spec.peer_selector.empty()) {
      const auto parsed = selector(peer, peer.spec.peer_selector, "peerSelector");
      if (!parsed) return;
      for (const auto& [name, node] : input_.nodes) {
        if (parsed->matches(node.metadata.labels)) both_families(peer, node, out, global);
      }
      return;
    }
    const auto target = parse_target(peer.spec.peer_ip);
    if (!target) {
      report(fmt::format("BGPPeer {}: spec.peerIP: \"{}\" is no address, nor address and port; the peer is left out",
                         peer.metadata.name, peer.spec.peer_ip));
      return;
    }
    Peer entry = base(peer, global);
    entry.address = target->address;
    entry.port = port_key(target->port);
    if (!peer.spec.as_number || peer.spec.as_number->value == 0) {
      report(fmt::format("BGPPeer {}: spec.asNumber: is not given; the peer is left out", peer.metadata.name));
      return;
    }
    entry.as_number = peer.spec.as_number->value;
    for (const auto* node : nodes_at(*target, peer.spec.as_number)) {
      const int port = entry.port;
      towards(entry, *node);
      if (port != 0) entry.port = port;
    }
    name(entry);
    secret(peer, entry);
    out.push_back(std::move(entry));
  }

  void both_families(const api::BgpPeer& peer, const api::Node& node, std::vector<Peer>& out, bool global) {
    for (const auto family : {net::Family::v4, net::Family::v6}) {
      const auto address = address_of(node, family);
      if (!address) continue;
      Peer entry = base(peer, global);
      entry.address = *address;
      towards(entry, node);
      name(entry);
      secret(peer, entry);
      out.push_back(std::move(entry));
    }
  }

  /// Nodes with that address and, if given, AS number and listen port.
  std::vector<const api::Node*> nodes_at(const Target& target, const std::optional<api::AsNumber>& as_number) const {
    std::vector<const api::Node*> found;
    for (const auto& [name, node] : input_.nodes) {
      if (address_of(node, target.address.family()) != target.address) continue;
      if (as_number && as_number_of(input_, node) != as_number->value) continue;
      if (target.port != 0 && listen_port_of(input_, name) != target.port) continue;
      found.push_back(&node);
    }
    return found;
  }

  /// The sessions of a BGPPeer that has us on its other side.
  void reverse(const api::BgpPeer& peer, std::vector<Peer>& out) {
    if (peer.spec.reverse_peering == "Manual" || !peer.spec.local_workload_selector.empty()) return;
    std::optional<net::Family> family;
    if (!peer.spec.peer_selector.empty()) {
      const auto parsed = selector(peer, peer.spec.peer_selector, "peerSelector");
      if (!parsed || !parsed->matches(self_->metadata.labels)) return;
    } else {
      const auto target = parse_target(peer.spec.peer_ip);
      if (!target) return;
      const auto nodes = nodes_at(*target, peer.spec.as_number);
      if (std::find(nodes.begin(), nodes.end(), self_) == nodes.end()) return;
      family = target->address.family();
    }
    if (!supported(peer)) return;
    for (const auto& [name, node] : input_.nodes) {
      if (&node == self_ || !at(peer, node)) continue;
      std::vector<Peer> list;
      both_families(peer, node, list, false);
      for (auto& entry : list) {
        if (family && entry.address.family() != *family) continue;
        entry.local_as_number = 0;  // the other side's own matter, as is how it gets to us
        entry.reachable_by.clear();
        out.push_back(std::move(entry));
      }
    }
  }

  static void name(Peer& entry) {
    entry.name = protocol_name(entry.type == PeerType::global ? "Global" : "Node", entry.address, entry.port);
  }

  /// A peer without its password would be an open door: it gets no name, and complete() leaves it out.
  void secret(const api::BgpPeer& peer, Peer& entry) {
    if (!peer.spec.password) return;
    if (!password(*peer.spec.password, fmt::format("BGPPeer {}: spec.password", peer.metadata.name),
                  "the peer is left out", entry.password))
      entry.name.clear();
  }
  bool password(const api::Password& wanted, std::string_view where, std::string_view consequence, std::string& out) {
    if (!wanted.secret_key_ref) {
      report(fmt::format("{}: has no secretKeyRef; {}", where, consequence));
      return false;
    }
    const auto& reference = *wanted.secret_key_ref;
    auto found = input_.secrets ? input_.secrets(reference.name, reference.key) : std::nullopt;
    if (!found || found->empty()) {
      report(
          fmt::format("{}: there is no secret {} with key {}; {}", where, reference.name, reference.key, consequence));
      return false;
    }
    if (!fits_in_quotes(*found)) {
      report(fmt::format("{}: the password has a quote or control character, which BIRD cannot take; {}", where,
                         consequence));
      return false;
    }
    out = std::move(*found);
    return true;
  }

  /// Fills in our side. False: there is no such session.
  bool complete(Peer& entry) {
    const auto ours = address_of(*self_, entry.address.family());
    if (entry.name.empty() || !ours || entry.address == *ours) return false;
    const auto peer = input_.peers.find(entry.from);
    const bool no_source = peer != input_.peers.end() && peer->second.spec.source_address == "None";
    if (!no_source) entry.local_address = ours;
    if (!entry.reachable_by.empty()) {
      const auto gateway = net::Ip::parse(entry.reachable_by);
      if (!gateway || gateway->family() != entry.address.family()) {
        report(
            fmt::format("BGPPeer {}: spec.reachableBy: \"{}\" is no address of the peer's family; the peer is left out",
                        entry.from, entry.reachable_by));
        return false;
      }
    }
    const std::uint32_t as_number = as_number_of(input_, *self_);
    if (entry.local_as_number == 0) entry.local_as_number = as_number;
    const bool internal = entry.as_number == entry.local_as_number;
    if (peer != input_.peers.end() && peer->second.spec.next_hop_mode != "Keep" && entry.next_hop == "keep" && internal)
      entry.next_hop.clear();
    const std::string cluster_id = cluster_id_of(*self_);
    const auto valid = net::Ip::parse(cluster_id);
    if (internal && valid && valid->is_v4() && entry.peer_cluster_id != cluster_id) entry.cluster_id = cluster_id;
    if (entry.type == PeerType::global && entry.calico_node)
      entry.passive = net::to_string(entry.address) > net::to_string(*ours);
    return true;
  }

  std::vector<Peer> mesh() {
    const auto configuration = input_.configurations.find("default");
    const bool known = configuration != input_.configurations.end();
    if (known && !configuration->second.spec.node_to_node_mesh_enabled.value_or(true)) return {};
    if (!cluster_id_of(*self_).empty()) return {};

    std::string mesh_password;
    if (known && configuration->second.spec.node_mesh_password &&
        !password(*configuration->second.spec.node_mesh_password, "BGPConfiguration default: spec.nodeMeshPassword",
                  "the mesh is left out", mesh_password)) {
      return {};
    }
    std::vector<Peer> list;
    for (const auto& [name, node] : input_.nodes) {
      if (&node == self_ || !cluster_id_of(node).empty()) continue;
      for (const auto family : {net::Family::v4, net::Family::v6}) {
        const auto theirs = address_of(node, family);
        const auto ours = address_of(*self_, family);
        if (!theirs || !ours || *theirs == *ours) continue;
        Peer entry;
        entry.address = *theirs;
        entry.local_address = ours;
        towards(entry, node);
        entry.local_as_number = as_number_of(input_, *self_);
        entry.name = protocol_name("Mesh", *theirs, 0);
        entry.passive = net::to_string(*theirs) > net::to_string(*ours);
        entry.password = mesh_password;
        if (known && configuration->second.spec.node_mesh_max_restart_time)
          entry.restart_time =
              in_range("BGPConfiguration default: spec.nodeMeshMaxRestartTime",
                       whole_seconds(configuration->second.spec.node_mesh_max_restart_time), 0, max_restart_time);
        list.push_back(std::move(entry));
      }
    }
    return list;
  }

  const Input& input_;
  Problems& problems_;
  const api::Node* self_ = nullptr;
};

}  // namespace

std::uint32_t as_number_of(const Input& input, const api::Node& node) {
  const auto given = [](const std::optional<api::AsNumber>& number) { return number && number->value != 0; };
  if (node.spec.bgp && given(node.spec.bgp->as_number)) return node.spec.bgp->as_number->value;
  const auto configuration = input.configurations.find("default");
  if (configuration == input.configurations.end() || !given(configuration->second.spec.as_number))
    return default_as_number;
  return configuration->second.spec.as_number->value;
}

int listen_port_of(const Input& input, std::string_view node) {
  for (const std::string& name : {fmt::format("node.{}", node), std::string("default")}) {
    const auto configuration = input.configurations.find(name);
    if (configuration != input.configurations.end() && is_port(configuration->second.spec.listen_port))
      return configuration->second.spec.listen_port;
  }
  return 179;
}

std::vector<Peer> make_peers(const Input& input, std::vector<std::string>& problems) {
  return Builder(input, problems).all();
}

std::vector<Peer> global_peers(const Input& input, std::vector<std::string>& problems) {
  return Builder(input, problems).global_list();
}

}  // namespace weft::bgp
