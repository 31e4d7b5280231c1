#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/metadata.h"
#include "api/types.h"
#include "net/cidr.h"

namespace weft::api {

/// A named port; every member is always written.
struct EndpointPort {
  std::string name;
  Protocol protocol;
  int port = 0;
  int host_port = 0;
  std::string host_ip;
  schema::Extra extra;
  bool operator==(const EndpointPort&) const = default;
};
struct IpNat {
  std::string internal_ip;
  std::string external_ip;
  schema::Extra extra;
  bool operator==(const IpNat&) const = default;
};

/// Limits of a workload's traffic. Bandwidths and peak rates in bits per second, bursts in bits, minimal bursts in
/// bytes; packets per second and their bursts; connections.
struct QosControls {
  std::int64_t ingress_bandwidth = 0;
  std::int64_t ingress_burst = 0;
  std::int64_t ingress_peakrate = 0;
  std::int64_t ingress_minburst = 0;
  std::int64_t egress_bandwidth = 0;
  std::int64_t egress_burst = 0;
  std::int64_t egress_peakrate = 0;
  std::int64_t egress_minburst = 0;
  std::int64_t ingress_packet_rate = 0;
  std::int64_t ingress_packet_burst = 0;
  std::int64_t egress_packet_rate = 0;
  std::int64_t egress_packet_burst = 0;
  std::int64_t ingress_max_connections = 0;
  std::int64_t egress_max_connections = 0;
  std::string dscp;  // as JSON text: 0..63 or a name such as "EF"
  schema::Extra extra;
  bool operator==(const QosControls&) const = default;
};

struct WorkloadEndpointSpec {
  std::string orchestrator;  // k8s, cni, libnetwork, openstack
  std::string workload;
  std::string node;
  std::string container_id;
  std::string pod;
  std::string endpoint;
  std::string service_account_name;
  std::vector<net::Cidr> ip_networks;  // each a single address
  std::vector<IpNat> ip_nats;
  std::string ipv4_gateway;
  std::string ipv6_gateway;
  std::vector<std::string> profiles;
  std::string interface_name;
  std::string mac;
  std::vector<EndpointPort> ports;
  std::vector<net::Cidr> allow_spoofed_source_prefixes;
  std::optional<QosControls> qos_controls;
  schema::Extra extra;
  bool operator==(const WorkloadEndpointSpec&) const = default;
};

/// One interface of a workload: the host side of a pod's or VM's veth.
struct WorkloadEndpoint {
  Metadata metadata;
  WorkloadEndpointSpec spec;
  schema::Extra extra;
  auto key() const { return std::pair(metadata.namespace_, metadata.name); }
  bool operator==(const WorkloadEndpoint&) const = default;
};

/// The segments of a WorkloadEndpoint's name (datamodel 6.1): `<node>-<orchestrator>-<third>-<endpoint>`, dashes
/// doubled.
struct EndpointName {
  std::string node, orchestrator, workload, endpoint;  // workload: pod, container id, or workload by orchestrator
  bool operator==(const EndpointName&) const = default;
};
Result<std::string> to_name(const EndpointName& name);
Result<EndpointName> parse_endpoint_name(std::string_view text);
/// From spec: pod for k8s, container id for cni, workload for others.
Result<std::string> name_of(const WorkloadEndpointSpec& spec);

/// Host-side interface name of a pod: prefix + first 11 hex digits of SHA-1("<namespace>.<pod>") (datamodel 6.2).
std::string interface_name_of_pod(std::string_view prefix, std::string_view namespace_, std::string_view pod);

}  // namespace weft::api
