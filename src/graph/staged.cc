#include "graph/staged.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/strings.h"
#include "policy/effective.h"

namespace weft::graph {
namespace {

using api::enforced;

std::string quoted_list(const std::vector<std::string>& values) { return "'" + join(values, "', '") + "'"; }

/// A label selector of Kubernetes in our language; empty when it asks for nothing.
std::string selector_of(const api::LabelSelector& selector) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : selector.match_labels) parts.push_back(fmt::format("{} == '{}'", name, value));
  for (const auto& [key, op, values, extra] : selector.match_expressions) {
    if (op == "In") parts.push_back(fmt::format("{} in {{ {} }}", key, quoted_list(values)));
    if (op == "NotIn") parts.push_back(fmt::format("{} not in {{ {} }}", key, quoted_list(values)));
    if (op == "Exists") parts.push_back(fmt::format("has({})", key));
    if (op == "DoesNotExist") parts.push_back(fmt::format("! has({})", key));
  }
  return join(parts, " && ");
}
std::string pods_of(const std::optional<api::LabelSelector>& selector) {
  const std::string pods = fmt::format("{} == 'k8s'", policy::orchestrator_label);
  const std::string more = selector ? selector_of(*selector) : std::string();
  return more.empty() ? pods : pods + " && " + more;
}
std::string namespaces_of(const std::optional<api::LabelSelector>& selector) {
  if (!selector) return {};
  const std::string text = selector_of(*selector);
  return text.empty() ? "all()" : text;
}

/// Names first, then what the numbers cover, in order.
std::vector<api::Port> simplified(const std::vector<api::Port>& ports) {
  std::vector<api::Port> names, ranges, out;
  for (const auto& port : ports) (port.is_named() ? names : ranges).push_back(port);
  if (ports.size() <= 1 || ranges.empty()) return ports;
  std::ranges::sort(ranges, {}, [](const auto& port) { return port.range.first; });
  out = std::move(names);
  const std::size_t first = out.size();
  for (const auto& port : ranges) {
    if (out.size() > first && port.range.first <= out.back().range.last + 1)
      out.back().range.last = std::max(out.back().range.last, port.range.last);
    else
      out.push_back(port);
  }
  return out;
}

/// Ports by protocol; a protocol without ports is all of it, and no protocol is everything.
std::map<std::string, std::vector<api::Port>> by_protocol(const std::vector<api::KubernetesPort>& ports) {
  if (ports.empty()) return {{"", {}}};
  std::map<std::string, std::vector<api::Port>> out;
  std::set<std::string> all;
  for (const auto& port : ports) {
    const std::string protocol = port.protocol.empty() ? "TCP" : port.protocol;
    auto& list = out[protocol];
    if (!port.port) all.insert(protocol);
    if (!port.port) continue;
    list.push_back(*port.port);
    if (port.end_port && !port.port->is_named()) list.back().range.last = static_cast<std::uint16_t>(*port.end_port);
  }
  for (auto& [protocol, list] : out) list = all.contains(protocol) ? std::vector<api::Port>() : simplified(list);
  return out;
}

api::EntityRule side_of(const api::KubernetesPeer& peer) {
  api::EntityRule side;
  if (peer.ip_block) {
    if (const auto cidr = net::Cidr::parse_loose(peer.ip_block->cidr)) side.nets = {*cidr};
    for (const auto& except : peer.ip_block->except) {
      if (const auto cidr = net::Cidr::parse_loose(except)) side.not_nets.push_back(*cidr);
    }
    return side;
  }
  side.selector = pods_of(peer.pod_selector);
  side.namespace_selector = namespaces_of(peer.namespace_selector);
  return side;
}

void append_rules(std::vector<api::Rule>& rules, const std::vector<api::KubernetesPort>& ports,
                  const std::vector<api::KubernetesPeer>& peers, bool ingress) {
  std::vector<api::EntityRule> sides;
  for (const auto& peer : peers) sides.push_back(side_of(peer));
  if (peers.empty()) sides.emplace_back();
  for (const auto& [protocol, list] : by_protocol(ports)) {
    for (const auto& side : sides) {
      api::Rule rule;
      if (const auto parsed = api::parse_protocol(protocol); !protocol.empty() && parsed) rule.protocol = *parsed;
      (ingress ? rule.source : rule.destination) = side;
      rule.destination.ports = list;
      rules.push_back(std::move(rule));
    }
  }
}

api::NetworkPolicy enforced(const api::StagedKubernetesNetworkPolicy& staged) {
  api::NetworkPolicy policy;
  policy.metadata = staged.metadata;
  auto& spec = policy.spec;
  spec.tier = "default";
  spec.order = 1000;
  spec.selector = pods_of(staged.spec.pod_selector);
  for (const auto& rule : staged.spec.ingress) append_rules(spec.ingress, rule.ports, rule.from, true);
  for (const auto& rule : staged.spec.egress) append_rules(spec.egress, rule.ports, rule.to, false);
  const auto has = [&](std::string_view type) {
    return std::ranges::find(staged.spec.policy_types, type) != staged.spec.policy_types.end();
  };
  if (has("Ingress") || !has("Egress")) spec.types.push_back(api::PolicyType::ingress);
  if (has("Egress")) spec.types.push_back(api::PolicyType::egress);
  return policy;
}

template <class Policy, class Staged>
table::Delta<Policy> converted(const table::Delta<Staged>& policies) {
  table::Delta<Policy> out;
  out.whole = policies.whole;
  for (const auto& [key, row] : policies.rows) {
    if (row && row->spec.staged_action != api::StagedAction::remove)
      out.rows.emplace(key, enforced(*row));
    else if (!out.whole)
      out.rows.emplace(key, std::nullopt);
  }
  return out;
}

}  // namespace

table::Delta<api::GlobalNetworkPolicy> staged(const table::Delta<api::StagedGlobalNetworkPolicy>& policies) {
  return converted<api::GlobalNetworkPolicy>(policies);
}
table::Delta<api::NetworkPolicy> staged(const table::Delta<api::StagedNetworkPolicy>& policies) {
  return converted<api::NetworkPolicy>(policies);
}
table::Delta<api::NetworkPolicy> staged(const table::Delta<api::StagedKubernetesNetworkPolicy>& policies) {
  return converted<api::NetworkPolicy>(policies);
}

}  // namespace weft::graph
