#include "api/policy.h"

#include "api/policy_description.h"

namespace weft::api {

std::span<const schema::Named<PolicyType>> names_of(PolicyType) {
  static constexpr schema::Named<PolicyType> names[] = {{PolicyType::ingress, "Ingress"},
                                                        {PolicyType::egress, "Egress"}};
  return names;
}

void after_read(NetworkPolicy& policy) { apply_stored_name(policy); }
void after_read(GlobalNetworkPolicy& policy) { apply_stored_name(policy); }
void before_store(NetworkPolicy& policy) { add_stored_name(policy); }
void before_store(GlobalNetworkPolicy& policy) { add_stored_name(policy); }

}  // namespace weft::api

namespace weft::schema {

using api::GlobalNetworkPolicy, api::GlobalNetworkPolicySpec, api::NetworkPolicy, api::NetworkPolicySpec;

template <>
const Schema& schema_of<NetworkPolicySpec>() {
  static const Schema schema = describe_policy_spec<NetworkPolicySpec>("NetworkPolicySpec");
  return schema;
}

template <>
const Schema& schema_of<GlobalNetworkPolicySpec>() {
  static const Schema schema = describe_policy_spec<GlobalNetworkPolicySpec>("GlobalNetworkPolicySpec");
  return schema;
}

template <>
const Schema& schema_of<NetworkPolicy>() {
  static const Schema schema =
      describe_policy<NetworkPolicy>("NetworkPolicy", "Policy for the workloads of one namespace.", "networkpolicies",
                                     {"np", "nps", "policy", "policies", "pol", "pols"}, api::policy_name)
          .example(R"(metadata:
  name: allow-web
  namespace: shop
spec:
  selector: app == 'db'
  types: [Ingress]
  ingress:
    - action: Allow
      protocol: TCP
      source:
        selector: app == 'web'
      destination:
        ports: [5432]
    - action: Deny
)");
  return schema;
}

template <>
const Schema& schema_of<GlobalNetworkPolicy>() {
  static const Schema schema =
      describe_policy<GlobalNetworkPolicy>("GlobalNetworkPolicy",
                                           "Policy for workloads of all namespaces and for host endpoints.",
                                           "globalnetworkpolicies", {"gnp", "gnps"}, api::global_policy_name)
          .example(R"(metadata:
  name: partners-only
spec:
  tier: default
  order: 100
  selector: has(role)
  types: [Egress]
  egress:
    - action: Allow
      destination:
        selector: role == 'partner'
    - action: Log
    - action: Deny
)");
  return schema;
}

}  // namespace weft::schema
