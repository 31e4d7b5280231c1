#include "graph/calc.h"

#include <algorithm>
#include <set>

#include "graph/calc_rules.h"
#include "graph/graph.h"
#include "graph/local_endpoints.h"
#include "graph/policies.h"
#include "graph/staged.h"
#include "policy/effective.h"
#include "schema/value.h"

namespace weft::graph {
namespace {

using schema::Array, schema::Object, schema::Value;

template <class Row>
const Row* find(const table::Delta<Row>& table, const table::KeyOf<Row>& key) {
  const auto it = table.rows.find(key);
  return it == table.rows.end() || !it->second ? nullptr : &*it->second;
}

template <class List>
Array texts(const List& list) {
  Array out;
  for (const auto& item : list) out.emplace_back(net::to_string(item));
  return out;
}
Array texts(const std::vector<std::string>& list) { return {list.begin(), list.end()}; }

/// IPv4 first, otherwise in the order given.
template <class List>
List by_family(List list) {
  std::ranges::stable_partition(list, [](const auto& item) { return item.family() == net::Family::v4; });
  return list;
}

/// Set members as Felix hands them out: no prefix of length 0, and none inside another.
std::vector<std::string> members_of(const std::vector<const plan::Member*>& members, bool disjoint) {
  std::vector<std::string> out;
  std::set<net::Cidr> prefixes;
  for (const auto* member : members) {
    const auto* cidr = std::get_if<net::Cidr>(member);
    if (!cidr) {
      out.push_back(plan::to_string(*member));
    } else if (cidr->length() > 0) {
      prefixes.insert(*cidr);
    } else {
      const net::Cidr low(cidr->ip(), 1);
      prefixes.insert({low, net::Cidr(low.last().plus(1), 1)});
    }
  }
  const net::Cidr* outer = nullptr;  // prefixes come right after what is around them
  for (const auto& cidr : prefixes) {
    if (disjoint && outer && outer->contains(cidr)) continue;
    outer = &cidr;
    out.push_back(net::to_string(cidr));
  }
  std::ranges::sort(out);
  return out;
}

class Description {
 public:
  Description(const api::Changes& cluster, const plan::Changes& plan) : cluster_(cluster), plan_(plan) {}

  Value value() const {
    Object out;
    put(out, "policies", policies());
    put(out, "profiles", profiles());
    put(out, "ipSets", sets());
    put(out, "workloadEndpoints", workloads());
    put(out, "hostEndpoints", hosts());
    put(out, "routes", routes());
    put(out, "vteps", vteps());
    put(out, "wireguard", wireguard());
    put(out, "encapsulation", encapsulation());
    return out;
  }

 private:
  Array rules(const std::vector<api::Rule>& asked, const std::vector<plan::Rule>& planned,
              std::string_view policy_namespace) const {
    Array out;
    for (std::size_t i = 0; i < planned.size(); ++i) {
      out.push_back(describe_rule(i < asked.size() ? asked[i] : api::Rule(), planned[i], policy_namespace));
    }
    return out;
  }

  template <class Resource>
  Value policy(const Resource& resource, const plan::Policy& row) const {
    Object out{{"kind", row.id.kind}};
    put(out, "namespace", row.id.namespace_);
    out.set("name", row.id.name);
    if (const auto selector = policy::selector_of(resource)) put(out, "selector", selector->text());
    put(out, "ingress", rules(resource.spec.ingress, row.ingress, row.id.namespace_));
    put(out, "egress", rules(resource.spec.egress, row.egress, row.id.namespace_));
    return out;
  }

  Array policies() const {
    Array out;
    for (const auto& entry : plan_.policies.rows) {
      const auto& id = entry.first;
      const auto& row = entry.second;
      const auto from = [&](std::string_view kind, const auto& table, const auto& key) {
        const auto* resource = id.kind == kind ? find(table, key) : nullptr;
        if (resource) out.push_back(policy(*resource, *row));
      };
      const std::pair key(id.namespace_, id.name);
      from("GlobalNetworkPolicy", cluster_.global_policies, id.name);
      from("NetworkPolicy", cluster_.policies, key);
      from("StagedGlobalNetworkPolicy", staged_global_, id.name);
      from("StagedNetworkPolicy", staged_, key);
      from("StagedKubernetesNetworkPolicy", staged_kubernetes_, key);
    }
    return out;
  }

