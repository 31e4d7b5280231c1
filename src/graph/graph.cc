#include "graph/graph.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "graph/admission.h"
#include "graph/cluster_routes.h"
#include "graph/endpoints.h"
#include "graph/host_endpoints.h"
#include "graph/hosts.h"
#include "graph/local_endpoints.h"
#include "graph/policies.h"
#include "graph/pools.h"
#include "graph/profiles.h"
#include "graph/routes.h"
#include "graph/sets.h"
#include "graph/settings.h"
#include "graph/staged.h"
#include "graph/tunnels.h"

namespace weft::graph {
namespace {

/// One object is reported by one node at a time, but may pass from one to another: rows count before their absence.
table::Delta<plan::Unsupported> merged(std::vector<table::Delta<plan::Unsupported>> reports) {
  table::Delta<plan::Unsupported> all;
  for (auto& report : reports) {
    for (auto& [object, row] : report.rows) {
      if (row)
        all.put(*std::move(row));
      else
        all.rows.try_emplace(object);
    }
  }
  return all;
}

}  // namespace

struct Graph::Inner {
  Inner(const std::string& node, const std::map<std::string, std::string>& environment, Options wanted)
      : options(wanted),
        settings(node, environment),
        admission(node),
        local_endpoints(node),
        host_endpoints(node),
        cluster_routes(node) {}

  void on(api::Changes in);
  plan::Changes take();

  const Options options;
  Settings settings;
  Admission admission;
  LocalEndpoints local_endpoints;
  Policies policies;
  Profiles profiles;
  Endpoints endpoints;
  Endpoints shadowed;
  HostEndpoints host_endpoints;
  Routes routes;
  Sets sets;
  Pools pools;
  Hosts hosts;
  Encapsulations encapsulations;
  Tunnels tunnels;
  ClusterRoutes cluster_routes;

  std::int64_t revision = 0;
  std::optional<plan::Settings> sent_settings;
  std::optional<plan::Encapsulation> sent_encapsulation;
  std::map<std::string, api::ClusterInformation> cluster_information;
  bool in_sync = false;
  Options::NeedsCluster needs_cluster = options.needs_cluster;
  std::string held;  // why nothing goes out
};

/// The drawing of the graph: every arrow is a line.
void Graph::Inner::on(api::Changes in) {
  settings.on(in.felix_configurations);
  settings.on(in.nodes);
  const plan::Settings& current = settings.settle();

  const auto admitted = admission.on(std::move(in.endpoints), current.spoofing_allowed);
  local_endpoints.on(admitted);
  const auto local = local_endpoints.known();
  const auto local_hosts = host_endpoints.on(in.host_endpoints);

  policies.on(in.profiles);
  policies.on(in.tiers);
  policies.on(local);
  policies.on(local_hosts);
  policies.on(in.global_policies);
  policies.on(in.policies);
  if (options.staged) {
    policies.on(staged(in.staged_global_policies), "StagedGlobalNetworkPolicy");
    policies.on(staged(in.staged_policies), "StagedNetworkPolicy");
    policies.on(staged(in.staged_kubernetes_policies), "StagedKubernetesNetworkPolicy");
  }
  policies.settle();
  profiles.on(in.profiles);
  profiles.on(local);
  profiles.on(local_hosts);
  profiles.settle();

  sets.on(in.profiles);
  sets.on(admitted);
  sets.on(in.host_endpoints);
  sets.on(in.network_sets);
  sets.on(in.global_network_sets);
  sets.on(policies.needs());
  sets.on(profiles.needs());

  const auto lists = policies.endpoints();
  const auto owners = local_endpoints.owners();
  endpoints.on(owners, lists);
  shadowed.on(local_endpoints.shadowed(), lists);
  host_endpoints.on(lists);
  routes.on(owners);
  pools.on(in.pools);
  hosts.on(in.nodes);

  if (options.network) {
    const auto routed = pools.routed();
    encapsulations.on(routed);
    const auto encapsulation = encapsulations.settle(current);
    tunnels.on(in.nodes);
    tunnels.settle(encapsulation.vxlan || encapsulation.vxlan_v6);
    cluster_routes.on(routed);
    cluster_routes.on(in.blocks);
    cluster_routes.on(in.nodes);
    cluster_routes.on(admitted);
    cluster_routes.settle(needs_cluster_routes(encapsulation, current), current.routes_of_workloads);
  }

  table::apply(cluster_information, std::move(in.cluster_information), [](const auto&, const auto*, const auto*) {});
  const auto information = cluster_information.find("default");
  if (information != cluster_information.end() && needs_cluster == Options::NeedsCluster::once_seen)
    needs_cluster = Options::NeedsCluster::always;
  if (information == cluster_information.end())
    held = needs_cluster == Options::NeedsCluster::always ? "there is no ClusterInformation default" : "";
  else
    held = information->second.spec.datastore_ready.value_or(true)
               ? ""
               : "ClusterInformation default: datastoreReady is false";
  in_sync = in_sync || in.in_sync;
  if (in.revision != 0) revision = in.revision;  // a store restored from older data goes back
}

/// What differs from what was sent last. Until the input is in sync and while the store says it is not ready nothing
/// goes out, not even the revision: the plan in force is older.
plan::Changes Graph::Inner::take() {
  plan::Changes out;
  if (!in_sync || !held.empty()) return out;
  out.endpoints = endpoints.endpoints();
  out.shadowed = shadowed.endpoints();
  out.host_endpoints = host_endpoints.endpoints();
  out.routes = routes.routes();
  out.policies = policies.policies();
  out.profiles = profiles.profiles();
  out.sets = sets.sets();
  out.members = sets.members();
  out.pools = pools.pools();
  out.hosts = hosts.hosts();
  out.cluster_routes = cluster_routes.routes();
  out.vteps = tunnels.vteps();
  out.wireguard = tunnels.wireguard();
  out.unsupported =
      merged({settings.unsupported(), admission.unsupported(), local_endpoints.unsupported(),
              host_endpoints.unsupported(), policies.unsupported(), profiles.unsupported(), pools.unsupported()});
  if (const auto& current = settings.settle(); sent_settings != current) out.settings = sent_settings = current;
  if (const auto encapsulation = encapsulations.settle(settings.settle());
      options.network && sent_encapsulation != encapsulation)
    out.encapsulation = sent_encapsulation = encapsulation;
  out.revision = revision;
  return out;
}

Graph::Graph(std::string node, std::map<std::string, std::string> environment, Options options)
    : inner_(std::make_unique<Inner>(node, environment, options)) {}
Graph::~Graph() = default;

plan::Changes Graph::on(api::Changes changes) {
  inner_->on(std::move(changes));
  return inner_->take();
}

std::string Graph::held() const { return inner_->held; }

Graph::Sizes Graph::sizes() const {
  return {.items = inner_->sets.items(),
          .label_groups = inner_->sets.groups(),
          .policies = inner_->policies.count(),
          .local_endpoints = inner_->endpoints.count(),
          .local_policies = inner_->policies.active(),
          .sets = inner_->sets.count(),
          .members = inner_->sets.members_count()};
}

}  // namespace weft::graph
