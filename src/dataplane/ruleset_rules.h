#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/ruleset_names.h"
#include "kernel/nft.h"
#include "plan/policy.h"
#include "plan/settings.h"

namespace weft::dataplane {

/// The kernel's set for the members of one family. Sets without members are not in the kernel: a rule that wants one
/// matches nothing there, one that wants its opposite is not asked.
using FindSet = std::function<std::optional<std::string>(const plan::SetId&, net::Family)>;

/// What a rule is part of.
struct RuleOwner {
  std::string name;                    // for comments: "default/allow-db ingress", "Profile kns.default egress"
  std::string kind, policy, tier, id;  // for the tokens of the log prefix
  bool profile = false;                // Pass ends a profile and no more
};

/// One rule of a policy as rules of the kernel, by the semantics of dataplane 4: all conditions together, whatever ORs
/// are in them. Several come out where it has to be said for each family or for each of several ORed conditions; a
/// packet meets at most one of them with a Log action.
std::vector<kernel::nft::Rule> render_rule(const plan::Rule& rule, std::size_t index, const RuleOwner& owner,
                                           const plan::Settings& settings, const FindSet& find);

/// What Deny does.
kernel::nft::Part deny(const plan::Settings& settings);

/// The bit of the packet mark that carries Pass from a policy's chain to its tier's; cleared there.
std::uint32_t pass_bit(const plan::Settings& settings);

}  // namespace weft::dataplane
