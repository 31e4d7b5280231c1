#include "graph/policies.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "api/codec.h"
#include "base/strings.h"
#include "policy/effective.h"

namespace weft::graph {
namespace {

plan::PolicyId id_of(const std::string& kind, const std::pair<std::string, std::string>& key) {
  return {kind, key.first, key.second};
}
plan::PolicyId id_of(const std::string& kind, const std::string& name) { return {kind, "", name}; }

constexpr std::string_view always_hint = "AssumeNeededOnEveryNode";

/// Rules as JSON of a policy that has nothing else.
std::string pack(const std::vector<api::Rule>& ingress, const std::vector<api::Rule>& egress) {
  api::GlobalNetworkPolicy policy;
  policy.spec.ingress = ingress;
  policy.spec.egress = egress;
  auto text = api::to_json(policy);
  text.shrink_to_fit();
  return text;
}
Result<Rules> compile_packed(const std::string& rules, std::string_view policy_namespace) {
  const auto policy = TRY(api::from_json<api::GlobalNetworkPolicy>(rules));
  return compile(policy.spec.ingress, policy.spec.egress, policy_namespace);
}

std::string owner_of(const plan::PolicyId& id) { return "policy " + plan::to_string(id); }

}  // namespace

// Endpoints.

void Policies::join(Policy& policy, Endpoint& endpoint) {
  policy.endpoints.insert(&endpoint);
  touched_policies_.insert(policy.id);
  touched_endpoints_.insert(endpoint.key);
}
void Policies::leave(Policy& policy, Endpoint& endpoint) {
  policy.endpoints.erase(&endpoint);
  touched_policies_.insert(policy.id);
  touched_endpoints_.insert(endpoint.key);
}
void Policies::matched(LabelIndex::Query& query, LabelIndex::Item& item) {
  join(static_cast<Policy&>(query), static_cast<Endpoint&>(item));
}
void Policies::unmatched(LabelIndex::Query& query, LabelIndex::Item& item) {
  leave(static_cast<Policy&>(query), static_cast<Endpoint&>(item));
}

template <class Resource>
void Policies::on_endpoints(const table::Delta<Resource>& endpoints, bool are_hosts) {
  for (const auto& [name, row] : endpoints.rows) {
    const EndpointKey key = key_of(name);
    const auto it = endpoints_.try_emplace(key).first;
    Endpoint& endpoint = it->second;
    endpoint.key = key;
    endpoint.is_host = are_hosts;
    touched_endpoints_.insert(key);
    const auto before = index_.matches(endpoint);  // a copy: the endpoint may leave its group
    if (row)
      index_.put(endpoint, row->metadata.labels, row->spec.profiles);
    else
      index_.drop(endpoint);
    for (auto* query : before) leave(static_cast<Policy&>(*query), endpoint);
    for (auto* query : index_.matches(endpoint)) join(static_cast<Policy&>(*query), endpoint);
    if (!row) endpoints_.erase(it);
  }
}

void Policies::on(const table::Delta<api::WorkloadEndpoint>& endpoints) { on_endpoints(endpoints, false); }
void Policies::on(const table::Delta<api::HostEndpoint>& endpoints) { on_endpoints(endpoints, true); }

// Tiers and policies.

void Policies::on(const table::Delta<api::Tier>& tiers) {
  table::apply(tiers_, tiers, [&](const std::string&, const api::Tier* before, const api::Tier* after) {
    if (before && after && before->spec.order == after->spec.order &&
        before->spec.default_action == after->spec.default_action)
      return;
    for (const auto& [key, endpoint] : endpoints_) touched_endpoints_.insert(key);
  });
}

void Policies::on(const table::Delta<api::GlobalNetworkPolicy>& policies, const std::string& kind) {
  on_kind(policies, kind);
}
void Policies::on(const table::Delta<api::NetworkPolicy>& policies, const std::string& kind) {
  on_kind(policies, kind);
}

template <class Resource>
void Policies::on_kind(const table::Delta<Resource>& policies, const std::string& kind) {
  if (policies.whole) {
    std::set<plan::PolicyId> gone;
    for (const auto& [id, policy] : policies_) {
      if (id.kind == kind) gone.insert(id);
    }
    for (const auto& [key, row] : policies.rows) gone.erase(id_of(kind, key));
    for (const auto& id : gone) drop(id);
    const auto known = unsupported_.rows();
    for (const auto& [object, row] : known) {
      if (object.starts_with(kind + '/')) unsupported_.drop(object);
    }
  }
  for (const auto& [key, policy] : policies.rows) {
    if (policy)
      put(id_of(kind, key), *policy);
    else
      drop(id_of(kind, key));
  }
}

template <class Resource>
void Policies::put(const plan::PolicyId& id, const Resource& resource) {
  auto selector = policy::selector_of(resource);
  if (!selector) {
    drop(id);
    report(id, fmt::format("{}; the policy is ignored", selector.error().message));
    return;
  }
  const auto& spec = resource.spec;
  const auto has_type = [&](api::PolicyType type) {
    return spec.types.empty() || std::ranges::find(spec.types, type) != spec.types.end();
  };
  Policy policy;
  policy.selector = *std::move(selector);
  policy.id = id;
  policy.tier = spec.tier.empty() ? "default" : spec.tier;
  if (spec.order) policy.order = *spec.order;
  policy.tie = fmt::format("{}/{}/{}", id.name, id.namespace_, id.kind);
  policy.ingress_type = has_type(api::PolicyType::ingress);
  policy.egress_type = has_type(api::PolicyType::egress);
  policy.always = std::ranges::find(spec.performance_hints, always_hint) != spec.performance_hints.end();
  if constexpr (requires { spec.do_not_track; }) {
    policy.untracked = spec.do_not_track;
    policy.pre_dnat = spec.pre_dnat;
    policy.forward = spec.apply_on_forward;
  }
  policy.rules = pack(spec.ingress, spec.egress);
  put(std::move(policy));
}

void Policies::put(Policy policy) {
  const auto it = policies_.find(policy.id);
  if (it == policies_.end() || it->second.selector != policy.selector) {
    const plan::PolicyId id = policy.id;
    drop(id);
    index_.add(policies_.emplace(id, std::move(policy)).first->second);
    touched_policies_.insert(id);
    return;
  }
  Policy& known = it->second;
  known.tier = policy.tier;
  known.order = policy.order;
  known.ingress_type = policy.ingress_type;
  known.egress_type = policy.egress_type;
  known.untracked = policy.untracked;
  known.pre_dnat = policy.pre_dnat;
  known.forward = policy.forward;
  known.always = policy.always;
  known.rules = std::move(policy.rules);
  known.compiled = false;
  touched_policies_.insert(known.id);
  for (const Endpoint* endpoint : known.endpoints) touched_endpoints_.insert(endpoint->key);
}

void Policies::drop(const plan::PolicyId& id) {
  unsupported_.drop(plan::to_string(id));
  const auto it = policies_.find(id);
  if (it == policies_.end()) return;
  index_.remove(it->second);
  policies_.erase(it);
  touched_policies_.insert(id);
}

void Policies::report(const plan::PolicyId& id, std::string reason) {
  if (reason.empty())
    unsupported_.drop(plan::to_string(id));
  else
    unsupported_.put({plan::to_string(id), std::move(reason)});
}

// Answers.

void Policies::settle() {
  for (const auto& id : touched_policies_) {
    const auto it = policies_.find(id);
    if (it != policies_.end() && (it->second.always || !it->second.endpoints.empty())) {
      if (!it->second.compiled) compile_rules(it->second);
      continue;
    }
    if (it != policies_.end()) {
      it->second.compiled = false;
      report(id, {});
    }
    rows_.drop(id);
    needs_.drop(owner_of(id));
  }
  touched_policies_.clear();
  for (const auto& key : touched_endpoints_) {
    const auto it = endpoints_.find(key);
    if (it != endpoints_.end())
      order(it->second);
    else
      lists_.drop(key);
  }
  touched_endpoints_.clear();
}

void Policies::compile_rules(Policy& policy) {
  auto rules = compile_packed(policy.rules, policy.id.namespace_);
  if (policy.broken != !rules) {
    for (const Endpoint* endpoint : policy.endpoints) touched_endpoints_.insert(endpoint->key);
  }
  policy.broken = !rules;
  policy.compiled = true;
  if (!rules) {
    report(policy.id, fmt::format("{}; the policy is ignored", rules.error().message));
    rows_.drop(policy.id);
    needs_.drop(owner_of(policy.id));
    return;
  }
  report(policy.id, weft::join(rules->unsupported, "; "));
  needs_.put({owner_of(policy.id), std::move(rules->sets)});
  rows_.put({policy.id, policy.tier, std::move(rules->ingress), std::move(rules->egress)});
}

/// Inside a tier by the policy's order, none being infinite; ties by name, namespace and kind as one text.
void Policies::order(const Endpoint& endpoint) {
  struct Place {
    const Policy* policy;
    const api::Tier* tier;
    auto key() const {
      return std::tuple_cat(tier_place(policy->tier, tier), std::tuple(policy->order, std::string_view(policy->tie)));
    }
  };
  std::vector<Place> places;
  for (const auto* query : index_.matches(endpoint)) {
    const auto& policy = static_cast<const Policy&>(*query);
    if (policy.broken) continue;
    const auto tier = tiers_.find(policy.tier);
    places.push_back({&policy, tier == tiers_.end() ? nullptr : &tier->second});
  }
  std::ranges::sort(places, {}, &Place::key);

  EndpointPolicies row{endpoint.key, {}, {}, {}, {}};
  const auto append = [](std::vector<plan::TierPolicies>& tiers, const Place& place, bool pass) {
    if (tiers.empty() || tiers.back().tier != place.policy->tier) tiers.push_back({place.policy->tier, pass, {}});
    tiers.back().policies.push_back(place.policy->id);
  };
  const auto put = [&](plan::PolicyLists& lists, const Place& place, bool pass) {
    if (place.policy->ingress_type) append(lists.ingress, place, pass);
    if (place.policy->egress_type) append(lists.egress, place, pass);
  };
  for (const auto& place : places) {
    const Policy& policy = *place.policy;
    const bool pass = place.tier && place.tier->spec.default_action == api::Action::pass;
    if (!policy.untracked && !policy.pre_dnat) put(row.normal, place, pass);
    if (!endpoint.is_host) continue;
    // After the first two come the normal ones, so that their tiers pass what they leave undecided.
    if (policy.untracked)
      put(row.untracked, place, true);
    else if (policy.pre_dnat) {
      if (policy.ingress_type) append(row.pre_dnat.ingress, place, true);
    } else if (policy.forward) {
      put(row.forward, place, pass);
    }
  }
  lists_.put(std::move(row));
}

}  // namespace weft::graph
