#pragma once

#include <map>
#include <string>

#include "api/changes.h"
#include "api/kinds.h"

namespace weft::policy {

/// The resources that decide what happens to a packet, as they are stored.
struct Cluster {
  template <class Resource>
  using Table = std::map<table::KeyOf<Resource>, Resource>;

  Table<api::Node> nodes;
  Table<api::IpPool> pools;
  Table<api::Tier> tiers;
  Table<api::GlobalNetworkPolicy> global_policies;
  Table<api::NetworkPolicy> policies;
  Table<api::GlobalNetworkSet> global_network_sets;
  Table<api::NetworkSet> network_sets;
  Table<api::Profile> profiles;
  Table<api::WorkloadEndpoint> endpoints;
  Table<api::HostEndpoint> host_endpoints;  // for rules that select them as peers
  Table<api::FelixConfiguration> felix_configurations;

  /// Calls `use` with each table.
  template <class Self, class Use>
  static void each(Self& self, Use&& use) {
    use(self.nodes), use(self.pools), use(self.tiers), use(self.global_policies), use(self.policies);
    use(self.global_network_sets), use(self.network_sets), use(self.profiles), use(self.endpoints);
    use(self.host_endpoints), use(self.felix_configurations);
  }

  /// Adds or replaces. A kind that decides nothing is left out.
  void put(const api::Object& object);
  void drop(const api::Object& object);

  bool operator==(const Cluster&) const = default;
};

/// The kinds that a cluster holds.
bool decides(const api::Kind& kind);

/// Everything as one delta, as the store gives it at first; nothing is in sync yet.
api::Changes changes_of(const Cluster& cluster);

/// Settings of a node's agent that shape verdicts: from its FelixConfigurations (datamodel 8.1), without its
/// environment, which the store does not know.
struct Settings {
  bool spoofing_allowed = false;          // WorkloadSourceSpoofing=Any
  bool invalid_check = true;              // not DisableConntrackInvalidCheck
  bool nat_excludes_hosts = false;        // NATOutgoingExclusions=IPPoolsAndHostIPs
  bool vxlan_from_workloads = false;      // AllowVXLANPacketsFromWorkloads
  bool ipip_from_workloads = false;       // AllowIPIPPacketsFromWorkloads
  int vxlan_port = 4789;                  // VXLANPort
  std::string endpoint_to_host = "DROP";  // DefaultEndpointToHostAction: DROP, ACCEPT, RETURN
  bool operator==(const Settings&) const = default;
};
Settings settings_of(const Cluster& cluster, const std::string& node);

}  // namespace weft::policy
