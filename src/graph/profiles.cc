#include "graph/profiles.h"

#include <fmt/core.h>

#include <utility>

#include "base/strings.h"

namespace weft::graph {
namespace {

constexpr std::string_view default_allow = "projectcalico-default-allow";

plan::Rule everything(plan::Action action) {
  plan::Rule rule;
  rule.action = action;
  return rule;
}

}  // namespace

void Profiles::on(const table::Delta<api::Profile>& profiles) {
  table::apply(
      profiles_, profiles, [&](const std::string& name, const api::Profile* before, const api::Profile* after) {
        if (before && after && before->spec.ingress == after->spec.ingress && before->spec.egress == after->spec.egress)
          return;
        touched_.insert(name);
      });
}

template <class Resource>
void Profiles::on_endpoints(const table::Delta<Resource>& endpoints) {
  for (const auto& [name, endpoint] : endpoints.rows) {
    const EndpointKey key = key_of(name);
    const auto old = std::exchange(lists_[key], endpoint ? endpoint->spec.profiles : std::vector<std::string>());
    for (const auto& name : old) {
      users_[name].erase(key);
      touched_.insert(name);
    }
    for (const auto& name : lists_[key]) {
      users_[name].insert(key);
      touched_.insert(name);
    }
    if (!endpoint) lists_.erase(key);
  }
}

void Profiles::on(const table::Delta<api::WorkloadEndpoint>& endpoints) { on_endpoints(endpoints); }
void Profiles::on(const table::Delta<api::HostEndpoint>& endpoints) { on_endpoints(endpoints); }

Result<Rules> Profiles::rules_of(const std::string& name) const {
  Rules rules;
  if (name == default_allow) {
    rules.ingress = rules.egress = {everything(plan::Action::allow)};
    return rules;
  }
  const auto it = profiles_.find(name);
  if (it != profiles_.end()) return compile(it->second.spec.ingress, it->second.spec.egress, "");
  rules.ingress = rules.egress = {everything(plan::Action::deny)};
  return rules;
}

void Profiles::settle() {
  for (const auto& name : std::exchange(touched_, {})) {
    const std::string owner = "profile " + name;
    const std::string object = "Profile " + name;
    if (const auto users = users_.find(name); users == users_.end() || users->second.empty()) {
      users_.erase(name);
      rows_.drop(name);
      needs_.drop(owner);
      unsupported_.drop(object);
      continue;
    }
    auto rules = rules_of(name);
    std::string reason;
    if (!rules) {
      reason = fmt::format("{}; the profile denies everything", rules.error().message);
      rules = Rules();
      rules->ingress = rules->egress = {everything(plan::Action::deny)};
    } else {
      reason = join(rules->unsupported, "; ");
    }
    if (reason.empty())
      unsupported_.drop(object);
    else
      unsupported_.put({object, std::move(reason)});
    needs_.put({owner, std::move(rules->sets)});
    rows_.put({name, std::move(rules->ingress), std::move(rules->egress)});
  }
}

}  // namespace weft::graph
