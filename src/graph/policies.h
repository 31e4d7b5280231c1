#pragma once

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "api/host_endpoint.h"
#include "api/policy.h"
#include "api/profile.h"
#include "api/tier.h"
#include "api/workload_endpoint.h"
#include "graph/labels.h"
#include "graph/output.h"
#include "graph/rules.h"
#include "plan/endpoint.h"

namespace weft::graph {

/// The key of a local endpoint: that of a workload, or no namespace and the name of a host endpoint.
using EndpointKey = table::KeyOf<api::WorkloadEndpoint>;
// NOLINTNEXTLINE(bugprone-return-const-ref-from-parameter): callers keep what they ask of
inline const EndpointKey& key_of(const EndpointKey& key) { return key; }
inline EndpointKey key_of(const std::string& host_endpoint) { return {"", host_endpoint}; }

/// The policies of one local endpoint, in the order in which they are asked. Only host endpoints have other than
/// normal ones.
struct EndpointPolicies {
  EndpointKey endpoint;
  plan::PolicyLists normal;
  plan::PolicyLists untracked;
  plan::PolicyLists pre_dnat;
  plan::PolicyLists forward;
  const auto& key() const { return endpoint; }
  bool operator==(const EndpointPolicies&) const = default;
};

/// Orders tiers: those that exist come first, by order, those without one last; then tiers that policies only mention;
/// ties by name.
inline auto tier_place(const std::string& name, const api::Tier* tier) {
  const bool ordered = tier && tier->spec.order;
  return std::tuple(!tier, !ordered, ordered ? *tier->spec.order : 0.0, std::string_view(name));
}

/// Policies, tiers and local endpoints -> which policies apply to which endpoint in which order (datamodel 5.5), and
/// the rules of those that apply to any. A policy that cannot be understood counts as absent and is reported.
class Policies : private LabelIndex::Listener {
 public:
  void on(const table::Delta<api::WorkloadEndpoint>& endpoints);
  void on(const table::Delta<api::HostEndpoint>& endpoints);
  void on(const table::Delta<api::Profile>& profiles) { index_.on(profiles); }
  void on(const table::Delta<api::Tier>& tiers);
  /// @param kind  of the resources that they come from: a staged kind, or their own
  void on(const table::Delta<api::GlobalNetworkPolicy>& policies, const std::string& kind = "GlobalNetworkPolicy");
  void on(const table::Delta<api::NetworkPolicy>& policies, const std::string& kind = "NetworkPolicy");
  /// Works out what the deltas since the last call amount to; before the answers are taken.
  void settle();

  table::Delta<plan::Policy> policies() { return rows_.take(); }
  table::Delta<Needs> needs() { return needs_.take(); }
  table::Delta<EndpointPolicies> endpoints() { return lists_.take(); }
  table::Delta<plan::Unsupported> unsupported() { return unsupported_.take(); }

  std::size_t count() const { return policies_.size(); }
  std::size_t active() const { return rows_.rows().size(); }

 private:
  struct Endpoint : LabelIndex::Item {
    EndpointKey key;
    bool is_host = false;
  };
  /// A policy of either kind, as far as it matters here.
  struct Policy : LabelIndex::Query {
    plan::PolicyId id;
    std::string tier;
    double order = std::numeric_limits<double>::infinity();
    std::string tie;  // "name/namespace/kind": orders policies of equal order
    bool ingress_type = true;
    bool egress_type = true;
    bool untracked = false;
    bool pre_dnat = false;
    bool forward = false;
    bool always = false;  // its rules are wanted even where it selects nobody
    std::string rules;    // packed: a tenth of the memory, and most policies of a cluster apply to nobody here

    std::set<Endpoint*> endpoints;  // that it selects
    bool compiled = false;          // its rules are what is in the answer
    bool broken = false;            // they have no clear meaning
  };

  void matched(LabelIndex::Query& query, LabelIndex::Item& item) override;
  void unmatched(LabelIndex::Query& query, LabelIndex::Item& item) override;
  template <class Resource>
  void on_endpoints(const table::Delta<Resource>& endpoints, bool are_hosts);
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
