#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/selector.h"
#include "net/ip.h"
#include "net/port.h"
#include "policy/cluster.h"

namespace weft::policy {

enum class Direction { ingress, egress };
std::string_view to_string(Direction direction);  // "ingress"

/// A packet as policy sees it: after destination NAT, before masquerading.
struct Packet {
  enum class State { fresh, established, invalid };  // what connection tracking says; established: related too

  net::Ip source, destination;
  net::Protocol protocol;
  std::uint16_t source_port = 0, destination_port = 0;  // of TCP, UDP and SCTP
  std::uint8_t type = 0, code = 0;                      // of ICMP and ICMPv6
  State state = State::fresh;
};

/// Something that was asked about the packet and had an answer.
struct Step {
  enum class What {
    source_check,  // the source is no address of the endpoint
    closed,        // the interface has no endpoint in force
    established,   // a connection that was allowed before
    invalid,       // connection tracking can make nothing of it
    tunnel,        // an endpoint may not encapsulate
    discovery,     // neighbour discovery with the node
    rule,          // this rule of this policy or profile
    tier_default,  // no rule of the tier's policies matched
    bad_profile,   // a profile that is missing or makes no sense
    no_profile,    // nothing allowed it
    host_action,   // DefaultEndpointToHostAction
    not_asked,     // nobody is asked: the node speaks to its own endpoint
  };
  What what = What::no_profile;
  api::Action action = api::Action::deny;
  std::string tier;  // of rules of policies and tier_default
  std::string kind;  // of what holds the rule: NetworkPolicy, GlobalNetworkPolicy, Profile
  std::string namespace_, name;
  int rule = -1;  // index in the resource
  Direction direction = Direction::ingress;
  std::vector<std::string> asked;  // of tier_default: the policies without a matching rule, in order

  bool operator==(const Step&) const = default;
};
/// "tier default: NetworkPolicy shop/db, ingress rule 0: Allow"
std::string to_string(const Step& step);

/// What came of asking: the last step decided. Log and Pass come before it.
struct Verdict {
  bool allowed = false;
  std::vector<Step> steps;
  const Step& deciding() const { return steps.back(); }
};

/// Whether a stored rule has one clear meaning (dataplane 4.6); a policy with one that has none counts as absent. What
/// older versions let pass and still has one, such as CIDRs of both families in one rule, is clear.
bool is_clear(const api::Rule& rule);

/// What policy says about a packet, read straight from the resources: nothing is indexed, compiled or shared with the
/// code that makes the kernel's rules, so that the two can be held against each other. Selectors that were parsed are
/// remembered; the cluster must not change meanwhile.
class Oracle {
 public:
  /// @param cluster  must outlive this
  explicit Oracle(const Cluster& cluster) : cluster_(cluster) {}

  /// Asks one endpoint in one direction (dataplane 2.18, points 2 to 8).
  Verdict ask(const api::WorkloadEndpoint& endpoint, Direction direction, const Packet& packet) const;

  /// Whether the endpoint counts at all: it has an interface and addresses, and spoofs only where that is allowed
  /// (dataplane 1.1).
  bool counts(const api::WorkloadEndpoint& endpoint) const;
  /// The endpoint that an interface of a node belongs to: of several the first by id (dataplane 2.11); null: none.
  const api::WorkloadEndpoint* on_interface(const std::string& node, const std::string& interface) const;

  const Cluster& cluster() const { return cluster_; }

 private:
  /// One of either kind that selects an endpoint.
  struct Policy {
    std::string kind, namespace_, name, tier;
    std::optional<double> order;
    const std::vector<api::PolicyType>* types;
    const std::vector<api::Rule>* ingress;
    const std::vector<api::Rule>* egress;
  };
  struct NamedPort {
    std::string name;
    net::Protocol protocol;
    int port = 0;
  };
  struct Item {
    api::Labels labels;
    std::vector<NamedPort> ports;  // of endpoints
  };

  api::Labels labels_of(api::Labels own, const std::vector<std::string>& profiles) const;
  api::Labels labels_of(const api::WorkloadEndpoint& endpoint) const;
  std::vector<Item> items_at(const net::Ip& ip) const;

  const api::Selector* selector(const std::string& text) const;
  bool holds(const std::string& text, std::string_view prefix, std::string_view all, const api::Labels& labels) const;
  bool understood(const api::EntityRule& side) const;
  bool understood(const std::vector<api::Rule>& rules) const;

  template <class Spec>
  bool makes_sense(const Spec& spec) const;
  bool selects(const api::NetworkPolicy& policy, const api::Labels& labels) const;
  bool selects(const api::GlobalNetworkPolicy& policy, const api::Labels& labels) const;
  std::vector<Policy> policies_for(const api::WorkloadEndpoint& endpoint, Direction direction) const;

  bool peer_matches(const api::EntityRule& side, const std::string& policy_namespace, const Item& item) const;
  bool side_matches(const api::Rule& rule, bool source, const std::string& policy_namespace,
                    const Packet& packet) const;
  bool matches(const api::Rule& rule, const std::string& policy_namespace, const Packet& packet) const;

  std::optional<bool> ask_tiers(const api::WorkloadEndpoint& endpoint, Direction direction, const Packet& packet,
                                std::vector<Step>& steps) const;
  std::optional<bool> ask_profile(const std::string& name, Direction direction, const Packet& packet,
                                  std::vector<Step>& steps) const;

  const Cluster& cluster_;
  mutable std::map<std::string, std::optional<api::Selector>> selectors_;
};

}  // namespace weft::policy
