#pragma once

#include <cstdint>
#include <optional>

#include "plan/endpoint.h"
#include "plan/network.h"
#include "plan/policy.h"
#include "plan/settings.h"
#include "table/delta.h"
#include "table/passage.h"

namespace weft::plan {

/// Addresses of all nodes of the cluster, for NAT exclusions.
struct HostAddress {
  net::Ip ip;
  auto key() const { return ip; }
  bool operator==(const HostAddress&) const = default;
};

/// What changed in the plan: from the graph to the dataplane. Two merge into one. Nothing is sent before the graph's
/// input is in sync, so the first one is complete.
struct Changes {
  table::Delta<Endpoint> endpoints;
  table::Delta<Endpoint> shadowed;  // local, but another one has their interface
  table::Delta<HostEndpoint> host_endpoints;
  table::Delta<Route> routes;
  table::Delta<Policy> policies;
  table::Delta<Profile> profiles;
  table::Delta<Set> sets;
  table::Delta<SetMember> members;
  table::Delta<Pool> pools;
  table::Delta<HostAddress> hosts;
  table::Delta<ClusterRoute> cluster_routes;
  table::Delta<Vtep> vteps;
  table::Delta<WireguardPeer> wireguard;
  std::optional<Encapsulation> encapsulation;
  table::Delta<Unsupported> unsupported;
  std::optional<Settings> settings;
  std::int64_t revision = 0;  // of the store
  table::Passage passage;

  void merge(Changes later);
};

}  // namespace weft::plan
