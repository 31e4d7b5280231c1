#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/metadata.h"
#include "api/types.h"
#include "net/cidr.h"

namespace weft::api {

enum class Action { allow, deny, log, pass };  // Allow, Deny, Log, Pass

struct Icmp {
  std::optional<int> type;  // 0..254
  std::optional<int> code;  // 0..255; needs type
  schema::Extra extra;
  bool operator==(const Icmp&) const = default;
};

struct ServiceAccountMatch {
  std::vector<std::string> names;
  std::string selector;
  schema::Extra extra;
  bool operator==(const ServiceAccountMatch&) const = default;
};

struct ServiceMatch {
  std::string name;
  std::string namespace_;
  schema::Extra extra;
  bool operator==(const ServiceMatch&) const = default;
};

/// One side of a rule. Empty matches everything.
struct EntityRule {
  std::vector<net::Cidr> nets;
  std::string selector;
  std::string namespace_selector;
  std::optional<ServiceMatch> services;
  std::vector<Port> ports;
  std::vector<net::Cidr> not_nets;
  std::string not_selector;
  std::vector<Port> not_ports;
  std::optional<ServiceAccountMatch> service_accounts;
  schema::Extra extra;
  bool operator==(const EntityRule&) const = default;
};

struct HttpPath {
  std::string exact;
  std::string prefix;
  schema::Extra extra;
  bool operator==(const HttpPath&) const = default;
};
struct HttpMatch {
  std::vector<std::string> methods;
  std::vector<HttpPath> paths;
  schema::Extra extra;
  bool operator==(const HttpMatch&) const = default;
};
struct RuleMetadata {
  Labels annotations;
  schema::Extra extra;
  bool operator==(const RuleMetadata&) const = default;
};

struct Rule {
  std::optional<RuleMetadata> metadata;
  Action action = Action::allow;
  std::optional<int> ip_version;  // 4 or 6
  std::optional<Protocol> protocol;
  std::optional<Icmp> icmp;
  std::optional<Protocol> not_protocol;
  std::optional<Icmp> not_icmp;
  EntityRule source;
  EntityRule destination;
  std::optional<HttpMatch> http;
  schema::Extra extra;
  bool operator==(const Rule&) const = default;
};

enum class PolicyType { ingress, egress };  // Ingress, Egress

struct NetworkPolicySpec {
  std::string tier;  // empty: default
  std::optional<double> order;
  std::vector<Rule> ingress;
  std::vector<Rule> egress;
  std::string selector;
  std::vector<PolicyType> types;
  std::string service_account_selector;
  std::vector<std::string> performance_hints;
  schema::Extra extra;
  bool operator==(const NetworkPolicySpec&) const = default;
};

/// Policy for the workloads of one namespace.
struct NetworkPolicy {
  Metadata metadata;
  NetworkPolicySpec spec;
  schema::Extra extra;
  auto key() const { return std::pair(metadata.namespace_, metadata.name); }
  bool operator==(const NetworkPolicy&) const = default;
};

struct GlobalNetworkPolicySpec {
  std::string tier;
  std::optional<double> order;
  std::vector<Rule> ingress;
  std::vector<Rule> egress;
  std::string selector;
  std::vector<PolicyType> types;
  bool do_not_track = false;
  bool pre_dnat = false;
  bool apply_on_forward = false;
  std::string service_account_selector;
  std::string namespace_selector;
  std::vector<std::string> performance_hints;
  schema::Extra extra;
  bool operator==(const GlobalNetworkPolicySpec&) const = default;
};

/// Policy for workloads of all namespaces and for host endpoints.
struct GlobalNetworkPolicy {
  Metadata metadata;
  GlobalNetworkPolicySpec spec;
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const GlobalNetworkPolicy&) const = default;
};

}  // namespace weft::api
