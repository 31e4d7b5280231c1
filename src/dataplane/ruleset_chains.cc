#include "dataplane/ruleset_chains.h"

#include <fmt/core.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>

#include <algorithm>
#include <set>

#include "kernel/nft_part.h"

namespace weft::dataplane {

namespace nft = kernel::nft;
using nft::End;
using nft::Part;
using nft::Way;

namespace {

constexpr std::uint32_t interface_bytes = 16;
constexpr std::uint32_t invalid = 1, established_related = 2 | 4;

// ICMPv6 that a pod may always exchange with its host: multicast listener queries, reports and done, router and
// neighbour discovery (dataplane 2.6).
constexpr std::uint8_t neighbour_discovery[] = {130, 131, 132, 133, 135, 136};

void add(nft::Chain& chain, std::vector<Part> parts, std::string comment = {}) {
  chain.rules.push_back(nft::rule(parts, std::move(comment)));
}

std::string pattern(const std::string& prefix) { return prefix + "*"; }

std::vector<Part> discovery() {
  return {nft::family(net::Family::v6, false), nft::protocol(net::icmpv6, false, false),
          nft::icmp_types(net::Family::v6, neighbour_discovery)};
}

/// Packets of our interfaces go there; all others are not our business.
void ours(nft::Chain& chain, Way way, const plan::Settings& settings, const std::string& there) {
  for (const auto& prefix : settings.interface_prefixes)
    add(chain, {nft::interface(way, pattern(prefix)), nft::goto_(there)});
}

void source_check(nft::Chain& chain) {
  add(chain,
      {nft::family(net::Family::v4, false), nft::interface_source(net::Family::v4, sources_v4.name), nft::accept()});
  add(chain,
      {nft::family(net::Family::v6, false), nft::interface_source(net::Family::v6, sources_v6.name), nft::accept()});
  // Neither of these is ever forwarded: they reach this host alone, where egress policy meets them.
  const net::Cidr link_local(net::Ip::parse("fe80::").value(), 10);
  const net::Cidr unspecified = net::Cidr::host(net::Ip::parse("::").value());
  add(chain, {nft::family(net::Family::v6, false), nft::address(End::source, std::span(&link_local, 1)), nft::accept()},
      "link-local");
  add(chain,
      {nft::family(net::Family::v6, false), nft::address(End::source, std::span(&unspecified, 1)),
       nft::protocol(net::icmpv6), nft::accept()},
      "address detection");
  const net::Cidr nobody = net::Cidr::host(net::Ip::v4(0));
  const net::Cidr everybody = net::Cidr::host(net::Ip::v4(0xffffffff));
  const net::PortRange client{68, 68}, server{67, 67};
  add(chain,
      {nft::family(net::Family::v4, false), nft::address(End::source, std::span(&nobody, 1)),
       nft::address(End::destination, std::span(&everybody, 1)), nft::protocol(net::udp, false, false),
       nft::ports(End::source, std::span(&client, 1), "udp"),
       nft::ports(End::destination, std::span(&server, 1), "udp"), nft::accept()},
      "DHCP");
  add(chain, {nft::interface_map(Way::in, spoofers.name)});
  add(chain, {nft::drop()}, "not an address of this endpoint");
}

void masquerade(nft::Chain& chain, const plan::Settings& settings, const FindSet& find) {
  for (const auto family : {net::Family::v4, net::Family::v6}) {
    const auto sources = find(nat_masquerade, family);
    const auto pools = find(nat_pools, family);
    if (!sources || !pools) continue;
    std::vector<Part> match = {nft::family(family, false), nft::address_set(End::source, family, *sources),
                               nft::address_set(End::destination, family, *pools, true)};
    if (const auto hosts = find(nat_hosts, family); hosts && settings.nat_excludes_hosts) {
      match.push_back(nft::address_set(End::destination, family, *hosts, true));
    }
    if (!settings.nat_interface.empty()) match.push_back(nft::interface(Way::out, settings.nat_interface));
    const auto translate = [&](std::optional<net::PortRange> ports) {
      const auto& to = settings.nat_outgoing_address;
      return to && to->family() == family ? nft::snat(*to, ports) : nft::masquerade(ports);
    };
    if (settings.nat_port_range) {
      constexpr net::Protocol with_range[] = {net::tcp, net::udp};
      auto ranged = match;
      ranged.push_back(nft::protocols(with_range));
      ranged.push_back(translate(settings.nat_port_range));
      add(chain, std::move(ranged), "NAT outgoing");
    }
    match.push_back(translate(std::nullopt));
    add(chain, std::move(match), "NAT outgoing");
  }
}

nft::Set map_of(std::string name) {
  return {.name = std::move(name), .key_type = nft::type_ifname, .key_length = interface_bytes, .verdicts = true};
}

void add_rules(nft::Chain& chain, std::span<const plan::Rule> rules, const RuleOwner& owner,
               const plan::Settings& settings, const FindSet& find) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    for (auto& rule : render_rule(rules[i], i, owner, settings, find)) chain.rules.push_back(std::move(rule));
  }
}

