#pragma once

// Rows for tests of this folder, made in memory.

#include <map>
#include <string>
#include <vector>

#include "api/changes.h"
#include "graph/graph.h"

namespace weft::graph::testing {

inline net::Cidr cidr(std::string_view text) { return net::Cidr::parse_loose(text).value(); }
inline std::vector<net::Cidr> cidrs(const std::vector<std::string>& texts) {
  std::vector<net::Cidr> list;
  for (const auto& text : texts) list.push_back(cidr(text));
  return list;
}

struct Pod {
  std::string name;
  std::string namespace_ = "default";
  std::string node = "n1";
  std::vector<std::string> addresses = {"10.0.0.1"};
  api::Labels labels = {};
  std::vector<std::string> profiles = {};
  std::string interface = {};  // empty: "cali" and the name
};
inline api::WorkloadEndpoint endpoint(const Pod& pod) {
  api::WorkloadEndpoint endpoint;
  endpoint.metadata.name = pod.node + "-k8s-" + pod.name + "-eth0";
  endpoint.metadata.namespace_ = pod.namespace_;
  endpoint.metadata.labels = pod.labels;
  endpoint.spec.orchestrator = "k8s";
  endpoint.spec.node = pod.node;
  endpoint.spec.pod = pod.name;
  endpoint.spec.endpoint = "eth0";
  endpoint.spec.interface_name = pod.interface.empty() ? "cali" + pod.name : pod.interface;
  endpoint.spec.ip_networks = cidrs(pod.addresses);
  endpoint.spec.profiles = pod.profiles;
  return endpoint;
}

inline api::EndpointPort endpoint_port(std::string name, net::Protocol protocol, int port) {
  api::EndpointPort result;
  result.name = std::move(name);
  result.protocol = {protocol};
  result.port = port;
  return result;
}

inline api::NetworkPolicy policy(std::string namespace_, std::string name, std::string selector = "") {
  api::NetworkPolicy policy;
  policy.metadata.namespace_ = std::move(namespace_);
  policy.metadata.name = std::move(name);
  policy.spec.selector = std::move(selector);
  return policy;
}
inline api::GlobalNetworkPolicy global_policy(std::string name, std::string selector = "all()") {
  api::GlobalNetworkPolicy policy;
  policy.metadata.name = std::move(name);
  policy.spec.selector = std::move(selector);
  return policy;
}
inline api::Rule rule(api::Action action, std::string source_selector = "") {
  api::Rule rule;
  rule.action = action;
  rule.source.selector = std::move(source_selector);
  return rule;
}
inline api::Tier tier(std::string name, std::optional<double> order, api::Action action = api::Action::deny) {
  api::Tier tier;
  tier.metadata.name = std::move(name);
  tier.spec.order = order;
  tier.spec.default_action = action;
  return tier;
}
inline api::Profile profile(std::string name, api::Labels labels = {}) {
  api::Profile profile;
  profile.metadata.name = std::move(name);
  profile.spec.labels_to_apply = std::move(labels);
  return profile;
}

inline api::HostEndpoint host_endpoint(std::string name, std::string node, std::string interface) {
  api::HostEndpoint endpoint;
  endpoint.metadata.name = std::move(name);
  endpoint.spec.node = std::move(node);
  endpoint.spec.interface_name = std::move(interface);
  return endpoint;
}

/// What a reader of the deltas knows.
struct Tables {
  std::map<plan::EndpointId, plan::Endpoint> endpoints;
  std::map<plan::EndpointId, plan::Endpoint> shadowed;
  std::map<std::string, plan::HostEndpoint> host_endpoints;
  std::map<net::Cidr, plan::Route> routes;
  std::map<net::Cidr, plan::ClusterRoute> cluster_routes;
  std::map<std::string, plan::Vtep> vteps;
  std::map<std::string, plan::WireguardPeer> wireguard;
  std::optional<plan::Encapsulation> encapsulation;
  std::map<plan::PolicyId, plan::Policy> policies;
  std::map<std::string, plan::Profile> profiles;
  std::map<plan::SetId, plan::Set> sets;
  std::map<std::pair<plan::SetId, plan::Member>, plan::SetMember> members;
  std::map<net::Cidr, plan::Pool> pools;
  std::map<net::Ip, plan::HostAddress> hosts;
  std::map<std::string, plan::Unsupported> unsupported;
  std::optional<plan::Settings> settings;

  /// Applies a plan's changes. @return how many rows of it were no difference
  std::size_t apply(plan::Changes changes) {
    std::size_t idle = 0;
    const auto into = [&](auto& rows, auto delta) {
      std::size_t differences = 0;
      const std::size_t size = delta.rows.size();
      table::apply(rows, std::move(delta), [&](const auto&, const auto*, const auto*) { ++differences; });
      idle += size - differences;
    };
    into(endpoints, std::move(changes.endpoints));
    into(shadowed, std::move(changes.shadowed));
    into(host_endpoints, std::move(changes.host_endpoints));
    into(routes, std::move(changes.routes));
    into(cluster_routes, std::move(changes.cluster_routes));
    into(vteps, std::move(changes.vteps));
    into(wireguard, std::move(changes.wireguard));
    if (changes.encapsulation) encapsulation = changes.encapsulation;
    into(policies, std::move(changes.policies));
    into(profiles, std::move(changes.profiles));
    into(sets, std::move(changes.sets));
    into(members, std::move(changes.members));
    into(pools, std::move(changes.pools));
    into(hosts, std::move(changes.hosts));
    into(unsupported, std::move(changes.unsupported));
    if (changes.settings) settings = changes.settings;
    return idle;
  }

  /// Members of the set of that selector's text, printed.
  std::vector<std::string> members_of(std::string_view note) const {
    std::vector<std::string> list;
    for (const auto& [id, set] : sets) {
      if (set.note != note) continue;
      for (const auto& [key, row] : members) {
        if (key.first == id) list.push_back(plan::to_string(key.second));
      }
    }
    return list;
  }

  bool operator==(const Tables&) const = default;
};

}  // namespace weft::graph::testing
