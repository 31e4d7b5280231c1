#include "ctl/explain.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/strings.h"
#include "client/objects.h"

namespace weft::ctl {
namespace {

using policy::Party;

// Ends.

std::string workload_of(const api::WorkloadEndpoint& endpoint) {
  const auto& spec = endpoint.spec;
  if (!spec.pod.empty()) return spec.pod;
  if (!spec.workload.empty()) return spec.workload;
  return spec.container_id.empty() ? endpoint.metadata.name : spec.container_id;
}
std::string title_of(const api::WorkloadEndpoint& endpoint) {
  return endpoint.metadata.namespace_ + '/' + workload_of(endpoint);
}

End end_of(const api::WorkloadEndpoint& endpoint) {
  End end{title_of(endpoint), {Party::Kind::endpoint, &endpoint, endpoint.spec.node}, {}};
  for (const auto& net : endpoint.spec.ip_networks) end.addresses.push_back(net.ip());
  return end;
}

End end_of(const api::Node& node) {
  End end{"node " + node.metadata.name, {Party::Kind::node, nullptr, node.metadata.name}, {}};
  const auto add = [&](const net::Ip& ip) {
    if (std::ranges::find(end.addresses, ip) == end.addresses.end()) end.addresses.push_back(ip);
  };
  const auto& spec = node.spec;
  if (spec.bgp && spec.bgp->ipv4_address) add(spec.bgp->ipv4_address->ip);
  if (spec.bgp && spec.bgp->ipv6_address) add(spec.bgp->ipv6_address->ip);
  for (const auto& address : spec.addresses) {
    if (const auto parsed = net::Address::parse(address.address)) add(parsed->ip);
  }
  if (spec.bgp && spec.bgp->ipv4_ipip_tunnel_address) add(*spec.bgp->ipv4_ipip_tunnel_address);
  for (const auto& tunnel : {spec.ipv4_vxlan_tunnel_address, spec.ipv6_vxlan_tunnel_address}) {
    if (tunnel) add(*tunnel);
  }
  return end;
}

/// The one that was meant.
Result<End> only(std::vector<End> found, const std::string& text, const std::string& hint) {
  if (found.size() == 1) return std::move(found.front());
  std::vector<std::string> names;
  for (const auto& end : found) {
    const auto* endpoint = end.party.endpoint;
    names.push_back(endpoint ? fmt::format("{}/{} (node {})", end.title, endpoint->spec.endpoint, end.party.node)
                             : end.title);
  }
  return fail(Code::invalid, fmt::format("\"{}\" may be {}: {}", text, join(names, " or "), hint));
}

/// The endpoint that has its interface: of several on one, the first by id has it.
const api::WorkloadEndpoint* owner_of_interface(const policy::Oracle& oracle, const api::WorkloadEndpoint& endpoint) {
  return oracle.on_interface(endpoint.spec.node, endpoint.spec.interface_name);
}

/// Endpoints in force and nodes.
std::vector<End> holders_of(const policy::Oracle& oracle, const net::Ip& ip) {
  std::vector<End> found;
  for (const auto& [key, endpoint] : oracle.cluster().endpoints) {
    if (std::ranges::any_of(endpoint.spec.ip_networks, [&](const auto& net) { return net.contains(ip); }) &&
        oracle.counts(endpoint) && owner_of_interface(oracle, endpoint) == &endpoint)
      found.push_back(end_of(endpoint));
  }
  for (const auto& [name, node] : oracle.cluster().nodes) {
    if (auto end = end_of(node); std::ranges::find(end.addresses, ip) != end.addresses.end())
      found.push_back(std::move(end));
  }
  return found;
}

Result<End> find_address(const policy::Oracle& oracle, const net::Ip& ip, const std::string& text) {
  auto found = holders_of(oracle, ip);
  if (found.empty()) return End{text, {}, {ip}};
  auto end = TRY(only(std::move(found), text, "two have this address; name the one that is meant"));
  end.addresses = {ip};
  return end;
}

/// A packet goes where routes say, which is not to be told for an address that two have.
Result<> check_destination(const policy::Oracle& oracle, const End& to, const net::Ip& ip) {
  for (const auto& holder : holders_of(oracle, ip)) {
    if (to.party.endpoint && holder.party.endpoint != to.party.endpoint)
      return fail(Code::invalid,
                  fmt::format("{} is an address of {} and of {}: which of them a packet reaches is not up "
                              "to policy",
                              net::to_string(ip), to.title, holder.title));
  }
  return {};
}

// What is sent.

struct Wanted {
  net::Protocol protocol;
  std::string port;  // number or name; empty: none
  std::uint8_t type = 0, code = 0;
  std::optional<net::Family> family;
};

Result<std::uint16_t> number(std::string_view text, unsigned last, std::string_view what) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > last)
    return fail(Code::invalid, fmt::format("\"{}\" is no {} from 0 to {}", text, what, last));
  return static_cast<std::uint16_t>(value);
}

