#include "api/staged_policy.h"

#include "api/policy_description.h"

namespace weft::api {

std::span<const schema::Named<StagedAction>> names_of(StagedAction) {
  static constexpr schema::Named<StagedAction> names[] = {{StagedAction::set, "Set"},
                                                          {StagedAction::remove, "Delete"},
                                                          {StagedAction::learn, "Learn"},
                                                          {StagedAction::ignore, "Ignore"}};
  return names;
}

void after_read(StagedNetworkPolicy& policy) { apply_stored_name(policy); }
void after_read(StagedGlobalNetworkPolicy& policy) { apply_stored_name(policy); }
void before_store(StagedNetworkPolicy& policy) { add_stored_name(policy); }
void before_store(StagedGlobalNetworkPolicy& policy) { add_stored_name(policy); }

NetworkPolicy enforced(const StagedNetworkPolicy& staged) {
  const auto& spec = staged.spec;
  return {.metadata = staged.metadata,
          .spec = {.tier = spec.tier,
                   .order = spec.order,
                   .ingress = spec.ingress,
                   .egress = spec.egress,
                   .selector = spec.selector,
                   .types = spec.types,
                   .service_account_selector = spec.service_account_selector,
                   .performance_hints = spec.performance_hints,
                   .extra = spec.extra},
          .extra = staged.extra};
}

GlobalNetworkPolicy enforced(const StagedGlobalNetworkPolicy& staged) {
  const auto& spec = staged.spec;
  return {.metadata = staged.metadata,
          .spec = {.tier = spec.tier,
                   .order = spec.order,
                   .ingress = spec.ingress,
                   .egress = spec.egress,
                   .selector = spec.selector,
                   .types = spec.types,
                   .do_not_track = spec.do_not_track,
                   .pre_dnat = spec.pre_dnat,
                   .apply_on_forward = spec.apply_on_forward,
                   .service_account_selector = spec.service_account_selector,
                   .namespace_selector = spec.namespace_selector,
                   .performance_hints = spec.performance_hints,
                   .extra = spec.extra},
          .extra = staged.extra};
}

}  // namespace weft::api

namespace weft::schema {

using api::StagedAction, api::StagedGlobalNetworkPolicy, api::StagedGlobalNetworkPolicySpec, api::StagedNetworkPolicy,
    api::StagedNetworkPolicySpec;

namespace {

/// What is removed is described by its name alone.
template <class T>
Schema staged(Describe<T> policy) {
  using Spec = decltype(T::spec);
  return policy
      .fill([](T& object, bool reading) {
        if (!reading && object.spec.staged_action == StagedAction::remove) object.spec.types.clear();
      })
      .rule("spec.stagedAction", "Spec fields, except Tier, should all be zero-value if stagedAction is Delete",
            [](const T& object) {
              Spec empty;
              empty.staged_action = StagedAction::remove;
              empty.tier = object.spec.tier;
              empty.extra = object.spec.extra;
              return object.spec.staged_action == StagedAction::remove && object.spec != empty;
            });
}

}  // namespace

template <>
const Schema& schema_of<StagedNetworkPolicySpec>() {
  static const Schema schema = describe_policy_spec<StagedNetworkPolicySpec>("StagedNetworkPolicySpec");
  return schema;
}

template <>
const Schema& schema_of<StagedGlobalNetworkPolicySpec>() {
  static const Schema schema = describe_policy_spec<StagedGlobalNetworkPolicySpec>("StagedGlobalNetworkPolicySpec");
  return schema;
}

template <>
const Schema& schema_of<StagedNetworkPolicy>() {
  static const Schema schema =
      staged(describe_policy<StagedNetworkPolicy>(
                 "StagedNetworkPolicy", "A NetworkPolicy that is not in force yet.", "stagednetworkpolicies",
                 {"snp", "stagedpolicy", "stagedpolicies", "spol", "spols"}, api::policy_name)
                 .example(R"(metadata:
  name: allow-web
  namespace: shop
spec:
  stagedAction: Set
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
)"));
  return schema;
}

template <>
const Schema& schema_of<StagedGlobalNetworkPolicy>() {
  static const Schema schema =
      staged(describe_policy<StagedGlobalNetworkPolicy>(
                 "StagedGlobalNetworkPolicy", "A GlobalNetworkPolicy that is not in force yet.",
                 "stagedglobalnetworkpolicies", {"sgnp", "sgnps"}, api::global_policy_name)
                 .example(R"(metadata:
  name: partners-only
spec:
  stagedAction: Set
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
)"));
  return schema;
}

}  // namespace weft::schema
