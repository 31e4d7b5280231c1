#include "graph/graph.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "api/selector.h"
#include "graph/testing.h"
#include "policy/generator.h"

namespace weft::graph {
namespace {

using namespace testing;

/// Random rows of a small cluster of all kinds that an agent follows or calc asks for, nodes and blocks that contradict
/// each other among them.
class Cluster : public policy::testing::Generator {
 public:
  using Generator::Generator;

  /// One random change of one object.
  api::Changes change() {
    api::Changes changes;
    switch (below(18)) {
      case 0:
      case 1:
      case 2: put_or_drop(changes.endpoints, random_endpoint()); break;
      case 3:
      case 4: put_or_drop(changes.policies, policy()); break;
      case 5:
      case 6: put_or_drop(changes.global_policies, global_policy()); break;
      case 7: random_staged(changes); break;
      case 8: put_or_drop(changes.profiles, profile()); break;
      case 9: put_or_drop(changes.tiers, tier()); break;
      case 10:
        if (chance(2))
          put_or_drop(changes.network_sets, network_set());
        else
          put_or_drop(changes.global_network_sets, global_network_set());
        break;
      case 11: put_or_drop(changes.felix_configurations, random_configuration()); break;
      case 12: put_or_drop(changes.host_endpoints, host_endpoint()); break;
      case 13:
      case 14: put_or_drop(changes.blocks, random_block()); break;
      case 15: put_or_drop(changes.pools, random_pool()); break;
      case 16:
        if (chance(4)) {
          put_or_drop(changes.cluster_information, information(chance(2)));
          break;
        }
        [[fallthrough]];
      default: put_or_drop(changes.nodes, random_node());
    }
    return changes;
  }

  static api::ClusterInformation information(bool ready) {
    api::ClusterInformation row;
    row.metadata.name = "default";
    row.spec.datastore_ready = ready;
    return row;
  }

 private:
  template <class Row>
  void put_or_drop(table::Delta<Row>& delta, Row row) {
    if (chance(3))
      delta.drop(row.key());
    else
      delta.put(std::move(row));
  }

