#pragma once

// For the descriptions of the policies, enforced and staged: what they share.

#include <algorithm>

#include "api/described.h"
#include "schema/document.h"

namespace weft::api {

inline constexpr std::string_view tier_label = "projectcalico.org/tier";
inline constexpr std::string_view name_annotation = "projectcalico.org/metadata";

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

}  // namespace weft::api

namespace weft::schema {

/// Tier, types and label of the tier, as a write fills them in.
void fill_policy(auto& policy, bool reading) {
  if (reading) return;
  auto& spec = policy.spec;
  if (spec.tier.empty()) spec.tier = "default";
  if (spec.types.empty()) {
    if (!spec.ingress.empty() || spec.egress.empty()) spec.types.push_back(api::PolicyType::ingress);
    if (!spec.egress.empty()) spec.types.push_back(api::PolicyType::egress);
  }
  policy.metadata.labels[std::string(api::tier_label)] = spec.tier;
}

/// Of a policy for the whole cluster.
template <class Spec>
inline constexpr bool is_global = requires(Spec spec) { spec.pre_dnat; };

template <class Spec>
void check_service_namespaces(const Spec& spec, const Report& report) {
  const auto look = [&](std::string_view path, const std::vector<api::Rule>& rules, const auto side) {
    for (const api::Rule& rule : rules) {
      const auto& services = (rule.*side).services;
      if (services && services->namespace_.empty()) report(path, services->name, "must specify a namespace");
    }
  };
  look("ingress", spec.ingress, &api::Rule::source);
  look("egress", spec.egress, &api::Rule::destination);
}

template <class Spec>
void describe_global_rules(Describe<Spec>& spec) {
  const auto has_egress = [](const Spec& s) {
    return std::find(s.types.begin(), s.types.end(), api::PolicyType::egress) != s.types.end();
  };
  spec.rule("preDNAT", "preDNAT and doNotTrack cannot both be true",
            [](const Spec& s) { return s.pre_dnat && s.do_not_track; })
      .rule("egress", "preDNAT policy cannot have any egress rules",
            [](const Spec& s) { return s.pre_dnat && !s.egress.empty(); })
      .rule("types", "preDNAT policy cannot have 'Egress' type",
            [has_egress](const Spec& s) { return s.pre_dnat && has_egress(s); })
      .rule("applyOnForward", "applyOnForward must be true if either preDNAT or doNotTrack is true",
            [](const Spec& s) { return (s.pre_dnat || s.do_not_track) && !s.apply_on_forward; })
      .check(check_service_namespaces<Spec>, {{"ingress", "services of a global policy must specify a namespace"}});
}

/// The fields of a policy's spec, in the order in which they are written. Enforced and staged policies have the same
/// but for what is to be done with a staged one.
template <class Spec>
Schema describe_policy_spec(std::string_view kind) {
  auto spec = describe<Spec>(kind, "What the policy selects and what it allows.");
  if constexpr (requires(Spec s) { s.staged_action; })
    spec.field("stagedAction", &Spec::staged_action, "What is to be done with the policy.", always);
  spec.field("tier", &Spec::tier, "Tier that the policy is in; default unless given.", Format{api::dns_subdomain})
      .field("order", &Spec::order, "Policies of a lower order come first; absent: last.")
      .field("ingress", &Spec::ingress, "Rules for traffic to the endpoints.", AtMost{1024})
      .field("egress", &Spec::egress, "Rules for traffic from the endpoints.", AtMost{1024})
      .field("selector", &Spec::selector, "Endpoints by labels; absent: all, within the namespace if it has one.",
             Format{api::selector_without_global}, Length{1024})
      .field("types", &Spec::types, "Directions the policy decides about; those it has rules for unless given.",
             AtMost{2}, unique);
  if constexpr (is_global<Spec>) {
    spec.field("doNotTrack", &Spec::do_not_track, "Rules of host endpoints before connection tracking.")
        .field("preDNAT", &Spec::pre_dnat, "Rules of host endpoints before DNAT.")
        .field("applyOnForward", &Spec::apply_on_forward,
               "Whether forwarded traffic of host endpoints is decided too.");
  }
  spec.field("serviceAccountSelector", &Spec::service_account_selector, "Workloads by labels of their service account.",
             Format{api::selector_without_global}, Length{1024});
  if constexpr (is_global<Spec>) {
    spec.field("namespaceSelector", &Spec::namespace_selector, "Workloads by labels of their namespace.",
               Format{api::selector_without_global}, Length{1024});
  }
  spec.field("performanceHints", &Spec::performance_hints, "What the agents may do to be quicker.",
             OneOf{{"AssumeNeededOnEveryNode"}}, unique)
      .extra(&Spec::extra)
      .check([](const Spec& s, const Report& report) { api::check_directions(s.ingress, s.egress, report); },
             {{"ingress", "services not allowed in ingress rule destination"},
              {"egress", "services not allowed in egress rule source"},
              {"egress", "http not allowed in egress rules"}});
  if constexpr (is_global<Spec>) describe_global_rules(spec);
  return spec;
}

template <class T>
Describe<T> describe_policy(std::string_view kind, std::string_view doc, std::string_view plural,
                            std::vector<std::string_view> aliases, const TextRule& name_rule) {
  auto policy = describe<T>(kind, doc);
  policy.resource(plural, std::move(aliases))
      .field("metadata", &T::metadata, "Name and labels.", always)
      .field("spec", &T::spec, "What it selects and what it allows.", always)
      .extra(&T::extra)
      .fill([](T& object, bool reading) { fill_policy(object, reading); })
      .check(api::check_name<T>(name_rule, !std::is_same_v<decltype(T{}.key()), std::string>))
      .column("NAME", Show::always, api::name_column)
      .column("TIER", Show::always, [](const T& p, const Facts&) { return api::tier_of(p); })
      .column("ORDER", Show::wide, [](const T& p, const Facts&) { return api::order_text(p.spec.order); })
      .column("SELECTOR", Show::wide, [](const T& p, const Facts&) { return p.spec.selector; });
  return policy;
}

}  // namespace weft::schema
