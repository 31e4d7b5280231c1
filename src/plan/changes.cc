#include "plan/changes.h"

#include <fmt/core.h>

#include <algorithm>

namespace weft::plan {

void Changes::merge(Changes later) {
  endpoints.merge(std::move(later.endpoints));
  shadowed.merge(std::move(later.shadowed));
  host_endpoints.merge(std::move(later.host_endpoints));
  routes.merge(std::move(later.routes));
  policies.merge(std::move(later.policies));
  profiles.merge(std::move(later.profiles));
  sets.merge(std::move(later.sets));
  members.merge(std::move(later.members));
  pools.merge(std::move(later.pools));
  hosts.merge(std::move(later.hosts));
  cluster_routes.merge(std::move(later.cluster_routes));
  vteps.merge(std::move(later.vteps));
  wireguard.merge(std::move(later.wireguard));
  if (later.encapsulation) encapsulation = later.encapsulation;
  unsupported.merge(std::move(later.unsupported));
  if (later.settings) settings = std::move(later.settings);
  if (later.revision != 0) revision = later.revision;  // a store restored from older data goes back
  passage.merge(later.passage);
}

std::string to_string(const PolicyId& id) { return id.kind + '/' + id.namespace_ + '/' + id.name; }
std::string to_string(const EndpointId& id) { return id.orchestrator + ' ' + id.workload + ' ' + id.endpoint; }

std::string to_string(const Member& member) {
  if (const auto* cidr = std::get_if<net::Cidr>(&member)) return net::to_string(*cidr);
  const auto& port = std::get<IpPort>(member);
  std::string protocol = net::to_string(port.protocol);
  std::ranges::transform(protocol, protocol.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return fmt::format("{},{}:{}", net::to_string(port.ip), protocol, port.port);
}

}  // namespace weft::plan
