#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/metadata.h"
#include "api/types.h"
#include "net/cidr.h"

namespace weft::api {

struct Community {
  std::string name;
  std::string value;
  schema::Extra extra;
  bool operator==(const Community&) const = default;
};
struct PrefixAdvertisement {
  std::string cidr;
  std::vector<std::string> communities;
  schema::Extra extra;
  bool operator==(const PrefixAdvertisement&) const = default;
};
struct ServiceCidr {  // {"cidr": …}
  std::string cidr;
  schema::Extra extra;
  bool operator==(const ServiceCidr&) const = default;
};
/// Where a password is: a key of a Kubernetes Secret, or of the file that WEFT_BGP_SECRETS names.
struct SecretKeyRef {
  std::string name;
  std::string key;
  schema::Extra extra;
  bool operator==(const SecretKeyRef&) const = default;
};
struct Password {
  std::optional<SecretKeyRef> secret_key_ref;
  schema::Extra extra;
  bool operator==(const Password&) const = default;
};

struct BgpConfigurationSpec {
  std::string log_severity_screen;  // Info
  std::optional<bool> node_to_node_mesh_enabled;
  std::optional<AsNumber> as_number;                   // 64512
  std::vector<ServiceCidr> service_load_balancer_ips;  // serviceLoadBalancerIPs
  std::vector<ServiceCidr> service_external_ips;       // serviceExternalIPs
  std::vector<ServiceCidr> service_cluster_ips;        // serviceClusterIPs
  std::string service_load_balancer_aggregation;       // Enabled, Disabled
  std::vector<Community> communities;
  std::vector<PrefixAdvertisement> prefix_advertisements;
  int listen_port = 0;
  std::optional<Password> node_mesh_password;
  std::optional<Duration> node_mesh_max_restart_time;
  std::string bind_mode;  // None, NodeIP
  std::vector<std::string> ignored_interfaces;
  std::string local_workload_peering_ipv4;  // localWorkloadPeeringIPV4
  std::string local_workload_peering_ipv6;
  std::string program_cluster_routes;
  std::optional<int> ipv4_normal_route_priority;  // ipv4NormalRoutePriority
  std::optional<int> ipv6_normal_route_priority;
  schema::Extra extra;
  bool operator==(const BgpConfigurationSpec&) const = default;
};

/// BGP settings of the cluster ("default") or of one node ("node.<name>").
struct BgpConfiguration {
  Metadata metadata;
  BgpConfigurationSpec spec;
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const BgpConfiguration&) const = default;
};

struct BgpPeerSpec {
  std::string node;
  std::string node_selector;
  std::string peer_ip;  // address, [address]:port
  std::string peer_selector;
  std::optional<AsNumber> as_number;
  bool keep_original_next_hop = false;
  std::string next_hop_mode;  // Auto, Self, Keep
  std::optional<Password> password;
  std::string source_address;  // UseNodeIP, None
  std::optional<Duration> max_restart_time;
  std::optional<Duration> keepalive_time;
  std::optional<int> num_allowed_local_as_numbers;
  std::optional<int> ttl_security;
  std::vector<std::string> filters;
  std::string reachable_by;
  std::string reverse_peering;  // Auto, Manual
  std::optional<AsNumber> local_as_number;
  std::string local_workload_selector;
  schema::Extra extra;
  bool operator==(const BgpPeerSpec&) const = default;
};

/// A BGP neighbour of all nodes, of selected nodes or of one.
struct BgpPeer {
  Metadata metadata;
  BgpPeerSpec spec;
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const BgpPeer&) const = default;
};

}  // namespace weft::api
