#pragma once

#include "api/bgp.h"
#include "api/bgp_filter.h"
#include "api/cluster_information.h"
#include "api/felix_configuration.h"
#include "api/host_endpoint.h"
#include "api/ip_pool.h"
#include "api/ip_reservation.h"
#include "api/ipam.h"
#include "api/kube_controllers.h"
#include "api/live_migration.h"
#include "api/network_set.h"
#include "api/node.h"
#include "api/node_status.h"
#include "api/policy.h"
#include "api/profile.h"
#include "api/staged_kubernetes_policy.h"
#include "api/staged_policy.h"
#include "api/tier.h"
#include "api/workload_endpoint.h"

/// The kinds of resources. A new one: its header above and its line here; everything else follows from its description.
#define WEFT_RESOURCES(X)          \
  X(BgpConfiguration)              \
  X(BgpFilter)                     \
  X(BgpPeer)                       \
  X(BlockAffinityResource)         \
  X(CalicoNodeStatus)              \
  X(ClusterInformation)            \
  X(FelixConfiguration)            \
  X(GlobalNetworkPolicy)           \
  X(GlobalNetworkSet)              \
  X(HostEndpoint)                  \
  X(IpamConfiguration)             \
  X(IpPool)                        \
  X(IpReservation)                 \
  X(KubeControllersConfiguration)  \
  X(LiveMigration)                 \
  X(NetworkPolicy)                 \
  X(NetworkSet)                    \
  X(Node)                          \
  X(Profile)                       \
  X(StagedGlobalNetworkPolicy)     \
  X(StagedKubernetesNetworkPolicy) \
  X(StagedNetworkPolicy)           \
  X(Tier)                          \
  X(WorkloadEndpoint)

/// Those and what lies under keys of its own (datamodel 1.3).
#define WEFT_KINDS(X) \
  WEFT_RESOURCES(X)   \
  X(Block)            \
  X(BlockAffinity)    \
  X(Handle)           \
  X(IpamConfig)
