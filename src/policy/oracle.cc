#include "policy/oracle.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

#include "base/strings.h"

namespace weft::policy {
namespace {

constexpr std::string_view default_allow = "projectcalico-default-allow";

std::string_view to_string(api::Action action) {
  switch (action) {
    case api::Action::allow: return "Allow";
    case api::Action::deny: return "Deny";
    case api::Action::log: return "Log";
    case api::Action::pass: return "Pass";
  }
  return "";
}

std::string title(std::string_view kind, std::string_view namespace_, std::string_view name) {
  return namespace_.empty() ? fmt::format("{} {}", kind, name) : fmt::format("{} {}/{}", kind, namespace_, name);
}

/// Orchestrator, "namespace/workload" and endpoint: by these conflicts are settled.
auto id_of(const api::WorkloadEndpoint& endpoint) {
  const auto& spec = endpoint.spec;
  const auto& workload = spec.orchestrator == "k8s"   ? spec.pod
                         : spec.orchestrator == "cni" ? spec.container_id
                                                      : spec.workload;
  return std::tuple(
      spec.orchestrator,
      endpoint.metadata.namespace_ + '/' + (spec.orchestrator == "libnetwork" ? std::string("libnetwork") : workload),
      spec.endpoint, endpoint.key());
}

}  // namespace

std::string_view to_string(Direction direction) { return direction == Direction::ingress ? "ingress" : "egress"; }

std::string to_string(const Step& step) {
  using enum Step::What;
  const auto of_tier = step.tier.empty() ? std::string() : fmt::format("tier {}: ", step.tier);
  switch (step.what) {
    case source_check: return "the source is no address of this endpoint: Deny";
    case closed: return "no endpoint in force on this interface: Deny";
    case established: return "belongs to a connection that was allowed: Allow";
    case invalid: return "belongs to no connection and begins none: Deny";
    case tunnel: return "endpoints may not encapsulate: Deny";
    case discovery: return "neighbour discovery: Allow";
    case rule:
      return fmt::format("{}{}, {} rule {}: {}", of_tier, title(step.kind, step.namespace_, step.name),
                         to_string(step.direction), step.rule, to_string(step.action));
    case tier_default:
      return fmt::format("{}no rule of {} matches, default action: {}", of_tier, join(step.asked, ", "),
                         to_string(step.action));
    case bad_profile: return fmt::format("Profile {} is missing or makes no sense: Deny", step.name);
    case no_profile: return "no profile allows it: Deny";
    case host_action:
      return fmt::format("endpoint to its node, DefaultEndpointToHostAction: {}", to_string(step.action));
    case not_asked: return "a node reaches its own endpoints whatever policy says: Allow";
  }
  return "";
}

bool is_clear(const api::Rule& rule) {
  const net::Protocol number = rule.protocol ? rule.protocol->value : net::Protocol{};
  const bool of_icmp = rule.protocol && (number == net::icmp || number == net::icmpv6);
  if (rule.icmp && !of_icmp) return false;
  for (const auto* icmp : {&rule.icmp, &rule.not_icmp}) {
    if (!*icmp) continue;
    const int type = (*icmp)->type.value_or(0), code = (*icmp)->code.value_or(0);
    if (((*icmp)->code && !(*icmp)->type) || type < 0 || type > 254 || code < 0 || code > 255) return false;
  }
  if (rule.ip_version && *rule.ip_version != 4 && *rule.ip_version != 6) return false;
  for (const auto* side : {&rule.source, &rule.destination}) {
    for (const auto* list : {&side->ports, &side->not_ports}) {
      for (const auto& port : *list) {
        if (rule.protocol ? !number.has_ports() : !port.is_named()) return false;
        if (!port.is_named() && port.range.last < port.range.first) return false;
      }
    }
    if (!side->services) continue;
    const bool selects = !side->selector.empty() || !side->not_selector.empty() || !side->namespace_selector.empty() ||
                         side->service_accounts || !side->nets.empty() || !side->not_nets.empty();
    const bool has_ports = !side->ports.empty() || !side->not_ports.empty();
    if (side->services->name.empty() || selects || (has_ports && side == &rule.destination)) return false;
  }
  return true;
}

// Labels and items.

api::Labels Oracle::labels_of(api::Labels own, const std::vector<std::string>& profiles) const {
  for (const auto& name : profiles) {
    const auto it = cluster_.profiles.find(name);
    if (it != cluster_.profiles.end())
      own.insert(it->second.spec.labels_to_apply.begin(), it->second.spec.labels_to_apply.end());
  }
  return own;
}

api::Labels Oracle::labels_of(const api::WorkloadEndpoint& endpoint) const {
  api::Labels own;
  for (const auto& [label, value] : endpoint.metadata.labels) {
    if (!label.starts_with("pcns.") && !label.starts_with("pcsa.")) own.emplace(label, value);
  }
  own["projectcalico.org/namespace"] = endpoint.metadata.namespace_;
  if (!endpoint.spec.orchestrator.empty()) own["projectcalico.org/orchestrator"] = endpoint.spec.orchestrator;
  if (!endpoint.spec.service_account_name.empty())
    own["projectcalico.org/serviceaccount"] = endpoint.spec.service_account_name;
  return labels_of(std::move(own), endpoint.spec.profiles);
}

/// The endpoints and network sets that have this address: what selectors of rules can match.
std::vector<Oracle::Item> Oracle::items_at(const net::Ip& ip) const {
  std::vector<Item> items;
  const auto has = [&](const std::vector<net::Cidr>& nets) {
    return std::ranges::any_of(nets, [&](const net::Cidr& net) { return net.contains(ip); });
  };
  for (const auto& [key, endpoint] : cluster_.endpoints) {
    if (!counts(endpoint) || !has(endpoint.spec.ip_networks)) continue;
    items.push_back({labels_of(endpoint), {}});
    for (const auto& port : endpoint.spec.ports)
      items.back().ports.push_back({port.name, port.protocol.value, port.port});
  }
  for (const auto& [name, endpoint] : cluster_.host_endpoints) {
    const auto& expected = endpoint.spec.expected_ips;
    if (std::ranges::none_of(expected,
                             [&](const auto& text) { return net::Ip::parse(text).value_or(net::Ip()) == ip; }))
      continue;
    items.push_back({labels_of(endpoint.metadata.labels, endpoint.spec.profiles), {}});
    for (const auto& port : endpoint.spec.ports)
      items.back().ports.push_back({port.name, port.protocol.value, port.port});
  }
  for (const auto& [key, set] : cluster_.network_sets) {
    if (!has(set.spec.nets)) continue;
    api::Labels own = set.metadata.labels;
    own["projectcalico.org/namespace"] = set.metadata.namespace_;
    items.push_back({labels_of(std::move(own), {"kns." + set.metadata.namespace_}), {}});
  }
  for (const auto& [name, set] : cluster_.global_network_sets) {
    if (has(set.spec.nets)) items.push_back({set.metadata.labels, {}});
  }
  return items;
}

bool Oracle::counts(const api::WorkloadEndpoint& endpoint) const {
  const auto& spec = endpoint.spec;
  return !spec.interface_name.empty() && !spec.ip_networks.empty() &&
         (spec.allow_spoofed_source_prefixes.empty() || settings_of(cluster_, spec.node).spoofing_allowed);
}

const api::WorkloadEndpoint* Oracle::on_interface(const std::string& node, const std::string& interface) const {
  const api::WorkloadEndpoint* first = nullptr;
  for (const auto& [key, endpoint] : cluster_.endpoints) {
    const bool here = endpoint.spec.node == node && endpoint.spec.interface_name == interface && counts(endpoint);
    if (here && (!first || id_of(endpoint) < id_of(*first))) first = &endpoint;
  }
  return first;
}

// Selectors.

/// Null when it makes no sense.
const api::Selector* Oracle::selector(const std::string& text) const {
  const auto [it, fresh] = selectors_.try_emplace(text);
  if (fresh) {
    if (auto parsed = api::Selector::parse(text)) it->second = *std::move(parsed);
  }
  return it->second ? &*it->second : nullptr;
}

/// Whether the selector holds when its labels are meant with `prefix` in front. Where `all` names a label, all() asks
/// for that label instead of nothing, and global() for its absence.
bool Oracle::holds(const std::string& text, std::string_view prefix, std::string_view all,
                   const api::Labels& labels) const {
  static const std::string stand_in = "weft.internal/known";
  const auto* parsed = selector(text);
  if (parsed == nullptr) return false;
  if (!all.empty()) {
    std::string narrowed = parsed->text();
    const auto replace = [&](std::string_view from, const std::string& to) {
      for (auto at = narrowed.find(from); at != std::string::npos; at = narrowed.find(from, at + to.size()))
        narrowed.replace(at, from.size(), to);
    };
    replace("all()", "has(" + stand_in + ")");
    replace("global()", "!has(" + stand_in + ")");
    parsed = selector(narrowed);
  }
  return parsed->matches([&](std::string_view name) -> const std::string* {
    const auto it = labels.find(name == stand_in ? std::string(all) : std::string(prefix) + std::string(name));
    return it == labels.end() ? nullptr : &it->second;
  });
}

bool Oracle::understood(const api::EntityRule& side) const {
  return selector(side.selector) && selector(side.not_selector) && selector(side.namespace_selector) &&
         (!side.service_accounts || selector(side.service_accounts->selector));
}

bool Oracle::understood(const std::vector<api::Rule>& rules) const {
  return std::ranges::all_of(rules, [&](const auto& rule) {
    return is_clear(rule) && understood(rule.source) && understood(rule.destination);
  });
}

// Policies.

/// A policy that cannot be understood as a whole counts as absent.
template <class Spec>
bool Oracle::makes_sense(const Spec& spec) const {
  return selector(spec.selector) && selector(spec.service_account_selector) && understood(spec.ingress) &&
         understood(spec.egress);
}

bool Oracle::selects(const api::NetworkPolicy& policy, const api::Labels& labels) const {
  const auto& spec = policy.spec;
  const auto in = labels.find("projectcalico.org/namespace");
  return makes_sense(spec) && in != labels.end() && in->second == policy.metadata.namespace_ &&
         holds(spec.selector, "", "", labels) && holds(spec.service_account_selector, "pcsa.", "", labels);
}

bool Oracle::selects(const api::GlobalNetworkPolicy& policy, const api::Labels& labels) const {
  const auto& spec = policy.spec;
  // These act on host endpoints only.
  if (spec.do_not_track || spec.pre_dnat || !makes_sense(spec) || !selector(spec.namespace_selector)) return false;
  const bool namespaces = !spec.namespace_selector.empty(), accounts = !spec.service_account_selector.empty();
  // With a selector of namespaces, "all" means all that are in one; of service accounts, all that have one.
  const std::string_view all = namespaces ? "projectcalico.org/namespace"
                               : accounts ? "projectcalico.org/serviceaccount"
                                          : "";
  return (spec.selector.empty() || holds(spec.selector, "", all, labels)) &&
         (!namespaces || holds(spec.namespace_selector, "pcns.", "projectcalico.org/namespace", labels)) &&
         (!accounts || holds(spec.service_account_selector, "pcsa.", "projectcalico.org/serviceaccount", labels));
}

/// Those that select the endpoint and decide about the direction, in the order in which they are asked.
std::vector<Oracle::Policy> Oracle::policies_for(const api::WorkloadEndpoint& endpoint, Direction direction) const {
  const auto labels = labels_of(endpoint);
  const auto wanted = direction == Direction::ingress ? api::PolicyType::ingress : api::PolicyType::egress;
  std::vector<Policy> found;
  const auto look = [&](std::string_view kind, const auto& policies) {
    for (const auto& [key, policy] : policies) {
      const auto& spec = policy.spec;
      if (!spec.types.empty() && std::ranges::find(spec.types, wanted) == spec.types.end()) continue;
      if (!selects(policy, labels)) continue;
      found.push_back({std::string(kind), policy.metadata.namespace_, policy.metadata.name,
                       spec.tier.empty() ? "default" : spec.tier, spec.order, &spec.types, &spec.ingress,
                       &spec.egress});
    }
  };
  look("NetworkPolicy", cluster_.policies);
  look("GlobalNetworkPolicy", cluster_.global_policies);

  // Tiers that exist before those that are only mentioned; by order, none last; by name. Then policies by order, none
  // last; by name, namespace and kind as one text.
  const auto place = [&](const Policy& policy) {
    const auto tier = cluster_.tiers.find(policy.tier);
    const bool known = tier != cluster_.tiers.end();
    const auto tier_order = known ? tier->second.spec.order : std::nullopt;
    return std::tuple(!known, !tier_order.has_value(), tier_order.value_or(0), policy.tier, !policy.order.has_value(),
                      policy.order.value_or(0), fmt::format("{}/{}/{}", policy.name, policy.namespace_, policy.kind));
  };
  std::ranges::sort(found, [&](const Policy& a, const Policy& b) { return place(a) < place(b); });
  return found;
}

// Rules.

/// Whether what a side selects by labels holds of an endpoint or network set: namespace, service account, selector.
bool Oracle::peer_matches(const api::EntityRule& side, const std::string& policy_namespace, const Item& item) const {
  const auto label = [&](const char* name) -> const std::string* {
    const auto it = item.labels.find(name);
    return it == item.labels.end() ? nullptr : &it->second;
  };
  if (!side.namespace_selector.empty()) {
    if (!holds(side.namespace_selector, "pcns.", "projectcalico.org/namespace", item.labels)) return false;
  } else if (!policy_namespace.empty()) {
    const auto* in = label("projectcalico.org/namespace");
    if (!in || *in != policy_namespace) return false;
  }
  if (side.service_accounts) {
    const auto& [names, text, extra] = *side.service_accounts;
    const auto* account = label("projectcalico.org/serviceaccount");
    if (!names.empty() && (!account || std::ranges::find(names, *account) == names.end())) return false;
    if (!text.empty() && !holds(text, "pcsa.", "", item.labels)) return false;
  }
  if (!side.selector.empty() && !holds(side.selector, "", "", item.labels)) return false;
  return side.not_selector.empty() || !holds(side.not_selector, "", "", item.labels);
}

bool Oracle::side_matches(const api::Rule& rule, bool source, const std::string& policy_namespace,
                          const Packet& packet) const {
  const auto& side = source ? rule.source : rule.destination;
  const auto& ip = source ? packet.source : packet.destination;
  const auto port = source ? packet.source_port : packet.destination_port;

  // Lists of nets that hold only the other family: the rule is not for this one, even when they are negated.
  for (const auto* list : {&side.nets, &side.not_nets}) {
    const bool mine = std::ranges::any_of(*list, [&](const auto& net) { return net.family() == ip.family(); });
    if (!list->empty() && !mine) return false;
  }
  const auto holds_ip = [&](const net::Cidr& net) { return net.contains(ip); };
  if (!side.nets.empty() && std::ranges::none_of(side.nets, holds_ip)) return false;
  if (std::ranges::any_of(side.not_nets, holds_ip)) return false;

  // Who is behind a service only Kubernetes knows: nobody, but a Deny does not rely on it.
  if (side.services && rule.action != api::Action::deny) return false;

  const auto items = items_at(ip);
  const bool by_account =
      side.service_accounts && (!side.service_accounts->names.empty() || !side.service_accounts->selector.empty());
  const bool labels_asked = !side.selector.empty() || by_account;
  const bool only_excludes = !labels_asked && side.namespace_selector.empty() && policy_namespace.empty();
  if (labels_asked || !side.namespace_selector.empty() || !side.not_selector.empty()) {
    const auto excluded = [&](const Item& item) { return holds(side.not_selector, "", "", item.labels); };
    const auto matched = [&](const Item& item) { return peer_matches(side, policy_namespace, item); };
    if (only_excludes ? std::ranges::any_of(items, excluded) : std::ranges::none_of(items, matched)) return false;
  }

  // A port's name stands for what the endpoints say that the side selects. Exclusions count only where they narrow a
  // selection.
  const auto scoped = [&](const Item& item) {
    const bool narrows = labels_asked || !side.namespace_selector.empty() || !side.not_selector.empty();
    return only_excludes || !narrows || peer_matches(side, policy_namespace, item);
  };
  const auto named = rule.protocol && (rule.protocol->value == net::udp || rule.protocol->value == net::sctp)
                         ? rule.protocol->value
                         : net::tcp;
  const auto is = [&](const api::Port& wanted) {
    if (!packet.protocol.has_ports()) return false;
    if (!wanted.is_named()) return wanted.range.contains(port);
    return packet.protocol == named && std::ranges::any_of(items, [&](const Item& item) {
             return scoped(item) && std::ranges::any_of(item.ports, [&](const NamedPort& p) {
                      return p.name == wanted.name && p.protocol == named && p.port == port;
                    });
           });
  };
  if (!side.ports.empty() && std::ranges::none_of(side.ports, is)) return false;
  return std::ranges::none_of(side.not_ports, is);
}

bool Oracle::matches(const api::Rule& rule, const std::string& policy_namespace, const Packet& packet) const {
  const int version = packet.source.is_v4() ? 4 : 6;
  std::optional<int> wanted = rule.ip_version;
  const bool by_name = rule.protocol && (!rule.protocol->as_number || rule.icmp || rule.not_icmp);
  if (!wanted && by_name && rule.protocol->value == net::icmp) wanted = 4;
  if (!wanted && by_name && rule.protocol->value == net::icmpv6) wanted = 6;
  if (wanted && *wanted != version) return false;

  if (rule.protocol && packet.protocol != rule.protocol->value) return false;
  if (rule.not_protocol && packet.protocol == rule.not_protocol->value) return false;
  const auto is_icmp = packet.protocol == (version == 4 ? net::icmp : net::icmpv6);
  const auto same = [&](const api::Icmp& icmp) {
    return icmp.type && *icmp.type == packet.type && (!icmp.code || *icmp.code == packet.code);
  };
  if (rule.icmp && rule.icmp->type && !(is_icmp && same(*rule.icmp))) return false;
  if (rule.not_icmp && rule.not_icmp->type && (!is_icmp || same(*rule.not_icmp))) return false;
  return side_matches(rule, true, policy_namespace, packet) && side_matches(rule, false, policy_namespace, packet);
}

// Asking.

std::optional<bool> Oracle::ask_tiers(const api::WorkloadEndpoint& endpoint, Direction direction, const Packet& packet,
                                      std::vector<Step>& steps) const {
  const auto policies = policies_for(endpoint, direction);
  for (auto it = policies.begin(); it != policies.end();) {
    const auto tier = it->tier;
    const auto end = std::find_if(it, policies.end(), [&](const Policy& policy) { return policy.tier != tier; });
    std::vector<std::string> asked;
    bool passed = false;
    for (; it != end && !passed; ++it) {
      const auto& rules = direction == Direction::ingress ? *it->ingress : *it->egress;
      for (std::size_t i = 0; i < rules.size() && !passed; ++i) {
        if (!matches(rules[i], it->namespace_, packet)) continue;
        steps.push_back({.what = Step::What::rule,
                         .action = rules[i].action,
                         .tier = tier,
                         .kind = it->kind,
                         .namespace_ = it->namespace_,
                         .name = it->name,
                         .rule = static_cast<int>(i),
                         .direction = direction,
                         .asked = {}});
        if (rules[i].action == api::Action::allow) return true;
        if (rules[i].action == api::Action::deny) return false;
        passed = rules[i].action == api::Action::pass;
      }
      asked.push_back(title(it->kind, it->namespace_, it->name));
    }
    it = end;
    if (passed) continue;
    const auto known = cluster_.tiers.find(tier);
    const bool pass = known != cluster_.tiers.end() && known->second.spec.default_action == api::Action::pass;
    Step step;
    step.what = Step::What::tier_default;
    step.action = pass ? api::Action::pass : api::Action::deny;
    step.tier = tier;
    step.direction = direction;
    step.asked = std::move(asked);
    steps.push_back(std::move(step));
    if (!pass) return false;
  }
  return std::nullopt;
}

std::optional<bool> Oracle::ask_profile(const std::string& name, Direction direction, const Packet& packet,
                                        std::vector<Step>& steps) const {
  Step step{.what = Step::What::rule,
            .action = api::Action::allow,
            .tier = {},
            .kind = "Profile",
            .namespace_ = {},
            .name = name,
            .rule = 0,
            .direction = direction,
            .asked = {}};
  if (name == default_allow) {
    steps.push_back(step);
    return true;
  }
  const auto it = cluster_.profiles.find(name);
  if (it == cluster_.profiles.end() || !understood(it->second.spec.ingress) || !understood(it->second.spec.egress)) {
    step.what = Step::What::bad_profile;
    step.action = api::Action::deny;
    step.rule = -1;
    steps.push_back(step);
    return false;
  }
  const auto& rules = direction == Direction::ingress ? it->second.spec.ingress : it->second.spec.egress;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!matches(rules[i], "", packet)) continue;
    step.action = rules[i].action;
    step.rule = static_cast<int>(i);
    steps.push_back(step);
    if (rules[i].action == api::Action::allow) return true;
    if (rules[i].action == api::Action::deny) return false;
    if (rules[i].action == api::Action::pass) break;  // ends this profile
  }
  return std::nullopt;
}

