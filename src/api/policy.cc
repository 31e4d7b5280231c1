#include "api/policy.h"

#include <algorithm>

#include "api/described.h"
#include "schema/document.h"

namespace weft::api {

std::span<const schema::Named<PolicyType>> names_of(PolicyType) {
  static constexpr schema::Named<PolicyType> names[] = {{PolicyType::ingress, "Ingress"},
                                                        {PolicyType::egress, "Egress"}};
  return names;
}

namespace {

constexpr std::string_view tier_label = "projectcalico.org/tier";
constexpr std::string_view name_annotation = "projectcalico.org/metadata";

std::string tier_of(const auto& policy) { return policy.spec.tier.empty() ? "default" : policy.spec.tier; }

/// The annotation holds the name that the user gave; without it, policies of the default tier were stored under
/// default.<name> by Calico before v3.30 (datamodel 2.2, 4.4).
void apply_stored_name(auto& policy) {
  auto& metadata = policy.metadata;
  const auto annotation = metadata.annotations.find(std::string(name_annotation));
  if (annotation != metadata.annotations.end()) {
    if (const auto value = schema::parse_json(annotation->second)) {
      if (const auto name = value->text("name"); !name.empty()) metadata.name = name;
    }
    metadata.annotations.erase(annotation);
  } else if (tier_of(policy) == "default" && metadata.name.starts_with("default.")) {
    metadata.name.erase(0, std::string_view("default.").size());
  }
  metadata.labels.try_emplace(std::string(tier_label), tier_of(policy));
}

void add_stored_name(auto& policy) {
  policy.metadata.annotations[std::string(name_annotation)] =
      schema::to_json(schema::Object{{"name", policy.metadata.name}});
}

}  // namespace

void after_read(NetworkPolicy& policy) { apply_stored_name(policy); }
void after_read(GlobalNetworkPolicy& policy) { apply_stored_name(policy); }
void before_store(NetworkPolicy& policy) { add_stored_name(policy); }
void before_store(GlobalNetworkPolicy& policy) { add_stored_name(policy); }

}  // namespace weft::api

