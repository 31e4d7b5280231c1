#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataplane/ruleset_names.h"
#include "dataplane/ruleset_rules.h"
#include "kernel/nft.h"
#include "plan/changes.h"

/// What stands in each chain of the table. Decision docs/decisions/0004-nft-rules.md says why it is built this way.
namespace weft::dataplane {

// Sets and maps that every table has.
extern const kernel::nft::Set sources_v4;  // ifname . address: what each endpoint may send from
extern const kernel::nft::Set sources_v6;
extern const kernel::nft::Set spoofers;       // ifname → chain with the further prefixes an endpoint may send from
extern const kernel::nft::Set from_workload;  // ifname → chain of the endpoint's egress policy
extern const kernel::nft::Set to_workload;    // ifname → chain of the endpoint's ingress policy

// Ids, beside those of the plan, of the sets that NAT uses.
inline const plan::SetId nat_pools = "nat-pools", nat_masquerade = "nat-masquerade", nat_hosts = "nat-hosts";

/// The chains that every table has, hooks first.
std::span<const std::string> base_chains();

/// Empty rules where the settings ask for none.
kernel::nft::Chain render_base(const std::string& name, const plan::Settings& settings, const FindSet& find);

kernel::nft::Chain render_endpoint(Direction direction, const plan::Endpoint& endpoint, const plan::Settings& settings);
kernel::nft::Chain render_spoof(const plan::Endpoint& endpoint);
/// @param passes  whether a policy has a rule with Pass in this direction
kernel::nft::Chain render_tier(Direction direction, const plan::TierPolicies& tier, const plan::Settings& settings,
                               const std::function<bool(const plan::PolicyId&)>& passes);
kernel::nft::Chain render_policy(Direction direction, const plan::Policy& policy, const plan::Settings& settings,
                                 const FindSet& find);
kernel::nft::Chain render_profile(Direction direction, const plan::Profile& profile, const plan::Settings& settings,
                                  const FindSet& find);
/// Stands in for a policy or profile that is missing or that the kernel refuses: denies everything.
kernel::nft::Chain render_closed(const std::string& name, const std::string& why, const plan::Settings& settings);

/// The sets that the rules mention.
std::vector<plan::SetId> sets_of(std::span<const plan::Rule> rules);
bool has_pass(std::span<const plan::Rule> rules);

}  // namespace weft::dataplane
