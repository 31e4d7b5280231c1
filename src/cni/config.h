#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/workload_endpoint.h"
#include "base/result.h"
#include "net/ip.h"
#include "schema/value.h"

namespace weft::cni {

/// An attachment that a runtime still knows (GC).
struct Attachment {
  std::string container;
  std::string interface;
  auto operator<=>(const Attachment&) const = default;
};

/// A network configuration, as far as we act on it (datamodel 6.5). Keys that we do not know are ignored, as are
/// Calico's about its own store access, logging and Windows: the agent has its own.
struct NetworkConfig {
  std::string version = "0.2.0";  // cniVersion
  std::string name;
  std::string node_name;       // nodename, or kubernetes.node_name; empty: not said
  std::string node_name_file;  // nodename_file, when it is said
  std::string host_name;       // hostname, deprecated
  std::string ipam_type;
  bool assign_ipv4 = true;
  bool assign_ipv6 = false;
  std::vector<std::string> ipv4_pools, ipv6_pools;  // names or CIDRs
  int mtu = 0;                                      // bytes; 0: not said
  bool policy_from_pod = false;                     // policy.type is k8s
  bool allow_ip_forwarding = false;
  bool include_default_routes = false;
  int policy_timeout = 0;  // policy_setup_timeout_seconds; 0: not said
  // args.cni: what is known about the pod before anything else is.
  api::Labels labels;
  std::vector<api::EndpointPort> ports;
  std::string service_account;
  std::optional<schema::Value> previous;  // prevResult
  std::optional<std::vector<Attachment>> valid_attachments;

  /// Errors name the field.
  static Result<NetworkConfig> parse(std::string_view json);
};

/// CNI_ARGS: "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;IgnoreUnknown=1". Unknown names are ignored.
struct PodArgs {
  std::string pod;
  std::string namespace_;
  std::string infra_container;
  std::optional<net::Ip> ip;

  bool is_pod() const { return !pod.empty() && !namespace_.empty(); }
  static Result<PodArgs> parse(std::string_view text);
  bool operator==(const PodArgs&) const = default;
};

/// "[a-zA-Z0-9_.-]+"
bool is_network_name(std::string_view name);
/// Letters, digits, '_', '.' and '-', beginning with a letter or digit.
bool is_container_id(std::string_view id);
/// 1 to 15 bytes, no '/', no ':', no blank, not "." or "..".
bool is_interface_name(std::string_view name);

}  // namespace weft::cni
