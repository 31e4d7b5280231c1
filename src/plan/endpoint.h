#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "net/cidr.h"
#include "net/mac.h"
#include "plan/policy.h"

namespace weft::plan {

/// Policies of one tier that apply to an endpoint, in order; per direction, only tiers that have a policy there.
struct TierPolicies {
  std::string tier;
  bool default_pass = false;  // the tier's default action: Pass instead of Deny
  std::vector<PolicyId> policies;
  bool operator==(const TierPolicies&) const = default;
};

/// Names an endpoint as Felix does: "k8s", "default/web-1", "eth0".
struct EndpointId {
  std::string orchestrator;
  std::string workload;
  std::string endpoint;
  auto operator<=>(const EndpointId&) const = default;
};
std::string to_string(const EndpointId& id);  // "k8s default/web-1 eth0"

/// A local workload endpoint. Of several with one interface only the first by id is planned (dataplane 2.11).
struct Endpoint {
  EndpointId id;
  std::string interface;
  std::optional<net::Mac> mac;           // of the pod's side, for the neighbour entry
  std::vector<net::Cidr> addresses;      // /32 and /128
  std::vector<net::Cidr> spoof_allowed;  // source prefixes it may use besides its addresses
  std::vector<TierPolicies> ingress;
  std::vector<TierPolicies> egress;
  std::vector<std::string> profiles;  // each once
  auto key() const { return id; }
  bool operator==(const Endpoint&) const = default;
};

/// Policies of both directions, tier by tier.
struct PolicyLists {
  std::vector<TierPolicies> ingress;
  std::vector<TierPolicies> egress;
  bool operator==(const PolicyLists&) const = default;
};

/// A host endpoint of this node: an interface of the host itself. Not programmed yet.
struct HostEndpoint {
  std::string name;
  std::string interface;           // "*": all; empty: the one that has an expected address
  std::vector<net::Ip> addresses;  // expected
  std::vector<std::string> profiles;
  PolicyLists policies;
  PolicyLists untracked;  // doNotTrack
  PolicyLists pre_dnat;   // ingress only
  PolicyLists forward;    // applyOnForward
  const auto& key() const { return name; }
  bool operator==(const HostEndpoint&) const = default;
};

/// A route of a local workload's address, out of its interface.
struct Route {
  net::Cidr dst;
  std::string interface;
  auto key() const { return dst; }
  bool operator==(const Route&) const = default;
};

/// An IP pool, as NAT sees it.
struct Pool {
  net::Cidr cidr;
  bool masquerade = false;
  auto key() const { return cidr; }
  bool operator==(const Pool&) const = default;
};

/// A part of the data model that is present and that this version does not put into force.
struct Unsupported {
  std::string object;  // "IPPool default-ipv4-ippool"
  std::string reason;  // "ipipMode Always: IPIP is not supported yet; no routes for this pool"
  auto key() const { return object; }
  bool operator==(const Unsupported&) const = default;
};

}  // namespace weft::plan
