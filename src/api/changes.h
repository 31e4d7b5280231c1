#pragma once

#include <cstdint>

#include "api/bgp.h"
#include "api/bgp_filter.h"
#include "api/cluster_information.h"
#include "api/felix_configuration.h"
#include "api/host_endpoint.h"
#include "api/ip_pool.h"
#include "api/ipam.h"
#include "api/network_set.h"
#include "api/node.h"
#include "api/policy.h"
#include "api/profile.h"
#include "api/staged_kubernetes_policy.h"
#include "api/staged_policy.h"
#include "api/tier.h"
#include "api/workload_endpoint.h"
#include "table/delta.h"
#include "table/passage.h"

namespace weft::api {

/// What changed in the store, as rows: from the sync thread to the graph. Two merge into one.
struct Changes {
  table::Delta<Node> nodes;
  table::Delta<IpPool> pools;
  table::Delta<Tier> tiers;
  table::Delta<GlobalNetworkPolicy> global_policies;
  table::Delta<NetworkPolicy> policies;
  table::Delta<StagedGlobalNetworkPolicy> staged_global_policies;
  table::Delta<StagedNetworkPolicy> staged_policies;
  table::Delta<StagedKubernetesNetworkPolicy> staged_kubernetes_policies;
  table::Delta<GlobalNetworkSet> global_network_sets;
  table::Delta<NetworkSet> network_sets;
  table::Delta<Profile> profiles;
  table::Delta<WorkloadEndpoint> endpoints;
  table::Delta<HostEndpoint> host_endpoints;
  table::Delta<FelixConfiguration> felix_configurations;
  table::Delta<ClusterInformation> cluster_information;
  table::Delta<BgpConfiguration> bgp_configurations;
  table::Delta<BgpPeer> bgp_peers;
  table::Delta<BgpFilter> bgp_filters;
  table::Delta<Block> blocks;
  table::Delta<BlockAffinity> affinities;
  std::int64_t revision = 0;  // of the store; everything up to it is in here or came before
  bool in_sync = false;       // the first complete list is through; never goes back
  table::Passage passage;

  void merge(Changes later);
};

}  // namespace weft::api