  Array profiles() const {
    Array out;
    for (const auto& [name, row] : plan_.profiles.rows) {
      const auto* resource = find(cluster_.profiles, name);
      const api::ProfileSpec none;
      const auto& spec = resource ? resource->spec : none;
      Object profile{{"name", name}};
      put(profile, "ingress", rules(spec.ingress, row->ingress, ""));
      put(profile, "egress", rules(spec.egress, row->egress, ""));
      out.emplace_back(std::move(profile));
    }
    return out;
  }

  Array sets() const {
    std::map<plan::SetId, std::vector<const plan::Member*>> members;
    for (const auto& [key, row] : plan_.members.rows) members[key.first].push_back(&key.second);
    const bool disjoint = !plan_.settings || plan_.settings->disjoint_sets;
    Array out;
    for (const auto& [id, row] : plan_.sets.rows) {
      Object set{{"id", id}, {"type", row->type == plan::SetType::net ? "net" : "ip-port"}};
      put(set, "members", texts(members_of(members[id], disjoint)));
      out.emplace_back(std::move(set));
    }
    return out;
  }

  /// Both directions tier by tier.
  Array tiers(const plan::PolicyLists& lists) const {
    struct Tier {
      const plan::TierPolicies* ingress = nullptr;
      const plan::TierPolicies* egress = nullptr;
    };
    std::map<std::string_view, Tier> found;
    std::vector<std::string> names;
    for (const auto& tier : lists.ingress) found[tier.tier].ingress = &tier;
    for (const auto& tier : lists.egress) found[tier.tier].egress = &tier;
    for (const auto& [name, tier] : found) names.emplace_back(name);
    std::ranges::sort(names, {}, [&](const auto& name) { return tier_place(name, find(cluster_.tiers, name)); });
    Array out;
    for (const auto& name : names) {
      const auto& [ingress, egress] = found[name];
      Object tier{{"name", name}};
      const bool pass = (ingress ? ingress : egress)->default_pass;
      if (pass || find(cluster_.tiers, name)) put(tier, "defaultAction", pass ? "Pass" : "Deny");
      const auto ids = [](const plan::TierPolicies* direction) {
        Array list;
        if (!direction) return list;
        for (const auto& id : direction->policies) list.emplace_back(plan::to_string(id));
        return list;
      };
      put(tier, "ingress", ids(ingress));
      put(tier, "egress", ids(egress));
      out.emplace_back(std::move(tier));
    }
    return out;
  }

  Array workloads() const {
    std::map<plan::EndpointId, const api::WorkloadEndpoint*> resources;
    for (const auto& [key, resource] : cluster_.endpoints.rows) {
      if (!resource) continue;
      const plan::EndpointId id = id_of(*resource);
      const auto* row = planned(id);
      if (row && row->interface == resource->spec.interface_name) resources.try_emplace(id, &*resource);
    }
    Array out;
    for (const auto& [id, resource] : resources) {
      const auto& spec = resource->spec;
      const auto* row = planned(id);
      Object endpoint{{"orchestrator", id.orchestrator}, {"workload", id.workload}, {"endpoint", id.endpoint}};
      put(endpoint, "interface", spec.interface_name);
      endpoint.set("state", "active");
      if (row->mac) put(endpoint, "mac", net::to_string(*row->mac));
      put(endpoint, "nets", texts(by_family(spec.ip_networks)));
      put(endpoint, "profiles", texts(spec.profiles));
      put(endpoint, "tiers", tiers({row->ingress, row->egress}));
      put(endpoint, "nats", nats(spec.ip_nats));
      put(endpoint, "allowedSources", texts(spec.allow_spoofed_source_prefixes));
      out.emplace_back(std::move(endpoint));
    }
    return out;
  }

  const plan::Endpoint* planned(const plan::EndpointId& id) const {
    const auto* row = find(plan_.endpoints, id);
    return row ? row : find(plan_.shadowed, id);
  }

  static Array nats(const std::vector<api::IpNat>& list) {
    Array v4, v6;
    for (const auto& nat : list) {
      const auto internal = net::Ip::parse(nat.internal_ip);
      const auto external = net::Ip::parse(nat.external_ip);
      if (!internal || !external) continue;
      (internal->is_v4() ? v4 : v6)
          .emplace_back(Object{{"internal", net::to_string(*internal)}, {"external", net::to_string(*external)}});
    }
    v4.insert(v4.end(), v6.begin(), v6.end());
    return v4;
  }

