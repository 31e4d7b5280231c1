#include "dataplane/ruleset_rules.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "kernel/nft_part.h"

namespace weft::dataplane {

namespace nft = kernel::nft;

namespace {

using Parts = std::vector<nft::Part>;

constexpr net::Protocol with_ports[] = {net::tcp, net::udp, net::sctp};

/// One of several ORed conditions.
struct Alternative {
  Parts when;
  Parts otherwise;  // what is true when it is not: keeps a later alternative from matching the same packet again
};
using Factor = std::vector<Alternative>;  // any of them; a rule needs all its factors

std::string_view header(const std::optional<net::Protocol>& protocol) {
  if (protocol == net::tcp) return "tcp";
  if (protocol == net::udp) return "udp";
  if (protocol == net::sctp) return "sctp";
  return "th";
}

/// A rule for one family, or for both where no condition depends on it.
class Matcher {
 public:
  Matcher(const plan::Rule& rule, std::optional<net::Family> family, const FindSet& find)
      : rule_(rule), family_(family), find_(find) {}

  /// False: it can match no packet of this family.
  bool run() {
    return protocol() && icmp() && side(nft::End::source, rule_.source) &&
           side(nft::End::destination, rule_.destination);
  }

  /// Every way to meet all factors.
  std::vector<Parts> combinations(bool exclusive) const {
    std::vector<Parts> out;
    Parts front;
    if (family_) front.push_back(nft::family(*family_, !family_implied_));
    if (rule_.protocol) front.push_back(nft::protocol(*rule_.protocol, false, !protocol_implied_));
    if (needs_ports_) front.push_back(nft::protocols(with_ports));
    front.insert(front.end(), cheap_.begin(), cheap_.end());
    front.insert(front.end(), common_.begin(), common_.end());
    out.push_back(std::move(front));
    for (const auto& factor : factors_) {
      std::vector<Parts> longer;
      for (const auto& parts : out) {
        Parts before = parts;
        for (const auto& alternative : factor) {
          auto& next = longer.emplace_back(before);
          next.insert(next.end(), alternative.when.begin(), alternative.when.end());
          if (exclusive) before.insert(before.end(), alternative.otherwise.begin(), alternative.otherwise.end());
        }
      }
      out = std::move(longer);
    }
    return out;
  }

 private:
  bool protocol() {
    if (rule_.not_protocol) cheap_.push_back(nft::protocol(*rule_.not_protocol, true));
    return true;
  }

  bool icmp() {
    for (const auto* match : {&rule_.icmp, &rule_.not_icmp}) {
      if (!*match) continue;
      const auto wanted = *family_ == net::Family::v4 ? net::icmp : net::icmpv6;
      if (rule_.protocol && *rule_.protocol != wanted) return false;
      if (!rule_.protocol && !std::exchange(icmp_required_, true))
        cheap_.push_back(nft::protocol(wanted, false, false));
      protocol_implied_ = family_implied_ = true;
      cheap_.push_back(nft::icmp(*family_, (*match)->type, (*match)->code, match == &rule_.not_icmp));
    }
    return true;
  }

  bool side(nft::End end, const plan::Side& side) {
    return nets(end, side.nets, false) && nets(end, side.not_nets, true) && sets(end, side) && ports(end, side) &&
           not_ports(end, side);
  }

  bool nets(nft::End end, const std::vector<net::Cidr>& list, bool negated) {
    if (list.empty()) return true;
    std::vector<net::Cidr> mine;
    std::ranges::copy_if(list, std::back_inserter(mine), [&](const auto& cidr) { return cidr.family() == *family_; });
    if (mine.empty()) return false;  // only of the other family: the rule is not for this one, also when negated
    const bool all = std::ranges::any_of(mine, [](const auto& cidr) { return cidr.length() == 0; });
    if (all) return !negated;
    common_.push_back(nft::address(end, mine, negated));
    family_implied_ = true;
    return true;
  }

  bool sets(nft::End end, const plan::Side& side) {
    for (const auto& id : side.sets) {
      const auto set = find_(id, *family_);
      if (!set) return false;
      common_.push_back(nft::address_set(end, *family_, *set));
      family_implied_ = true;
    }
    for (const auto& id : side.not_sets) {
      const auto set = find_(id, *family_);
      if (!set) continue;
      common_.push_back(nft::address_set(end, *family_, *set, true));
      family_implied_ = true;
    }
    return true;
  }

  nft::Part numeric(nft::End end, const std::vector<net::PortRange>& ranges, bool negated) {
    return nft::ports(end, ranges, header(rule_.protocol), negated);
  }

  bool ports(nft::End end, const plan::Side& side) {
    if (side.ports.empty() && side.named_ports.empty()) return true;
    Factor any;
    const auto ranges = nft::disjoint(side.ports);
    if (!ranges.empty() && (!rule_.protocol || rule_.protocol->has_ports())) {
      Alternative alternative{{numeric(end, ranges, false)}, {numeric(end, ranges, true)}};
      // Without a protocol (an old object: today's validation refuses it) a port needs one of those that have any.
      if (rule_.protocol)
        protocol_implied_ = true;
      else
        alternative.when.insert(alternative.when.begin(), nft::protocols(with_ports));
      any.push_back(std::move(alternative));
    }
    for (const auto& id : side.named_ports) {
      const auto set = find_(id, *family_);
      if (!set) continue;
      family_implied_ = true;
      any.push_back({{nft::port_set(end, *family_, *set)}, {nft::port_set(end, *family_, *set, true)}});
    }
    if (any.empty()) return false;
    if (any.size() > 1) {
      factors_.push_back(std::move(any));
      return true;
    }
    auto& parts = side.named_ports.empty() ? cheap_ : common_;
    parts.insert(parts.end(), any[0].when.begin(), any[0].when.end());
    return true;
  }