  api::WorkloadEndpoint random_endpoint() {
    Pod pod{.name = pick({"p", "q", "r", "s"}),
            .namespace_ = a_namespace(),
            .node = pick({"n1", "n1", "n2"}),
            .labels = labels()};
    pod.addresses.clear();
    for (unsigned i = below(3); i > 0; --i)
      pod.addresses.push_back(pick({"10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1"}));
    for (unsigned i = below(3); i > 0; --i) pod.profiles.push_back(pick({"kns.x", "kns.y", "ksa.x.s"}));
    pod.interface = pick({"cali1", "cali2", "cali3", "cali4", "cali5"});
    auto row = endpoint(pod);
    if (chance(3))
      row.spec.ports.push_back(endpoint_port("http", chance(2) ? net::tcp : net::udp, 80 + static_cast<int>(below(2))));
    if (chance(3)) row.spec.service_account_name = "s";
    if (chance(6)) row.spec.allow_spoofed_source_prefixes = cidrs({"192.0.2.0/24"});
    if (chance(8)) row.spec.interface_name.clear();
    if (chance(8)) row.spec.pod = "twin";  // its id meets another's
    return row;
  }
  void random_staged(api::Changes& changes) {
    switch (below(3)) {
      case 0: put_or_drop(changes.staged_policies, staged_policy()); break;
      case 1: put_or_drop(changes.staged_global_policies, staged_global_policy()); break;
      default: put_or_drop(changes.staged_kubernetes_policies, staged_kubernetes_policy());
    }
  }
  api::FelixConfiguration random_configuration() {
    auto row = configuration();
    if (chance(2)) row.spec.set("routeRefreshInterval", pick({"1m30s", "5s", "never"}));
    if (chance(3)) row.spec.set("routeSource", pick({"WorkloadIPs", "CalicoIPAM"}));
    if (chance(3)) row.spec.set("programClusterRoutes", pick({"Enabled", "Disabled", "EnabledIPIPOnly"}));
    if (chance(4)) row.spec.set("wireguardEnabled", chance(2));
    if (chance(6)) row.spec.set("vxlanEnabled", chance(2));
    return row;
  }
  api::IpPool random_pool() {
    auto row = pool();
    const auto mode = [&] { return chance(2) ? api::EncapMode::always : api::EncapMode::cross_subnet; };
    if (chance(3)) row.spec.vxlan_mode = mode();
    if (chance(3)) row.spec.ipip_mode = mode();
    return row;
  }
  /// Few addresses, so that blocks, endpoints, tunnels and hosts contradict each other.
  api::Block random_block() {
    api::Block row;
    row.cidr = cidr(pick({"10.0.0.0/30", "10.0.0.0/29", "10.0.0.1/32", "10.1.0.0/30", "fd00::/126"}));
    if (!chance(6)) row.affinity = pick({"host:n1", "host:n2", "host:gone", "virtual:load-balancer"});
    row.attributes.emplace();
    for (int i = 0; i < 4; ++i) {
      row.allocations.push_back(chance(2) ? std::nullopt : std::optional<int>(i - static_cast<int>(below(2))));
      row.attributes->push_back({});
      if (!chance(5)) row.attributes->back().secondary["node"] = pick({"n1", "n2", "n3"});
    }
    return row;
  }
  api::Node random_node() {
    api::Node row;
    row.metadata.name = pick({"n1", "n2", "n3"});
    if (chance(2)) row.metadata.labels["rack"] = "r1";
    auto& spec = row.spec;
    if (!chance(5)) {
      auto& bgp = spec.bgp.emplace();
      if (!chance(5))
        bgp.ipv4_address = net::Address::parse(pick({"192.0.2.1/24", "192.0.2.2/24", "198.51.100.1/24"})).value();
      if (chance(3)) bgp.ipv6_address = net::Address::parse(pick({"2001:db8::1/64", "2001:db8:1::1/64"})).value();
      if (chance(3)) bgp.ipv4_ipip_tunnel_address = ip(pick({"10.0.0.2", "10.1.0.1"}));
    }
    if (chance(3))
      spec.addresses.push_back(
          {.address = pick({"192.0.2.1", "192.0.2.9"}), .type = pick({"InternalIP", "ExternalIP"}), .extra = {}});
    if (chance(3)) spec.ipv4_vxlan_tunnel_address = ip(pick({"10.0.0.2", "10.1.0.2"}));
    if (chance(4)) spec.ipv6_vxlan_tunnel_address = ip("fd00::2");
    if (chance(5)) spec.vxlan_tunnel_mac_address = "66:00:00:00:00:01";
    if (chance(3)) spec.wireguard.emplace().interface_ipv4_address = ip(pick({"10.0.0.2", "10.0.0.3"}));
    if (chance(3)) row.status.wireguard_public_key = pick({"one", "two"});
    if (chance(5)) row.status.wireguard_public_key_v6 = "six";
    return row;
  }
};

/// The complete tables, as a list from the store would be.
struct State {
  api::Changes all;