  Array hosts() const {
    Array out;
    for (const auto& [name, row] : plan_.host_endpoints.rows) {
      Object endpoint{{"name", name}};
      put(endpoint, "interface", row->interface);
      put(endpoint, "addresses", texts(by_family(row->addresses)));
      if (const auto* resource = find(cluster_.host_endpoints, name))
        put(endpoint, "profiles", texts(resource->spec.profiles));
      put(endpoint, "tiers", tiers(row->policies));
      put(endpoint, "untrackedTiers", tiers(row->untracked));
      put(endpoint, "preDNATTiers", tiers(row->pre_dnat));
      put(endpoint, "forwardTiers", tiers(row->forward));
      out.emplace_back(std::move(endpoint));
    }
    return out;
  }

  Array routes() const {
    constexpr std::string_view types[] = {"REMOTE_WORKLOAD", "REMOTE_HOST",   "LOCAL_WORKLOAD",
                                          "LOCAL_HOST",      "REMOTE_TUNNEL", "LOCAL_TUNNEL"};
    constexpr std::string_view tunnels[] = {"ipip", "vxlan", "wireguard"};
    constexpr std::string_view pools[] = {"", "NO_ENCAP", "IPIP", "VXLAN"};
    const auto bits = [](unsigned set, const auto& names) {
      Array list;
      for (std::size_t bit = 0; bit < std::size(names); ++bit) {
        if (set >> bit & 1u) list.emplace_back(names[bit]);
      }
      return list;
    };
    Array out;
    for (const auto& [dst, row] : plan_.cluster_routes.rows) {
      Object route{{"destination", net::to_string(dst)}};
      put(route, "types", bits(row->types, types));
      put(route, "encapsulation", pools[static_cast<std::size_t>(row->pool)]);
      put(route, "node", row->node);
      if (row->node_address) put(route, "nodeAddress", net::to_string(*row->node_address));
      put(route, "sameSubnet", row->same_subnet);
      put(route, "natOutgoing", row->nat_outgoing);
      put(route, "localWorkload", row->has_local_workload);
      put(route, "borrowed", row->borrowed);
      put(route, "tunnels", bits(row->tunnels, tunnels));
      out.emplace_back(std::move(route));
    }
    return out;
  }

  Array vteps() const {
    Array out;
    for (const auto& [node, row] : plan_.vteps.rows) {
      Object vtep{{"node", node}};
      if (row->v4) put(vtep, "ipv4", net::to_string(row->v4->address));
      if (row->v6) put(vtep, "ipv6", net::to_string(row->v6->address));
      if (row->v4) put(vtep, "mac", row->v4->mac);
      if (row->v6) put(vtep, "macV6", row->v6->mac);
      if (row->v4) put(vtep, "parentIPv4", net::to_string(row->v4->parent));
      if (row->v6) put(vtep, "parentIPv6", net::to_string(row->v6->parent));
      out.emplace_back(std::move(vtep));
    }
    return out;
  }

  Array wireguard() const {
    Array out;
    for (const auto& [node, row] : plan_.wireguard.rows) {
      Object peer{{"node", node}};
      const auto end = [&](const auto& end, std::string_view key, std::string_view address) {
        if (!end) return;
        put(peer, key, end->public_key);
        if (end->address) put(peer, address, net::to_string(*end->address));
      };
      end(row->v4, "publicKey", "ipv4");
      end(row->v6, "publicKeyV6", "ipv6");
      out.emplace_back(std::move(peer));
    }
    return out;
  }

  Object encapsulation() const {
    Object out;
    if (!plan_.encapsulation) return out;
    put(out, "ipip", plan_.encapsulation->ipip);
    put(out, "vxlan", plan_.encapsulation->vxlan);
    put(out, "vxlanV6", plan_.encapsulation->vxlan_v6);
    put(out, "noEncapsulation", plan_.encapsulation->no_encapsulation);
    return out;
  }

  const api::Changes& cluster_;
  const plan::Changes& plan_;
  const table::Delta<api::GlobalNetworkPolicy> staged_global_ = staged(cluster_.staged_global_policies);
  const table::Delta<api::NetworkPolicy> staged_ = staged(cluster_.staged_policies);
  const table::Delta<api::NetworkPolicy> staged_kubernetes_ = staged(cluster_.staged_kubernetes_policies);
};

}  // namespace

std::string calc(const std::string& node, const std::map<std::string, std::string>& environment,
                 const api::Changes& cluster) {
  const auto plan = Graph(node, environment, {.staged = true, .network = true}).on(cluster);
  return schema::to_json(Description(cluster, plan).value());
}

}  // namespace weft::graph
