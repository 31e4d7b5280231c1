#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/metadata.h"
#include "api/types.h"

namespace weft::api {

/// Host endpoints that the node controller makes for some interfaces.
struct HostEndpointTemplate {
  std::string generate_name;
  std::vector<std::string> interface_cidrs;
  std::string interface_pattern;  // regular expression
  Labels labels;
  Labels annotations;
  std::string node_selector;
  schema::Extra extra;
  bool operator==(const HostEndpointTemplate&) const = default;
};
struct AutoHostEndpoint {
  std::string auto_create;                   // Enabled, Disabled
  std::string create_default_host_endpoint;  // Enabled, Disabled
  std::vector<HostEndpointTemplate> templates;
  schema::Extra extra;
  bool operator==(const AutoHostEndpoint&) const = default;
};
struct NodeController {
  std::optional<Duration> reconciler_period;
  std::string sync_labels;  // Enabled, Disabled
  std::optional<AutoHostEndpoint> host_endpoint;
  std::optional<Duration> leak_grace_period;  // 15 minutes
  schema::Extra extra;
  bool operator==(const NodeController&) const = default;
};
/// Of the policy, workload endpoint, service account and namespace controllers.
struct PeriodicController {
  std::optional<Duration> reconciler_period;
  schema::Extra extra;
  bool operator==(const PeriodicController&) const = default;
};
struct LoadBalancerController {
  std::string assign_ips;  // AllServices, RequestedServicesOnly
  schema::Extra extra;
  bool operator==(const LoadBalancerController&) const = default;
};
struct MigrationController {
  std::string policy_name_migrator;  // Enabled, Disabled
  schema::Extra extra;
  bool operator==(const MigrationController&) const = default;
};
/// A controller that is absent does not run.
struct Controllers {
  std::optional<NodeController> node;
  std::optional<PeriodicController> policy;
  std::optional<PeriodicController> workload_endpoint;
  std::optional<PeriodicController> service_account;
  std::optional<PeriodicController> namespace_;
  std::optional<LoadBalancerController> load_balancer;
  std::optional<MigrationController> migration;
  schema::Extra extra;
  bool operator==(const Controllers&) const = default;
};

struct KubeControllersSpec {
  std::string log_severity_screen;
  std::string health_checks;  // Enabled, Disabled
  std::optional<Duration> etcd_compaction_period;
  std::optional<int> prometheus_metrics_port;  // 9094; 0: off
  Controllers controllers;                     // always written
  std::optional<int> debug_profile_port;
  schema::Extra extra;
  bool operator==(const KubeControllersSpec&) const = default;
};

struct KubeControllersStatus {
  std::optional<KubeControllersSpec> running_config;
  std::map<std::string, std::string> environment;
  schema::Extra extra;
  bool operator==(const KubeControllersStatus&) const = default;
};

/// Settings of the controllers; one object, default.
struct KubeControllersConfiguration {
  Metadata metadata;
  KubeControllersSpec spec;
  KubeControllersStatus status;  // always written
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const KubeControllersConfiguration&) const = default;
};

}  // namespace weft::api
