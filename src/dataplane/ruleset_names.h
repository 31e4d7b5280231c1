#pragma once

#include <string>
#include <string_view>

#include "net/ip.h"
#include "plan/changes.h"

/// How things of the plan are called in the table. Every name is one that the nft program can read back.
namespace weft::dataplane {

inline constexpr std::string_view table_name = "weft";

enum class Direction { ingress, egress };

/// Letters, digits, `/`, `-`, `.` stay; anything else, `_` too, becomes _hh. Cut to 200 bytes with a hash at the end.
std::string readable(std::string_view text);

std::string policy_chain(Direction direction, const plan::PolicyId& id);        // in-NetworkPolicy/default/allow-db
std::string profile_chain(Direction direction, const std::string& name);        // out-Profile/kns.default
std::string endpoint_chain(Direction direction, const std::string& interface);  // from-cali1 (egress), to-cali1
std::string spoof_chain(const std::string& interface);                          // spoof-cali1
/// One for all endpoints with the same list: tier-in-default-0123456789abcdef
std::string tier_chain(Direction direction, const plan::TierPolicies& tier);
std::string set_name(const plan::SetId& id, net::Family family, bool prefixes);  // s-abc-v4, s-abc-v4-nets

/// For people: "default/allow-db", "deny-all".
std::string short_name(const plan::PolicyId& id);

}  // namespace weft::dataplane
