#pragma once

#include <fmt/core.h>

#include <functional>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "policy/journey.h"
#include "policy/testing.h"
#include "test/wire_lab.h"

/// A cluster and packets in a file: what test/scenarios holds, and what a test prints when kernel and oracle disagree.
namespace weft::wire {

using State = policy::Packet::State;

/// A packet, seen from the node n1.
struct Shot {
  std::string from;  // the interface that it comes in by: "cali1", "eth0"; empty: the node sends it
  Packet packet;
  bool fragmented = false;
  std::optional<std::size_t> quotes;  // an ICMP error about the packet with this index
  std::optional<State> state;         // nullopt: as connection tracking sees it when there was none before
  std::optional<bool> expect;         // whether it arrives; nullopt: whatever the oracle says
};

struct Scenario {
  std::vector<schema::Value> documents;
  std::vector<Shot> shots;
};

/// What connection tracking makes of the first packet of its kind (Linux, nf_conntrack_proto_*.c).
inline State first_state(const Packet& packet) {
  const auto fresh = [](bool is) { return is ? State::fresh : State::invalid; };
  const auto is_of = [](auto type, std::initializer_list<int> types) {
    return std::ranges::find(types, int{type}) != types.end();
  };
  if (packet.protocol == net::tcp) return fresh(packet.flags == syn || packet.flags == ack);
  if (packet.protocol == net::icmp) return fresh(is_of(packet.type, {8, 13, 15, 17}));
  // Of neighbour and listener discovery nothing is tracked; that is not invalid.
  if (packet.protocol == net::icmpv6)
    return fresh(is_of(packet.type, {128, 139, 130, 131, 132, 133, 134, 135, 136, 143}));
  return State::fresh;
}
inline State state_of(const Shot& shot) { return shot.state.value_or(first_state(shot.packet)); }

// The file: documents of resources, and one with `packets`.

namespace detail {

inline constexpr std::pair<std::string_view, State> states[] = {
    {"new", State::fresh}, {"established", State::established}, {"invalid", State::invalid}};
inline constexpr std::pair<std::string_view, std::uint8_t> flags[] = {
    {"SYN", syn}, {"ACK", ack}, {"SYN+ACK", syn | ack}, {"RST", rst}, {"FIN+ACK", fin | ack}, {"none", 0}};
template <class List, class Value>
auto name_of(const List& list, const Value& value) {
  for (const auto& [name, each] : list) {
    if (each == value) return name;
  }
  throw std::runtime_error("no name for a value");
}
template <class List>
auto value_of(const List& list, std::string_view text) {
  for (const auto& [name, value] : list) {
    if (name == text) return value;
  }
  throw std::runtime_error(fmt::format("\"{}\" is not known", text));
}

/// The address that "NAMESPACE/POD" stands for.
inline net::Ip address_of(const policy::Cluster& cluster, const std::string& text, net::Family family,
                          const api::WorkloadEndpoint** endpoint = nullptr) {
  if (const auto ip = net::Ip::parse(text)) return *ip;
  for (const auto& [key, row] : cluster.endpoints) {
    if (row.metadata.namespace_ + '/' + row.spec.pod != text) continue;
    if (endpoint != nullptr) *endpoint = &row;
    for (const auto& net : row.spec.ip_networks) {
      if (net.family() == family) return net.ip();
    }
  }
  if (text == "node") return *net::Ip::parse(family == net::Family::v4 ? Lab::node_v4 : Lab::node_v6);
  throw std::runtime_error(text + ": no such pod, or it has no address of this family");
}

inline schema::Value to_value(const Shot& shot) {
  const auto& packet = shot.packet;
  schema::Object out{{"from", shot.from.empty()     ? "node"
                              : shot.from == "eth0" ? "outside"
                                                    : shot.from},
                     {"source", net::to_string(packet.source)},
                     {"to", net::to_string(packet.destination)},
                     {"protocol", net::to_string(packet.protocol)}};
  if (packet.protocol.has_ports()) {
    out.set("sourcePort", int{packet.source_port});
    out.set("port", int{packet.port});
  }
  if (packet.protocol == net::icmp || packet.protocol == net::icmpv6) {
    out.set("type", int{packet.type});
    out.set("code", int{packet.code});
  }
  if (packet.protocol == net::tcp && packet.flags != syn) out.set("flags", name_of(flags, packet.flags));
  if (shot.state) out.set("state", name_of(states, *shot.state));
  if (shot.quotes) out.set("quotes", static_cast<int>(*shot.quotes));
  if (shot.fragmented) out.set("fragmented", true);
  if (shot.expect) out.set("expect", *shot.expect ? "pass" : "drop");
  return out;
}

}  // namespace detail

/// One of `packets`. @param index  of it, for a source port of its own
inline Shot read_shot(const schema::Value& value, const policy::Cluster& cluster, std::size_t index) {
  const auto number = [&](std::string_view name, int otherwise) {
    const auto* found = value.at(name);
    return found && found->as_int() ? static_cast<int>(*found->as_int()) : otherwise;
  };
  const auto text = [&](std::string_view name) { return std::string(value.text(name)); };
  static const std::set<std::string_view> known = {"from",       "source",     "to",   "family", "protocol",
                                                   "sourcePort", "port",       "type", "code",   "flags",
                                                   "quotes",     "fragmented", "why",  "state",  "expect"};
  for (const auto& [name, member] : *value.as_object()) {
    if (!known.contains(name)) throw std::runtime_error(fmt::format("packet {}: {} is not known", index, name));
  }
  const auto family =
      number("family",
             text("source").find(':') != std::string::npos || text("to").find(':') != std::string::npos ? 6 : 4) == 6
          ? net::Family::v6
          : net::Family::v4;
  Shot shot;
  auto& packet = shot.packet;
  packet.protocol = net::Protocol::parse(text("protocol").empty() ? "TCP" : text("protocol")).value();
  packet.destination = detail::address_of(cluster, text("to"), family);
  packet.source_port = static_cast<std::uint16_t>(number("sourcePort", static_cast<int>(40000 + index)));
  packet.port = static_cast<std::uint16_t>(number("port", 0));
  packet.type = static_cast<std::uint8_t>(number("type", family == net::Family::v4 ? 8 : 128));
  packet.code = static_cast<std::uint8_t>(number("code", 0));
  const auto from = text("from");
  const api::WorkloadEndpoint* endpoint = nullptr;
  if (from.find('/') != std::string::npos) {
    packet.source = detail::address_of(cluster, from, family, &endpoint);
    shot.from = endpoint->spec.node == "n1" ? endpoint->spec.interface_name : "eth0";
  } else if (from == "node") {
    packet.source = detail::address_of(cluster, "node", family);
  } else {
    shot.from = from == "outside" ? "eth0" : from;
    packet.source = *net::Ip::parse(family == net::Family::v4 ? "192.0.2.1" : "2001:db8::1");
  }
  if (!text("source").empty()) packet.source = detail::address_of(cluster, text("source"), family);
  if (!text("flags").empty()) packet.flags = detail::value_of(detail::flags, text("flags"));
  if (!text("state").empty()) shot.state = detail::value_of(detail::states, text("state"));
  if (value.at("quotes")) shot.quotes = static_cast<std::size_t>(number("quotes", 0));
  if (const auto* found = value.at("fragmented")) shot.fragmented = *found == schema::Value(true);
  if (!text("expect").empty()) shot.expect = text("expect") == "pass";
  return shot;
}

/// Throws where it makes no sense.
inline Scenario read_scenario(std::string_view yaml) {
  auto documents = schema::parse_yaml(yaml);
  if (!documents) throw std::runtime_error(documents.error().message);
  Scenario out;
  schema::Array packets;
  for (auto& document : *documents) {
    if (const auto* list = document.at("packets"))
      packets = *list->as_array();
    else if (!document.is_null())
      out.documents.push_back(std::move(document));
  }
  const auto cluster = policy::testing::cluster_of(out.documents);
  for (const auto& packet : packets) out.shots.push_back(read_shot(packet, cluster, out.shots.size()));
  return out;
}

inline std::string to_yaml(const Scenario& scenario) {
  std::string out;
  for (const auto& document : scenario.documents) out += schema::to_yaml(document) + "---\n";
  schema::Array packets;
  for (const auto& shot : scenario.shots) packets.push_back(detail::to_value(shot));
  return out + schema::to_yaml(schema::Object{{"packets", schema::Value(std::move(packets))}});
}

// Making one smaller.

namespace detail {

using Path = std::vector<std::size_t>;  // the index of a member or element at each level

inline void paths(const schema::Value& value, Path& at, std::vector<Path>& out) {
  const auto each = [&](std::size_t index, const schema::Value& child) {
    at.push_back(index);
    out.push_back(at);
    paths(child, at, out);
    at.pop_back();
  };
  std::size_t index = 0;
  if (const auto* object = value.as_object()) {
    for (const auto& [name, member] : *object) each(index++, member);
  } else if (const auto* array = value.as_array()) {
    for (const auto& element : *array) each(index++, element);
  }
}

inline void erase(schema::Value& value, std::span<const std::size_t> path) {
  auto* array = value.as_array();
  auto* object = value.as_object();
  if (path.size() > 1) {
    auto& child = array ? (*array)[path[0]] : (object->begin() + static_cast<std::ptrdiff_t>(path[0]))->second;
    return erase(child, path.subspan(1));
  }
  if (array)
    array->erase(array->begin() + static_cast<std::ptrdiff_t>(path[0]));
  else
    object->erase(std::string((object->begin() + static_cast<std::ptrdiff_t>(path[0]))->first));
}

}  // namespace detail

/// Takes away resources, then members and elements of those that are left, as long as `fails` still holds; what cannot
/// be read any more is not tried.
inline Scenario minimised(Scenario scenario, const std::function<bool(const Scenario&)>& fails) {
  const auto still = [&](const Scenario& smaller) {
    try {
      return fails(smaller);
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (std::size_t i = scenario.documents.size(); i-- > 0;) {
      auto without = scenario;
      without.documents.erase(without.documents.begin() + static_cast<std::ptrdiff_t>(i));
      if (!still(without)) continue;
      scenario = std::move(without);
      smaller = true;
    }
    for (std::size_t i = 0; i < scenario.documents.size(); ++i) {
      std::vector<detail::Path> all;
      detail::Path at;
      detail::paths(scenario.documents[i], at, all);
      for (std::size_t j = 0; j < all.size(); ++j) {
        const auto path = all[j];
        auto without = scenario;
        detail::erase(without.documents[i], path);
        if (!still(without)) continue;
        scenario = std::move(without);
        smaller = true;
        all.clear(), at.clear();
        detail::paths(scenario.documents[i], at, all);
        j = static_cast<std::size_t>(std::ranges::find_if(all, [&](const auto& p) { return !(p < path); }) -
                                     all.begin()) -
            1;
      }
    }
  }
  return scenario;
}

}  // namespace weft::wire