  bool not_ports(nft::End end, const plan::Side& side) {
    if (const auto ranges = nft::disjoint(side.not_ports); !ranges.empty()) {
      if (rule_.protocol && !rule_.protocol->has_ports()) return false;
      if (rule_.protocol)
        protocol_implied_ = true;
      else
        needs_ports_ = true;
      cheap_.push_back(numeric(end, ranges, true));
    }
    Parts none;
    for (const auto& id : side.not_named_ports) {
      if (const auto set = find_(id, *family_)) none.push_back(nft::port_set(end, *family_, *set, true));
    }
    if (none.empty()) return true;
    if (rule_.protocol && !rule_.protocol->has_ports()) return true;  // it cannot be in such a set
    family_implied_ = true;
    if (rule_.protocol || needs_ports_) {
      common_.insert(common_.end(), none.begin(), none.end());
      return true;
    }
    // A packet of a protocol without ports is in no such set, even where it is too short to look for one.
    none.insert(none.begin(), nft::protocols(with_ports));
    factors_.push_back({{{nft::protocols(with_ports, true)}, {}}, {std::move(none), {}}});
    return true;
  }

  const plan::Rule& rule_;
  std::optional<net::Family> family_;
  const FindSet& find_;
  // Most rules are not for the packet that asks them: what costs nothing to compare comes first.
  Parts cheap_;   // protocols, ports
  Parts common_;  // addresses, sets
  std::vector<Factor> factors_;
  bool family_implied_ = false;
  bool protocol_implied_ = false;
  bool needs_ports_ = false;
  bool icmp_required_ = false;
};

bool depends_on_family(const plan::Rule& rule) {
  const auto side = [](const plan::Side& side) {
    return !side.nets.empty() || !side.not_nets.empty() || !side.sets.empty() || !side.not_sets.empty() ||
           !side.named_ports.empty() || !side.not_named_ports.empty();
  };
  return rule.icmp || rule.not_icmp || side(rule.source) || side(rule.destination);
}

/// The family a rule is limited to: its own, or the one its protocol belongs to.
std::optional<net::Family> only_family(const plan::Rule& rule) {
  if (rule.family) return rule.family;
  if (rule.protocol == net::icmp) return net::Family::v4;
  if (rule.protocol == net::icmpv6) return net::Family::v6;
  return std::nullopt;
}

std::string log_prefix(const RuleOwner& owner, const plan::Settings& settings) {
  std::string out;
  for (std::size_t i = 0; i < settings.log_prefix.size(); ++i) {
    const char c = settings.log_prefix[i];
    const char token = i + 1 < settings.log_prefix.size() ? settings.log_prefix[i + 1] : '\0';
    const std::string* value = token == 't'   ? &owner.tier
                               : token == 'k' ? &owner.kind
                               : token == 'n' ? &owner.policy
                               : token == 'p' ? &owner.id
                                              : nullptr;
    if (c != '%' || value == nullptr) {
      out += c;
      continue;
    }
    out += *value;
    ++i;
  }
  return out + ": ";
}

/// "10/minute"
std::optional<nft::Part> log_limit(const plan::Settings& settings) {
  const std::string& text = settings.log_rate_limit;
  std::uint64_t rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::uint64_t seconds = unit.starts_with("/s")   ? 1
                                : unit.starts_with("/m") ? 60
                                : unit.starts_with("/h") ? 3600
                                : unit.starts_with("/d") ? 86400
                                                         : 0;
  if (seconds == 0) return std::nullopt;
  return nft::limit(rate, seconds, static_cast<std::uint32_t>(std::max(settings.log_rate_burst, 0)));
}

Parts action(const plan::Rule& rule, const RuleOwner& owner, const plan::Settings& settings) {
  switch (rule.action) {
    case plan::Action::allow: return {nft::accept()};
    case plan::Action::deny: return {deny(settings)};
    case plan::Action::pass:
      if (owner.profile) return {nft::return_()};
      return {nft::mark_set(pass_bit(settings)), nft::return_()};
    case plan::Action::log: {
      Parts out;
      if (auto limit = log_limit(settings)) out.push_back(std::move(*limit));
      out.push_back(nft::log(log_prefix(owner, settings)));
      return out;
    }
  }
  return {nft::drop()};
}

}  // namespace

std::vector<nft::Rule> render_rule(const plan::Rule& rule, std::size_t index, const RuleOwner& owner,
                                   const plan::Settings& settings, const FindSet& find) {
  std::vector<std::optional<net::Family>> families = {std::nullopt};
  if (const auto only = only_family(rule))
    families = {only};
  else if (depends_on_family(rule))
    families = {net::Family::v4, net::Family::v6};

  const auto comment = fmt::format("{} rule {}", owner.name, index);
  const auto then = action(rule, owner, settings);
  std::vector<nft::Rule> out;
  for (const auto& family : families) {
    Matcher matcher(rule, family, find);
    if (!matcher.run()) continue;
    for (auto& parts : matcher.combinations(rule.action == plan::Action::log)) {
      parts.insert(parts.end(), then.begin(), then.end());
      out.push_back(nft::rule(parts, comment));
    }
  }
  return out;
}

nft::Part deny(const plan::Settings& settings) {
  return settings.deny_action == plan::DenyAction::reject ? nft::reject() : nft::drop();
}

std::uint32_t pass_bit(const plan::Settings& settings) {
  const std::uint32_t rest = settings.mark_mask & (settings.mark_mask - 1);  // without the lowest bit
  return rest == 0 ? 0x20000u : 1u << std::countr_zero(rest);
}

}  // namespace weft::dataplane
