#include "api/changes.h"

#include <utility>

namespace weft::api {

void Changes::merge(Changes later) {
  nodes.merge(std::move(later.nodes));
  pools.merge(std::move(later.pools));
  tiers.merge(std::move(later.tiers));
  global_policies.merge(std::move(later.global_policies));
  policies.merge(std::move(later.policies));
  staged_global_policies.merge(std::move(later.staged_global_policies));
  staged_policies.merge(std::move(later.staged_policies));
  staged_kubernetes_policies.merge(std::move(later.staged_kubernetes_policies));
  global_network_sets.merge(std::move(later.global_network_sets));
  network_sets.merge(std::move(later.network_sets));
  profiles.merge(std::move(later.profiles));
  endpoints.merge(std::move(later.endpoints));
  host_endpoints.merge(std::move(later.host_endpoints));
  felix_configurations.merge(std::move(later.felix_configurations));
  cluster_information.merge(std::move(later.cluster_information));
  bgp_configurations.merge(std::move(later.bgp_configurations));
  bgp_peers.merge(std::move(later.bgp_peers));
  bgp_filters.merge(std::move(later.bgp_filters));
  blocks.merge(std::move(later.blocks));
  affinities.merge(std::move(later.affinities));
  if (later.revision != 0) revision = later.revision;  // a store restored from older data goes back
  in_sync = in_sync || later.in_sync;
  passage.merge(later.passage);
}

}  // namespace weft::api
