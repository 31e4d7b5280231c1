#pragma once

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/policy.h"
#include "api/profile.h"
#include "api/tier.h"
#include "api/workload_endpoint.h"
#include "graph/labels.h"
#include "graph/output.h"
#include "graph/rules.h"
#include "plan/endpoint.h"

namespace weft::graph {

/// The policies of one local endpoint, in the order in which they are asked.
struct EndpointPolicies {
  table::KeyOf<api::WorkloadEndpoint> endpoint;
  std::vector<plan::TierPolicies> ingress;
  std::vector<plan::TierPolicies> egress;
  const auto& key() const { return endpoint; }
  bool operator==(const EndpointPolicies&) const = default;
};

/// Policies, tiers and local endpoints -> which policies apply to which endpoint in which order (datamodel 5.5), and
/// the rules of those that apply to any. A policy that cannot be understood counts as absent and is reported.
class Policies : private LabelIndex::Listener {
 public:
  void on(const table::Delta<api::WorkloadEndpoint>& endpoints);
  void on(const table::Delta<api::Profile>& profiles) { index_.on(profiles); }
  void on(const table::Delta<api::Tier>& tiers);
  void on(const table::Delta<api::GlobalNetworkPolicy>& policies);
  void on(const table::Delta<api::NetworkPolicy>& policies);
  /// Works out what the deltas since the last call amount to; before the answers are taken.
  void settle();

  table::Delta<plan::Policy> policies() { return rows_.take(); }
  table::Delta<Needs> needs() { return needs_.take(); }
  table::Delta<EndpointPolicies> endpoints() { return lists_.take(); }
  table::Delta<plan::Unsupported> unsupported() { return unsupported_.take(); }

  std::size_t count() const { return policies_.size(); }

 private:
  using EndpointKey = table::KeyOf<api::WorkloadEndpoint>;
  struct Endpoint : LabelIndex::Item {
    EndpointKey key;
  };
  /// A policy of either kind, as far as it matters here.
  struct Policy : LabelIndex::Query {
    plan::PolicyId id;
    std::string tier;
    double order = std::numeric_limits<double>::infinity();
    std::string tie;  // "name/namespace/kind": orders policies of equal order
    bool ingress_type = true;
    bool egress_type = true;
    std::vector<api::Rule> ingress;
    std::vector<api::Rule> egress;

    std::set<Endpoint*> endpoints;  // that it selects
    bool compiled = false;          // its rules are what is in the answer
    bool broken = false;            // they have no clear meaning
  };

  void matched(LabelIndex::Query& query, LabelIndex::Item& item) override;
  void unmatched(LabelIndex::Query& query, LabelIndex::Item& item) override;
  void join(Policy& policy, Endpoint& endpoint);
  void leave(Policy& policy, Endpoint& endpoint);

  template <class Resource>
  void put(const plan::PolicyId& id, const Resource& policy);
  void put(Policy policy);
  void drop(const plan::PolicyId& id);
  template <class Resource>
  void on_kind(const table::Delta<Resource>& policies, const std::string& kind);

  void compile_rules(Policy& policy);
  void order(const Endpoint& endpoint);
  void report(const plan::PolicyId& id, std::string reason);  // empty: all is well

  LabelIndex index_{*this};
  std::map<EndpointKey, Endpoint> endpoints_;
  std::map<plan::PolicyId, Policy> policies_;
  std::map<std::string, api::Tier> tiers_;
  std::set<plan::PolicyId> touched_policies_;
  std::set<EndpointKey> touched_endpoints_;

  Output<plan::Policy> rows_;
  Output<Needs> needs_;
  Output<EndpointPolicies> lists_;
  Output<plan::Unsupported> unsupported_;
};

}  // namespace weft::graph
