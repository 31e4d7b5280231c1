#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/policy.h"
#include "api/selector.h"

/// Effective selectors of policies and of rule sides (datamodel 5.4), and the names of sets (datamodel 5.3).
namespace weft::policy {

inline constexpr std::string_view namespace_label = "projectcalico.org/namespace";
inline constexpr std::string_view service_account_label = "projectcalico.org/serviceaccount";
inline constexpr std::string_view orchestrator_label = "projectcalico.org/orchestrator";
inline constexpr std::string_view namespace_label_prefix = "pcns.";
inline constexpr std::string_view service_account_label_prefix = "pcsa.";

/// Which endpoints the policy applies to. Errors name the field: "selector: column 3: …".
Result<api::Selector> selector_of(const api::NetworkPolicy& policy);
Result<api::Selector> selector_of(const api::GlobalNetworkPolicy& policy);

/// What one side of a rule asks of its peer's labels. At most one is set: with both a positive and a negative part the
/// side is one positive selector, (P) && (!(N)).
struct Peer {
  std::optional<api::Selector> matches;      // the peer is a known endpoint or network set, and this holds
  std::optional<api::Selector> not_matches;  // anything but the known endpoints and network sets of which this holds
  bool operator==(const Peer&) const = default;
};

/// @param policy_namespace  of the policy that the rule is in; empty for global policies and profiles
Result<Peer> peer_of(const api::EntityRule& side, std::string_view policy_namespace);

/// Id of the set of (address, protocol, port) of the endpoints that `selector` matches and that have a port of this
/// name.
std::string named_port_set_id(const api::Selector& selector, net::Protocol protocol, std::string_view port);
/// Id of the set of addresses behind a service, of addresses with ports where the service is the destination.
std::string service_set_id(std::string_view namespace_, std::string_view name, bool with_ports);

/// The protocol that a rule's port names are looked up with: that of the rule when it is UDP or SCTP, else TCP.
net::Protocol named_port_protocol(const std::optional<api::Protocol>& protocol);

}  // namespace weft::policy