Result<Wanted> wanted_of(const std::string& text) {
  const auto parts = split(text, '/');
  const auto protocol = parts.empty() ? Result<net::Protocol>(fail(Code::invalid, "")) : net::Protocol::parse(parts[0]);
  if (!protocol)
    return fail(Code::invalid,
                fmt::format("\"{}\" is no protocol: tcp/80, udp/53, icmp, icmp/8/0, icmpv6/128 or a number", text));
  Wanted wanted{.protocol = *protocol, .port = {}, .family = {}};
  const bool v4 = *protocol == net::icmp, v6 = *protocol == net::icmpv6;
  if (v4 || v6) {
    wanted.family = v4 ? net::Family::v4 : net::Family::v6;
    wanted.type = v4 ? 8 : 128;  // an echo request
    if (parts.size() > 1) wanted.type = static_cast<std::uint8_t>(TRY(number(parts[1], 255, "ICMP type")));
    if (parts.size() > 2) wanted.code = static_cast<std::uint8_t>(TRY(number(parts[2], 255, "ICMP code")));
    if (parts.size() > 3) return fail(Code::invalid, fmt::format("\"{}\": expected {}/TYPE/CODE", text, parts[0]));
    return wanted;
  }
  const bool has_port = parts.size() == 2 && !parts[1].empty();
  if (protocol->has_ports() != has_port || parts.size() > 2) {
    return fail(Code::invalid, protocol->has_ports() ? fmt::format("\"{}\": expected {}/PORT", text, parts[0])
                                                     : fmt::format("\"{}\": {} has no ports", text, parts[0]));
  }
  if (has_port) wanted.port = parts[1];
  return wanted;
}

bool is_number(std::string_view text) { return text.find_first_not_of("0123456789") == std::string_view::npos; }

Result<std::uint16_t> port_of(const Wanted& wanted, const End& to) {
  if (wanted.port.empty()) return 0;
  if (is_number(wanted.port)) return number(wanted.port, 65535, "port");
  if (to.party.endpoint) {
    for (const auto& port : to.party.endpoint->spec.ports) {
      if (port.name == wanted.port && port.protocol.value == wanted.protocol)
        return static_cast<std::uint16_t>(port.port);
    }
  }
  return fail(Code::invalid,
              fmt::format("{} has no {} port \"{}\"", to.title, net::to_string(wanted.protocol), wanted.port));
}

const net::Ip* address_of(const End& end, net::Family family) {
  const auto it = std::ranges::find_if(end.addresses, [&](const net::Ip& ip) { return ip.family() == family; });
  return it == end.addresses.end() ? nullptr : &*it;
}

}  // namespace

