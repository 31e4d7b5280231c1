#pragma once

#include <string>
#include <utility>

#include "api/policy.h"

namespace weft::api {

enum class StagedAction { set, remove, learn, ignore };  // Set, Delete, Learn, Ignore

/// A NetworkPolicySpec to be, with what is to be done.
struct StagedNetworkPolicySpec {
  StagedAction staged_action = StagedAction::set;
  std::string tier;
  std::optional<double> order;
  std::vector<Rule> ingress;
  std::vector<Rule> egress;
  std::string selector;
  std::vector<PolicyType> types;
  std::string service_account_selector;
  std::vector<std::string> performance_hints;
  schema::Extra extra;
  bool operator==(const StagedNetworkPolicySpec&) const = default;
};

/// A NetworkPolicy that is not in force yet: for trying.
struct StagedNetworkPolicy {
  Metadata metadata;
  StagedNetworkPolicySpec spec;
  schema::Extra extra;
  auto key() const { return std::pair(metadata.namespace_, metadata.name); }
  bool operator==(const StagedNetworkPolicy&) const = default;
};

struct StagedGlobalNetworkPolicySpec {
  StagedAction staged_action = StagedAction::set;
  std::string tier;
  std::optional<double> order;
  std::vector<Rule> ingress;
  std::vector<Rule> egress;
  std::string selector;
  std::vector<PolicyType> types;
  bool do_not_track = false;
  bool pre_dnat = false;
  bool apply_on_forward = false;
  std::string service_account_selector;
  std::string namespace_selector;
  std::vector<std::string> performance_hints;
  schema::Extra extra;
  bool operator==(const StagedGlobalNetworkPolicySpec&) const = default;
};

/// A GlobalNetworkPolicy that is not in force yet.
struct StagedGlobalNetworkPolicy {
  Metadata metadata;
  StagedGlobalNetworkPolicySpec spec;
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const StagedGlobalNetworkPolicy&) const = default;
};

/// The policy that it would become.
NetworkPolicy enforced(const StagedNetworkPolicy& staged);
GlobalNetworkPolicy enforced(const StagedGlobalNetworkPolicy& staged);

}  // namespace weft::api
