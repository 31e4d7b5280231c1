#pragma once

#include "api/policy.h"
#include "api/staged_kubernetes_policy.h"
#include "api/staged_policy.h"
#include "table/delta.h"

namespace weft::graph {

/// Staged policies as the policies that they would become, under their own names. One that would remove a policy is
/// none.
table::Delta<api::GlobalNetworkPolicy> staged(const table::Delta<api::StagedGlobalNetworkPolicy>& policies);
table::Delta<api::NetworkPolicy> staged(const table::Delta<api::StagedNetworkPolicy>& policies);
table::Delta<api::NetworkPolicy> staged(const table::Delta<api::StagedKubernetesNetworkPolicy>& policies);

}  // namespace weft::graph
