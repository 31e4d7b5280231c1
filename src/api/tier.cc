#include "api/tier.h"

#include <fmt/core.h>

#include "api/described.h"

namespace weft::schema {

using api::Action, api::Tier, api::TierSpec;

template <>
const Schema& schema_of<TierSpec>() {
  static const Schema schema =
      describe<TierSpec>("TierSpec", "Where the tier stands and what it does when no rule decides.")
          .field("order", &TierSpec::order, "Tiers of a lower order come first.", Default{1000000})
          .field("defaultAction", &TierSpec::default_action,
                 "What happens when no rule of the tier's policies decides.", OneOf{{"Deny", "Pass"}}, Default{"Deny"})
          .extra(&TierSpec::extra);
  return schema;
}

namespace {

struct BuiltIn {
  std::string_view name;
  double order;
  Action action;
};
constexpr BuiltIn built_in[] = {
    {"default", 1000000, Action::deny}, {"kube-admin", 1000, Action::pass}, {"kube-baseline", 10000000, Action::pass}};

void check_built_in(const Tier& tier, const Report& report) {
  for (const auto& [name, order, action] : built_in) {
    if (tier.metadata.name != name) continue;
    if (tier.spec.order && *tier.spec.order != order) {
      report("spec.order", *tier.spec.order, fmt::format("{} tier order must be {}", name, order));
    }
    if (tier.spec.default_action && *tier.spec.default_action != action) {
      report("spec.defaultAction", name_of(*tier.spec.default_action),
             fmt::format("The '{}' tier must have default action '{}'", name, name_of(action)));
    }
  }
}

}  // namespace

template <>
const Schema& schema_of<Tier>() {
  static const Schema schema =
      describe<Tier>("Tier", "A group of policies evaluated together.")
          .resource("tiers")
          .example(R"(metadata:
  name: security
spec:
  order: 100
  defaultAction: Pass
)")
          .field("metadata", &Tier::metadata, "Name and labels.", always)
          .field("spec", &Tier::spec, "Where it stands.", always)
          .json_field("status", &Tier::status, "What controllers say about the tier.", always)
          .extra(&Tier::extra)
          .fill([](Tier& tier, bool) {
            if (tier.status == "{}") tier.status.clear();
          })
          .check(api::check_name<Tier>(api::dns_label, false))
          .check(check_built_in, {{"spec", "default, kube-admin and kube-baseline have order and action of their own"}})
          .column("NAME", Show::always, api::name_column)
          .column("ORDER", Show::always, [](const Tier& t, const Facts&) { return api::order_text(t.spec.order); });
  return schema;
}

}  // namespace weft::schema
