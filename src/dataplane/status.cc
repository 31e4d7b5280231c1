#include "dataplane/status.h"

namespace weft::dataplane {

namespace {

/// Why the endpoint's policy is not in force, empty: it is.
std::string policy_trouble(const plan::Endpoint& endpoint, const Troubles& troubles) {
  if (!troubles.everything.empty()) return troubles.everything;
  const auto find = [&](const std::string& object) -> std::string {
    const auto it = troubles.objects.find(object);
    return it == troubles.objects.end() ? "" : object + ": " + it->second;
  };
  // Names as Ruleset gives them.
  if (auto found = find("WorkloadEndpoint " + to_string(endpoint.id)); !found.empty()) return found;
  for (const auto* tiers : {&endpoint.ingress, &endpoint.egress}) {
    for (const auto& tier : *tiers) {
      if (auto found = find("Tier/" + tier.tier); !found.empty()) return found;
      for (const auto& policy : tier.policies) {
        if (auto found = find(to_string(policy)); !found.empty()) return found;
      }
    }
  }
  for (const auto& profile : endpoint.profiles) {
    if (auto found = find("Profile/" + profile); !found.empty()) return found;
  }
  return "";
}

}  // namespace

EndpointStatus status_of(const plan::Endpoint& endpoint, const kernel::Link* link, const Troubles& troubles) {
  EndpointStatus status{.id = endpoint.id, .interface = endpoint.interface};
  const auto is = [&](EndpointStatus::State state, std::string message) {
    status.state = state;
    status.message = std::move(message);
    return status;
  };
  using enum EndpointStatus::State;
  if (auto why = policy_trouble(endpoint, troubles); !why.empty()) return is(error, std::move(why));
  if (const auto it = troubles.interfaces.find(endpoint.interface); it != troubles.interfaces.end()) {
    return is(error, it->second);
  }
  if (link == nullptr) return is(down, "interface " + endpoint.interface + " is not there");
  if (!link->up) return is(down, "interface " + endpoint.interface + " is down");
  if (troubles.passing.contains(endpoint.interface))
    return is(down, "interface " + endpoint.interface + " is not ready");
  if (!link->running) return is(down, "the other end of interface " + endpoint.interface + " is down");
  return is(up, "");
}

}  // namespace weft::dataplane
