#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/metadata.h"
#include "api/staged_policy.h"
#include "api/types.h"

namespace weft::api {

/// One condition of a Kubernetes label selector.
struct LabelRequirement {
  std::string key;
  std::string op;  // operator: In, NotIn, Exists, DoesNotExist
  std::vector<std::string> values;
  schema::Extra extra;
  bool operator==(const LabelRequirement&) const = default;
};
/// A label selector of Kubernetes: all conditions hold. Empty: everything.
struct LabelSelector {
  Labels match_labels;
  std::vector<LabelRequirement> match_expressions;
  schema::Extra extra;
  bool operator==(const LabelSelector&) const = default;
};

struct KubernetesIpBlock {
  std::string cidr;
  std::vector<std::string> except;
  schema::Extra extra;
  bool operator==(const KubernetesIpBlock&) const = default;
};
struct KubernetesPeer {
  std::optional<LabelSelector> pod_selector;
  std::optional<LabelSelector> namespace_selector;
  std::optional<KubernetesIpBlock> ip_block;
  schema::Extra extra;
  bool operator==(const KubernetesPeer&) const = default;
};
struct KubernetesPort {
  std::string protocol;      // TCP unless given
  std::optional<Port> port;  // number or name
  std::optional<int> end_port;
  schema::Extra extra;
  bool operator==(const KubernetesPort&) const = default;
};
struct KubernetesIngress {
  std::vector<KubernetesPort> ports;
  std::vector<KubernetesPeer> from;
  schema::Extra extra;
  bool operator==(const KubernetesIngress&) const = default;
};
struct KubernetesEgress {
  std::vector<KubernetesPort> ports;
  std::vector<KubernetesPeer> to;
  schema::Extra extra;
  bool operator==(const KubernetesEgress&) const = default;
};

struct StagedKubernetesNetworkPolicySpec {
  StagedAction staged_action = StagedAction::set;
  LabelSelector pod_selector;  // always written
  std::vector<KubernetesIngress> ingress;
  std::vector<KubernetesEgress> egress;
  std::vector<std::string> policy_types;  // Ingress, Egress
  schema::Extra extra;
  bool operator==(const StagedKubernetesNetworkPolicySpec&) const = default;
};

/// A Kubernetes NetworkPolicy that is not in force yet.
struct StagedKubernetesNetworkPolicy {
  Metadata metadata;
  StagedKubernetesNetworkPolicySpec spec;
  schema::Extra extra;
  auto key() const { return std::pair(metadata.namespace_, metadata.name); }
  bool operator==(const StagedKubernetesNetworkPolicy&) const = default;
};

}  // namespace weft::api