std::string_view word(Direction direction) { return direction == Direction::ingress ? "ingress" : "egress"; }

}  // namespace

const nft::Set sources_v4{
    .name = "sources-v4", .key_type = nft::concat(nft::type_ifname, nft::type_ipv4), .key_length = interface_bytes + 4};
const nft::Set sources_v6{.name = "sources-v6",
                          .key_type = nft::concat(nft::type_ifname, nft::type_ipv6),
                          .key_length = interface_bytes + 16};
const nft::Set spoofers = map_of("spoofers");
const nft::Set from_workload = map_of("from-workload");
const nft::Set to_workload = map_of("to-workload");

std::span<const std::string> base_chains() {
  static const std::string names[] = {"prerouting",  "input",        "input-host",    "forward",     "forward-to",
                                      "postrouting", "source-check", "dispatch-from", "dispatch-to", "host-action"};
  return names;
}

nft::Chain render_base(const std::string& name, const plan::Settings& settings, const FindSet& find) {
  nft::Chain chain{.name = name};
  const auto hook = [&](std::uint32_t number, std::int32_t priority) {
    chain.hook = nft::Hook{"filter", number, priority};
  };
  if (name == "prerouting") {
    hook(NF_INET_PRE_ROUTING, NF_IP_PRI_RAW);
    ours(chain, Way::in, settings, "source-check");
  } else if (name == "source-check") {
    source_check(chain);
  } else if (name == "input") {
    hook(NF_INET_LOCAL_IN, NF_IP_PRI_FILTER);
    for (const auto& prefix : settings.interface_prefixes) {
      std::vector<Part> parts = {nft::interface(Way::in, pattern(prefix))};
      for (auto& part : discovery()) parts.push_back(std::move(part));
      parts.push_back(nft::accept());
      add(chain, std::move(parts), "neighbour discovery");
    }
    ours(chain, Way::in, settings, "dispatch-from");
  } else if (name == "input-host") {
    // What egress policy allowed arrives here: "accept" ends one base chain, not the hook.
    hook(NF_INET_LOCAL_IN, NF_IP_PRI_FILTER + 1);
    if (settings.endpoint_to_host == plan::EndpointToHost::drop) ours(chain, Way::in, settings, "host-action");
  } else if (name == "host-action") {
    add(chain, {nft::ct_state(established_related), nft::accept()});
    auto parts = discovery();
    parts.push_back(nft::accept());
    add(chain, std::move(parts), "neighbour discovery");
    add(chain, {nft::drop()}, "endpoint to host");
  } else if (name == "forward") {
    hook(NF_INET_FORWARD, NF_IP_PRI_FILTER);
    ours(chain, Way::in, settings, "dispatch-from");
  } else if (name == "forward-to") {
    hook(NF_INET_FORWARD, NF_IP_PRI_FILTER + 1);
    ours(chain, Way::out, settings, "dispatch-to");
  } else if (name == "dispatch-from") {
    add(chain, {nft::interface_map(Way::in, from_workload.name)});
    add(chain, {deny(settings)}, "unknown interface");
  } else if (name == "dispatch-to") {
    add(chain, {nft::interface_map(Way::out, to_workload.name)});
    add(chain, {deny(settings)}, "unknown interface");
  } else if (name == "postrouting") {
    hook(NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC);
    chain.hook->type = "nat";
    masquerade(chain, settings, find);
  }
  return chain;
}

nft::Chain render_endpoint(Direction direction, const plan::Endpoint& endpoint, const plan::Settings& settings) {
  nft::Chain chain{.name = endpoint_chain(direction, endpoint.interface), .comment = plan::to_string(endpoint.id)};
  add(chain, {nft::ct_state(established_related), nft::accept()});
  if (settings.invalid_check) add(chain, {nft::ct_state(invalid), deny(settings)});
  if (direction == Direction::egress) {
    const net::PortRange vxlan{settings.vxlan_port, settings.vxlan_port};
    if (!settings.allow_vxlan_from_workloads) {
      add(chain,
          {nft::protocol(net::udp, false, false), nft::ports(End::destination, std::span(&vxlan, 1), "udp"),
           deny(settings)},
          "VXLAN from a workload");
    }
    if (!settings.allow_ipip_from_workloads) add(chain, {nft::protocol({4}), deny(settings)}, "IPIP from a workload");
  }
  for (const auto& tier : direction == Direction::ingress ? endpoint.ingress : endpoint.egress) {
    add(chain, {nft::jump(tier_chain(direction, tier))});
  }
  for (const auto& profile : endpoint.profiles) add(chain, {nft::jump(profile_chain(direction, profile))});
  add(chain, {deny(settings)}, "no profile allows it");
  return chain;
}

