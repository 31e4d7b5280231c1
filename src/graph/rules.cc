#include "graph/rules.h"

#include <fmt/core.h>

#include "base/strings.h"
#include "graph/rule_check.h"
#include "policy/effective.h"

namespace weft::graph {
namespace {

plan::Action action_of(api::Action action) {
  switch (action) {
    case api::Action::allow: return plan::Action::allow;
    case api::Action::deny: return plan::Action::deny;
    case api::Action::log: return plan::Action::log;
    case api::Action::pass: return plan::Action::pass;
  }
  return plan::Action::deny;
}

/// ICMP belongs to IPv4 and ICMPv6 to IPv6, whatever the rule leaves open; but 1 and 58 are numbers as any other,
/// unless the rule asks for types.
std::optional<net::Family> family_of(const api::Rule& rule) {
  if (rule.ip_version) return *rule.ip_version == 4 ? net::Family::v4 : net::Family::v6;
  if (!rule.protocol || (rule.protocol->as_number && !rule.icmp && !rule.not_icmp)) return std::nullopt;
  if (rule.protocol->value == net::icmp) return net::Family::v4;
  if (rule.protocol->value == net::icmpv6) return net::Family::v6;
  return std::nullopt;
}

std::optional<plan::IcmpMatch> icmp_of(const std::optional<api::Icmp>& icmp) {
  if (!icmp || !icmp->type) return std::nullopt;
  plan::IcmpMatch match{static_cast<std::uint8_t>(*icmp->type), std::nullopt};
  if (icmp->code) match.code = static_cast<std::uint8_t>(*icmp->code);
  return match;
}

class Compiler {
 public:
  Compiler(Rules& out, std::string_view policy_namespace) : out_(out), namespace_(policy_namespace) {}

  Result<plan::Rule> rule(const api::Rule& in, std::string_view where) {
    TRY(check(in));
    plan::Rule rule;
    rule.action = action_of(in.action);
    rule.family = family_of(in);
    if (in.protocol) rule.protocol = in.protocol->value;
    if (in.not_protocol) rule.not_protocol = in.not_protocol->value;
    rule.icmp = icmp_of(in.icmp);
    rule.not_icmp = icmp_of(in.not_icmp);
    if (in.http) unsupported(where, "http", "only protocol, addresses and ports of the rule are enforced");
    rule.source = TRY(within(side(in, in.source, fmt::format("{}.source", where)), "source"));
    rule.destination = TRY(within(side(in, in.destination, fmt::format("{}.destination", where)), "destination"));
    return rule;
  }

 private:
  Result<plan::Side> side(const api::Rule& rule, const api::EntityRule& in, std::string_view where) {
    plan::Side side;
    side.nets = in.nets;
    side.not_nets = in.not_nets;
    if (in.services) service(rule, *in.services, where, side, &in == &rule.destination);
    const policy::Peer peer = TRY(policy::peer_of(in, namespace_));
    const auto protocol = policy::named_port_protocol(rule.protocol);
    const auto& positive = peer.matches ? *peer.matches : api::Selector::all();
    for (const auto& port : in.ports) {
      if (port.is_named())
        side.named_ports.push_back(named_port(positive, protocol, port.name));
      else
        side.ports.push_back(port.range);
    }
    for (const auto& port : in.not_ports) {
      if (port.is_named())
        side.not_named_ports.push_back(named_port(positive, protocol, port.name));
      else
        side.not_ports.push_back(port.range);
    }
    // A named port's set holds only addresses that the selector matches; with nothing else in the list that says it
    // all.
    const bool said = side.ports.empty() && !side.named_ports.empty();
    if (peer.matches && !said) side.sets.push_back(addresses(*peer.matches));
    if (peer.not_matches) side.not_sets.push_back(addresses(*peer.not_matches));
    return side;
  }

  /// Who is behind a service only Kubernetes knows. Without it nobody is: an Allow matches nothing. A Deny stays
  /// closed: it denies whatever else it says.
  void service(const api::Rule& rule, const api::ServiceMatch& match, std::string_view where, plan::Side& side,
               bool is_destination) {
    const std::string service_namespace(match.namespace_.empty() ? namespace_ : std::string_view(match.namespace_));
    const bool deny = rule.action == api::Action::deny;
    unsupported(where, "services",
                deny ? "services need Kubernetes; the rule denies whatever the service is"
                     : "services need Kubernetes; the rule matches nothing");
    SetDefinition set;
    set.id = policy::service_set_id(service_namespace, match.name, is_destination);
    set.note = fmt::format("service {}/{}", service_namespace, match.name);
    if (is_destination) set.port = {net::tcp, {}};
    if (!deny) (is_destination ? side.named_ports : side.sets).push_back(set.id);
    out_.sets.emplace(set.id, std::move(set));
  }

  plan::SetId addresses(const api::Selector& selector) {
    return out_.sets.try_emplace(selector.id(), SetDefinition{selector.id(), selector, std::nullopt, selector.text()})
        .first->first;
  }

  plan::SetId named_port(const api::Selector& selector, net::Protocol protocol, const std::string& name) {
    const plan::SetId id = policy::named_port_set_id(selector, protocol, name);
    const std::string note = fmt::format("{} port {} of {}", to_lower(net::to_string(protocol)), name, selector.text());
    out_.sets.try_emplace(id, SetDefinition{id, selector, SetDefinition::Port{protocol, name}, note});
    return id;
  }

  void unsupported(std::string_view where, std::string_view field, std::string_view reason) {
    out_.unsupported.push_back(fmt::format("{}.{}: {}", where, field, reason));
  }

  Rules& out_;
  std::string_view namespace_;
};

}  // namespace

Result<Rules> compile(const std::vector<api::Rule>& ingress, const std::vector<api::Rule>& egress,
                      std::string_view policy_namespace) {
  Rules out;
  Compiler compiler(out, policy_namespace);
  const auto all = [&](const std::vector<api::Rule>& in, std::vector<plan::Rule>& rules,
                       std::string_view direction) -> Result<> {
    for (std::size_t i = 0; i < in.size(); ++i) {
      const std::string where = fmt::format("{}[{}]", direction, i);
      rules.push_back(TRY(within(compiler.rule(in[i], where), where)));
    }
    return {};
  };
  TRY(all(ingress, out.ingress, "ingress"));
  TRY(all(egress, out.egress, "egress"));
  return out;
}

}  // namespace weft::graph