Result<End> find_end(const policy::Oracle& oracle, const std::string& text, const std::string& namespace_) {
  if (const auto ip = net::Ip::parse(text)) return find_address(oracle, *ip, text);
  const auto parts = split(text, '/');
  if (parts.empty() || parts.size() > 3)
    return fail(Code::invalid, fmt::format("\"{}\": expected NAMESPACE/POD, a node or an address", text));
  const std::string wanted_namespace = parts.size() > 1 ? parts[0] : namespace_;
  const std::string& pod = parts.size() > 1 ? parts[1] : parts[0];

  std::vector<End> found;
  if (parts.size() == 1) {
    const auto node = oracle.cluster().nodes.find(text);
    if (node != oracle.cluster().nodes.end()) found.push_back(end_of(node->second));
  }
  for (const auto& [key, endpoint] : oracle.cluster().endpoints) {
    if (!wanted_namespace.empty() && endpoint.metadata.namespace_ != wanted_namespace) continue;
    if (parts.size() == 3 && endpoint.spec.endpoint != parts[2]) continue;
    if (workload_of(endpoint) == pod || endpoint.metadata.name == pod) found.push_back(end_of(endpoint));
  }
  if (found.empty()) {
    return fail(Code::not_found, parts.size() > 1 ? fmt::format("pod {} is not known", text)
                                                  : fmt::format("\"{}\" is neither a node nor a pod{}", text,
                                                                namespace_.empty() ? "" : " of " + namespace_));
  }
  auto end = TRY(only(std::move(found), text, "write NAMESPACE/POD or NAMESPACE/POD/ENDPOINT, or an address"));
  if (end.addresses.empty()) return fail(Code::invalid, end.title + " has no address yet");
  const auto* endpoint = end.party.endpoint;
  if (endpoint && !oracle.counts(*endpoint))
    return fail(Code::invalid, end.title +
                                   " is not in force: it has no interface yet, or it lists source prefixes "
                                   "where WorkloadSourceSpoofing does not allow them");
  if (endpoint) {
    const auto* owner = owner_of_interface(oracle, *endpoint);
    if (owner != endpoint)
      return fail(Code::invalid, fmt::format("{} is not in force: interface {} of node {} belongs to {}", end.title,
                                             endpoint->spec.interface_name, endpoint->spec.node, title_of(*owner)));
  }
  return end;
}

Result<> check_words(const Question& question) {
  const auto wanted = TRY(wanted_of(question.what));
  if (!wanted.port.empty() && is_number(wanted.port)) TRY(number(wanted.port, 65535, "port"));
  if (question.source_port < 0 || question.source_port > 65535)
    return fail(Code::invalid, "--source-port: must be in 0..65535");
  return {};
}

Result<std::vector<Flow>> explain(const policy::Oracle& oracle, const Question& question) {
  const auto from = TRY(find_end(oracle, question.from, question.namespace_));
  const auto to = TRY(find_end(oracle, question.to, question.namespace_));
  if (from.party.endpoint && from.party.endpoint == to.party.endpoint)
    return fail(Code::invalid, from.title + " speaks to itself: that never leaves it, no policy is asked");
  TRY(check_words(question));
  const auto wanted = TRY(wanted_of(question.what));
  const auto port = TRY(port_of(wanted, to));

  std::vector<Flow> flows;
  for (const auto family : {net::Family::v4, net::Family::v6}) {
    const auto* source = address_of(from, family);
    const auto* destination = address_of(to, family);
    if (!source || !destination || (wanted.family && *wanted.family != family)) continue;
    TRY(check_destination(oracle, to, *destination));
    policy::Packet packet{*source, *destination, wanted.protocol};
    if (wanted.protocol.has_ports()) {
      packet.source_port = static_cast<std::uint16_t>(question.source_port);
      packet.destination_port = port;
    }
    packet.type = wanted.type, packet.code = wanted.code;
    flows.push_back({from, to, packet, policy::follow(oracle, from.party, to.party, packet)});
  }
  if (flows.empty())
    return fail(Code::invalid, fmt::format("{} and {} have no {} in common", from.title, to.title,
                                           !wanted.family                      ? "address family"
                                           : *wanted.family == net::Family::v4 ? "IPv4 addresses"
                                                                               : "IPv6 addresses"));
  return flows;
}

Result<policy::Cluster> load_cluster(store::Store& store, std::vector<Error>& undecodable) {
  policy::Cluster cluster;
  for (const auto& kind : api::kinds()) {
    if (!policy::decides(kind)) continue;
    auto list = TRY(client::list(store, kind));
    for (const auto& object : list.items) cluster.put(object);
    undecodable.insert(undecodable.end(), list.undecodable.begin(), list.undecodable.end());
  }
  return cluster;
}

bool allowed(const std::vector<Flow>& flows) {
  return std::ranges::all_of(flows, [](const Flow& flow) { return flow.journey.allowed(); });
}

}  // namespace weft::ctl