Verdict Oracle::ask(const api::WorkloadEndpoint& endpoint, Direction direction, const Packet& packet) const {
  const auto settings = settings_of(cluster_, endpoint.spec.node);
  const auto at_once = [&](Step::What what, bool allowed) {
    Step step;
    step.what = what;
    step.action = allowed ? api::Action::allow : api::Action::deny;
    step.direction = direction;
    return Verdict{allowed, {step}};
  };
  if (packet.state == Packet::State::established) return at_once(Step::What::established, true);
  if (packet.state == Packet::State::invalid && settings.invalid_check) return at_once(Step::What::invalid, false);
  if (direction == Direction::egress) {
    const bool vxlan = packet.protocol == net::udp && packet.destination_port == settings.vxlan_port;
    const bool ipip = packet.protocol.number == 4;
    if ((vxlan && !settings.vxlan_from_workloads) || (ipip && !settings.ipip_from_workloads))
      return at_once(Step::What::tunnel, false);
  }
  Verdict verdict;
  auto answer = ask_tiers(endpoint, direction, packet, verdict.steps);
  std::set<std::string> seen;
  for (const auto& profile : endpoint.spec.profiles) {
    if (answer) break;
    if (seen.insert(profile).second) answer = ask_profile(profile, direction, packet, verdict.steps);
  }
  if (!answer) verdict.steps.push_back(at_once(Step::What::no_profile, false).steps.front());
  verdict.allowed = answer.value_or(false);
  return verdict;
}

}  // namespace weft::policy