namespace weft::schema {

using api::GlobalNetworkPolicy, api::GlobalNetworkPolicySpec, api::NetworkPolicy, api::NetworkPolicySpec,
    api::PolicyType;

namespace {

void fill_policy(auto& policy, bool reading) {
  if (reading) return;
  auto& spec = policy.spec;
  if (spec.tier.empty()) spec.tier = "default";
  if (spec.types.empty()) {
    if (!spec.ingress.empty() || spec.egress.empty()) spec.types.push_back(PolicyType::ingress);
    if (!spec.egress.empty()) spec.types.push_back(PolicyType::egress);
  }
  policy.metadata.labels[std::string(api::tier_label)] = spec.tier;
}

void check_policy(const auto& spec, const Report& report) {
  if (spec.types.size() == 2 && spec.types[0] == spec.types[1])
    report("types", name_of(spec.types[0]), "is given twice");
  api::check_directions(spec.ingress, spec.egress, report);
}

bool has_type(const GlobalNetworkPolicySpec& spec, PolicyType type) {
  return std::find(spec.types.begin(), spec.types.end(), type) != spec.types.end();
}

void check_global_policy(const GlobalNetworkPolicySpec& spec, const Report& report) {
  if (spec.pre_dnat && spec.do_not_track) report("preDNAT", true, "may not be given together with doNotTrack");
  if ((spec.pre_dnat || spec.do_not_track) && !spec.apply_on_forward) {
    report("applyOnForward", false, "must be true with preDNAT or doNotTrack");
  }
  if (spec.pre_dnat && (!spec.egress.empty() || has_type(spec, PolicyType::egress))) {
    report("egress", {}, "may not be given with preDNAT");
  }
  const auto check_services = [&](std::string_view path, const std::vector<api::Rule>& rules) {
    for (const api::Rule& rule : rules) {
      for (const auto* side : {&rule.source, &rule.destination}) {
        if (side->services && side->services->namespace_.empty()) {
          report(path, side->services->name, "must name the service's namespace in a global policy");
        }
      }
    }
  };
  check_services("ingress", spec.ingress);
  check_services("egress", spec.egress);
}

template <class T>
Schema describe_policy(std::string_view kind, std::string_view doc, TextRule name_rule, bool namespaced) {
  return describe<T>(kind, doc)
      .resource()
      .field("metadata", &T::metadata, "Name and labels.", always)
      .field("spec", &T::spec, "What it selects and what it allows.", always)
      .extra(&T::extra)
      .fill([](T& policy, bool reading) { fill_policy(policy, reading); })
      .check(api::check_name<T>(name_rule, namespaced))
      .column("NAME", Show::always, api::name_column)
      .column("TIER", Show::always,
              [](const T& p, const Facts&) { return p.spec.tier.empty() ? "default" : p.spec.tier; })
      .column("ORDER", Show::wide, [](const T& p, const Facts&) { return api::order_text(p.spec.order); })
      .column("SELECTOR", Show::wide, [](const T& p, const Facts&) { return p.spec.selector; });
}

}  // namespace

template <>
const Schema& schema_of<NetworkPolicySpec>() {
  using Spec = NetworkPolicySpec;
  static const Schema schema =
      describe<Spec>("NetworkPolicySpec", "What the policy selects and what it allows.")
          .field("tier", &Spec::tier, "Tier that the policy is in.", Format{api::dns_label})
          .field("order", &Spec::order, "Policies of a lower order come first; absent: last.")
          .field("ingress", &Spec::ingress, "Rules for traffic to the workloads.", AtMost{1024})
          .field("egress", &Spec::egress, "Rules for traffic from the workloads.", AtMost{1024})
          .field("selector", &Spec::selector, "Workloads by labels; absent: all of the namespace.",
                 Format{api::selector_without_global}, Length{1024})
          .field("types", &Spec::types, "Directions the policy decides about.", AtMost{2})
          .field("serviceAccountSelector", &Spec::service_account_selector,
                 "Workloads by labels of their service account.", Format{api::selector_without_global}, Length{1024})
          .field("performanceHints", &Spec::performance_hints, "AssumeNeededOnEveryNode.")
          .extra(&Spec::extra)
          .check(check_policy<Spec>);
  return schema;
}

template <>
const Schema& schema_of<GlobalNetworkPolicySpec>() {
  using Spec = GlobalNetworkPolicySpec;
  static const Schema schema =
      describe<Spec>("GlobalNetworkPolicySpec", "What the policy selects and what it allows.")
          .field("tier", &Spec::tier, "Tier that the policy is in.", Format{api::dns_label})
          .field("order", &Spec::order, "Policies of a lower order come first; absent: last.")
          .field("ingress", &Spec::ingress, "Rules for traffic to the endpoints.", AtMost{1024})
          .field("egress", &Spec::egress, "Rules for traffic from the endpoints.", AtMost{1024})
          .field("selector", &Spec::selector, "Endpoints by labels; absent: all.", Format{api::selector_without_global},
                 Length{1024})
          .field("types", &Spec::types, "Directions the policy decides about.", AtMost{2})
          .field("doNotTrack", &Spec::do_not_track, "Rules of host endpoints before connection tracking.")
          .field("preDNAT", &Spec::pre_dnat, "Rules of host endpoints before DNAT.")
          .field("applyOnForward", &Spec::apply_on_forward,
                 "Whether forwarded traffic of host endpoints is decided too.")
          .field("serviceAccountSelector", &Spec::service_account_selector,
                 "Workloads by labels of their service account.", Format{api::selector_without_global}, Length{1024})
          .field("namespaceSelector", &Spec::namespace_selector, "Workloads by labels of their namespace.",
                 Format{api::selector_without_global}, Length{1024})
          .field("performanceHints", &Spec::performance_hints, "AssumeNeededOnEveryNode.")
          .extra(&Spec::extra)
          .check(check_policy<Spec>)
          .check(check_global_policy);
  return schema;
}

template <>
const Schema& schema_of<NetworkPolicy>() {
  static const Schema schema = describe_policy<NetworkPolicy>(
      "NetworkPolicy", "Policy for the workloads of one namespace.", api::policy_name, true);
  return schema;
}

template <>
const Schema& schema_of<GlobalNetworkPolicy>() {
  static const Schema schema = describe_policy<GlobalNetworkPolicy>(
      "GlobalNetworkPolicy", "Policy for workloads of all namespaces and for host endpoints.", api::global_policy_name,
      false);
  return schema;
}

}  // namespace weft::schema
