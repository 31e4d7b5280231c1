#include "graph/calc_rules.h"

#include <fmt/core.h>

#include "base/strings.h"
#include "policy/effective.h"

namespace weft::graph {
namespace {

using schema::Array, schema::Object, schema::Value;

std::string_view name_of(plan::Action action) {
  switch (action) {
    case plan::Action::allow: return "allow";
    case plan::Action::deny: return "deny";
    case plan::Action::log: return "log";
    case plan::Action::pass: return "pass";
  }
  return "";
}

/// The name in lower case, or the number where it was given as one.
Value describe(const api::Protocol& protocol) {
  if (protocol.as_number) return int{protocol.value.number};
  return to_lower(api::to_string(protocol));
}

Value describe(const plan::IcmpMatch& icmp) {
  Object out{{"type", int{icmp.type}}};
  if (icmp.code) out.set("code", int{*icmp.code});
  return out;
}

Array texts(const std::vector<std::string>& list) { return {list.begin(), list.end()}; }
Array texts(const std::vector<net::Cidr>& list) {
  Array out;
  for (const auto& cidr : list) out.emplace_back(net::to_string(cidr));
  return out;
}
Array pairs(const std::vector<net::PortRange>& ranges) {
  Array out;
  for (const auto& range : ranges) out.emplace_back(Array{int{range.first}, int{range.last}});
  return out;
}

Value describe(const api::EntityRule& asked, const plan::Side& planned, bool is_destination,
               std::string_view policy_namespace) {
  Object out;
  put(out, "nets", texts(planned.nets));
  put(out, "notNets", texts(planned.not_nets));
  put(out, "ports", pairs(planned.ports));
  put(out, "notPorts", pairs(planned.not_ports));
  if (asked.services) {
    const auto& service = *asked.services;
    const std::string namespace_(service.namespace_.empty() ? policy_namespace : std::string_view(service.namespace_));
    put(out, is_destination ? "serviceSets" : "sets",
        Array{policy::service_set_id(namespace_, service.name, is_destination)});
    put(out, "service", fmt::format("{}/{}", namespace_, service.name));
  } else {
    put(out, "sets", texts(planned.sets));
  }
  put(out, "notSets", texts(planned.not_sets));
  if (!asked.services || !is_destination) put(out, "namedPorts", texts(planned.named_ports));
  put(out, "notNamedPorts", texts(planned.not_named_ports));
  if (const auto& accounts = asked.service_accounts) {
    Object match;
    put(match, "names", texts(accounts->names));
    put(match, "selector", accounts->selector);
    put(out, "serviceAccounts", std::move(match));
  }
  put(out, "selector", asked.selector);
  put(out, "notSelector", asked.not_selector);
  put(out, "namespaceSelector", asked.namespace_selector);
  return out;
}

Value describe(const api::HttpMatch& http) {
  Object out;
  put(out, "methods", texts(http.methods));
  Array paths;
  for (const auto& path : http.paths) {
    Object match;
    put(match, path.exact.empty() ? "prefix" : "exact", path.exact.empty() ? path.prefix : path.exact);
    if (!match.empty()) paths.emplace_back(std::move(match));
  }
  put(out, "paths", std::move(paths));
  return out;
}

}  // namespace

void put(Object& object, std::string_view name, Value value) {
  const bool* flag = value.as_bool();
  const auto empty = [](const auto* x) { return x && x->empty(); };
  if ((flag && !*flag) || empty(value.as_string()) || empty(value.as_array()) || empty(value.as_object())) return;
  object.set(std::string(name), std::move(value));
}

Value describe_rule(const api::Rule& asked, const plan::Rule& planned, std::string_view policy_namespace) {
  Object out{{"action", name_of(planned.action)}};
  if (planned.family) out.set("ipVersion", *planned.family == net::Family::v4 ? 4 : 6);
  if (asked.protocol) out.set("protocol", describe(*asked.protocol));
  if (asked.not_protocol) out.set("notProtocol", describe(*asked.not_protocol));
  if (planned.icmp) out.set("icmp", describe(*planned.icmp));
  if (planned.not_icmp) out.set("notICMP", describe(*planned.not_icmp));
  put(out, "source", describe(asked.source, planned.source, false, policy_namespace));
  put(out, "destination", describe(asked.destination, planned.destination, true, policy_namespace));
  if (asked.http) out.set("http", describe(*asked.http));
  return out;
}

}  // namespace weft::graph