  State() {
    all.endpoints.whole = all.policies.whole = all.global_policies.whole = all.profiles.whole = all.tiers.whole = true;
    all.network_sets.whole = all.global_network_sets.whole = all.felix_configurations.whole = all.pools.whole =
        all.nodes.whole = all.blocks.whole = all.host_endpoints.whole = all.cluster_information.whole = true;
    all.staged_policies.whole = all.staged_global_policies.whole = all.staged_kubernetes_policies.whole = true;
    all.in_sync = true;
  }
};

// Whatever came in whatever pieces, the plan is that of what is present; and every change of it was a difference.
RC_GTEST_PROP(Graph, PlansWhatIsPresentHoweverItCame, (std::uint32_t seed)) {
  Cluster cluster(seed);
  const bool all = !cluster.chance(3);  // or only what the agent asks for
  const Graph::Options options{.staged = all, .network = all};
  State state;
  Graph graph("n1", {}, options);
  Tables plan;
  api::Changes batch;
  for (unsigned step = 10 + cluster.below(80); step > 0; --step) {
    const api::Changes change = cluster.change();
    state.all.merge(change);
    batch.merge(change);
    if (cluster.chance(5)) batch.merge(change);  // said twice
    if (cluster.chance(12)) batch = state.all;   // the watch was lost: everything anew
    batch.in_sync = batch.in_sync || cluster.chance(10);
    if (cluster.chance(2)) continue;
    RC_ASSERT(plan.apply(graph.on(std::exchange(batch, {}))) == 0u);
  }
  // While the store was not ready nothing came out; that it is ready is the last that is told.
  api::Changes ready;
  ready.cluster_information.put(Cluster::information(true));
  state.all.merge(ready);
  batch.merge(std::move(ready));
  batch.in_sync = true;
  RC_ASSERT(plan.apply(graph.on(batch)) == 0u);

  Tables fresh;
  fresh.apply(Graph("n1", {}, options).on(state.all));
  RC_ASSERT(plan.endpoints == fresh.endpoints);
  RC_ASSERT(plan.routes == fresh.routes);
  RC_ASSERT(plan.policies == fresh.policies);
  RC_ASSERT(plan.profiles == fresh.profiles);
  RC_ASSERT(plan.sets == fresh.sets);
  RC_ASSERT(plan.members == fresh.members);
  RC_ASSERT(plan.unsupported == fresh.unsupported);
  RC_ASSERT(plan.shadowed == fresh.shadowed);
  RC_ASSERT(plan.host_endpoints == fresh.host_endpoints);
  RC_ASSERT(plan.cluster_routes == fresh.cluster_routes);
  RC_ASSERT(plan.vteps == fresh.vteps);
  RC_ASSERT(plan.wireguard == fresh.wireguard);
  RC_ASSERT(plan == fresh);
}

// What a set holds, computed the plain way: every item, every selector.
RC_GTEST_PROP(Graph, FillsSetsAsAPlainSearchWould, (std::uint32_t seed)) {
  Cluster cluster(seed);
  State state;
  for (int i = 0; i < 60; ++i) state.all.merge(cluster.change());
  state.all.cluster_information.put(Cluster::information(true));
  api::GlobalNetworkPolicy policy = global_policy("probe");
  const std::vector<std::string> selectors = {"all()", "a == '1'", "!has(b)", "b in {'1','2'} && a != '1'",
                                              "pcns.env == 'prod'"};
  for (const auto& selector : selectors) policy.spec.ingress.push_back(rule(api::Action::allow, selector));
  state.all.global_policies.put(policy);
  state.all.endpoints.put(
      endpoint({.name = "probe", .namespace_ = "z", .addresses = {"10.9.9.9"}, .interface = "caliprobe"}));
  state.all.felix_configurations = {.rows = {}, .whole = true};

  Tables plan;
  plan.apply(Graph("n1", {}).on(state.all));

  const auto labels_of = [&](api::Labels labels, const std::vector<std::string>& profiles) {
    for (const auto& name : profiles) {
      const auto it = state.all.profiles.rows.find(name);
      if (it != state.all.profiles.rows.end())
        labels.insert(it->second->spec.labels_to_apply.begin(), it->second->spec.labels_to_apply.end());
    }
    return labels;
  };
  for (const auto& text : selectors) {
    const auto selector = api::Selector::parse(text).value();
    std::set<net::Cidr> expected;
    for (const auto& [key, row] : state.all.endpoints.rows) {
      auto own = row->metadata.labels;
      own["projectcalico.org/namespace"] = key.first;
      own["projectcalico.org/orchestrator"] = "k8s";
      if (row->spec.interface_name.empty() || !row->spec.allow_spoofed_source_prefixes.empty()) continue;
      if (selector.matches(labels_of(own, row->spec.profiles)))
        expected.insert(row->spec.ip_networks.begin(), row->spec.ip_networks.end());
    }
    for (const auto& [key, row] : state.all.host_endpoints.rows) {
      if (!selector.matches(labels_of(row->metadata.labels, row->spec.profiles))) continue;
      for (const auto& text : row->spec.expected_ips) {
        if (const auto address = net::Ip::parse(text)) expected.insert(net::Cidr::host(*address));
      }
    }
    for (const auto& [key, row] : state.all.network_sets.rows) {
      auto own = row->metadata.labels;
      own["projectcalico.org/namespace"] = key.first;
      if (selector.matches(labels_of(own, {"kns." + key.first})))
        expected.insert(row->spec.nets.begin(), row->spec.nets.end());
    }
    for (const auto& [key, row] : state.all.global_network_sets.rows) {
      if (selector.matches(row->metadata.labels)) expected.insert(row->spec.nets.begin(), row->spec.nets.end());
    }
    std::set<net::Cidr> found;
    for (const auto& [key, row] : plan.members) {
      if (key.first == selector.id()) found.insert(std::get<net::Cidr>(key.second));
    }
    RC_ASSERT(found == expected);
  }
}

}  // namespace
}  // namespace weft::graph