nft::Chain render_spoof(const plan::Endpoint& endpoint) {
  nft::Chain chain{.name = spoof_chain(endpoint.interface), .comment = plan::to_string(endpoint.id)};
  for (const auto family : {net::Family::v4, net::Family::v6}) {
    std::vector<net::Cidr> cidrs;
    for (const auto& cidr : endpoint.spoof_allowed) {
      if (cidr.family() == family) cidrs.push_back(cidr);
    }
    for (const auto& cidr : endpoint.addresses) {
      if (cidr.family() == family && !cidr.is_host()) cidrs.push_back(cidr);
    }
    if (cidrs.empty()) continue;
    std::vector<Part> parts = {nft::family(family, false), nft::address(End::source, cidrs), nft::accept()};
    add(chain, std::move(parts));
  }
  return chain;
}

nft::Chain render_tier(Direction direction, const plan::TierPolicies& tier, const plan::Settings& settings,
                       const std::function<bool(const plan::PolicyId&)>& passes) {
  nft::Chain chain{.name = tier_chain(direction, tier),
                   .comment = fmt::format("tier {} {}", tier.tier, word(direction))};
  const auto bit = pass_bit(settings);
  // The mark may come in from outside with the bit set.
  if (std::ranges::any_of(tier.policies, passes)) add(chain, {nft::mark_clear(bit)});
  for (const auto& id : tier.policies) {
    add(chain, {nft::jump(policy_chain(direction, id))});
    if (passes(id)) add(chain, {nft::mark_has(bit), nft::mark_clear(bit), nft::return_()}, "next tier");
  }
  if (!tier.default_pass) add(chain, {deny(settings)}, "end of tier " + tier.tier);
  return chain;
}

nft::Chain render_policy(Direction direction, const plan::Policy& policy, const plan::Settings& settings,
                         const FindSet& find) {
  nft::Chain chain{.name = policy_chain(direction, policy.id),
                   .comment = fmt::format("{} {} {}", policy.id.kind, short_name(policy.id), word(direction))};
  const RuleOwner owner{.name = fmt::format("{} {}", short_name(policy.id), word(direction)),
                        .kind = policy.id.kind,
                        .policy = policy.id.name,
                        .tier = policy.tier,
                        .id = plan::to_string(policy.id)};
  add_rules(chain, direction == Direction::ingress ? policy.ingress : policy.egress, owner, settings, find);
  return chain;
}

nft::Chain render_profile(Direction direction, const plan::Profile& profile, const plan::Settings& settings,
                          const FindSet& find) {
  nft::Chain chain{.name = profile_chain(direction, profile.name),
                   .comment = fmt::format("Profile {} {}", profile.name, word(direction))};
  const RuleOwner owner{.name = fmt::format("{} {}", profile.name, word(direction)),
                        .kind = "Profile",
                        .policy = profile.name,
                        .tier = {},
                        .id = "Profile/" + profile.name,
                        .profile = true};
  add_rules(chain, direction == Direction::ingress ? profile.ingress : profile.egress, owner, settings, find);
  return chain;
}

nft::Chain render_closed(const std::string& name, const std::string& why, const plan::Settings& settings) {
  nft::Chain chain{.name = name};
  add(chain, {deny(settings)}, why);
  return chain;
}

std::vector<plan::SetId> sets_of(std::span<const plan::Rule> rules) {
  std::set<plan::SetId> out;
  for (const auto& rule : rules) {
    for (const auto* side : {&rule.source, &rule.destination}) {
      for (const auto* list : {&side->sets, &side->not_sets, &side->named_ports, &side->not_named_ports}) {
        out.insert(list->begin(), list->end());
      }
    }
  }
  return {out.begin(), out.end()};
}

bool has_pass(std::span<const plan::Rule> rules) {
  return std::ranges::any_of(rules, [](const auto& rule) { return rule.action == plan::Action::pass; });
}

}  // namespace weft::dataplane
