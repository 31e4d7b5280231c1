#pragma once

// Random resources for tests: few names, labels, addresses and ports, so that they meet often. Nearly all of it is
// valid; some is what only old or broken stores hold.

#include <array>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "api/changes.h"
#include "policy/cluster.h"

namespace weft::policy::testing {

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  unsigned below(unsigned end) { return static_cast<unsigned>(random_() % end); }
  bool chance(unsigned one_in) { return below(one_in) == 0; }
  std::string pick(std::initializer_list<const char*> list) {
    return list.begin()[below(static_cast<unsigned>(list.size()))];
  }

  static net::Ip ip(std::string_view text) { return net::Ip::parse(text).value(); }
  static net::Cidr cidr(std::string_view text) { return net::Cidr::parse_loose(text).value(); }

  static void put(auto& table, auto row) { table.insert_or_assign(row.key(), std::move(row)); }
  /// Some of all that decides about packets, but for endpoints and their profiles' number.
  void fill(Cluster& cluster, unsigned profiles) {
    for (; profiles > 0; --profiles) put(cluster.profiles, profile());
    for (unsigned i = below(4); i > 0; --i) put(cluster.tiers, tier());
    for (unsigned i = below(5); i > 0; --i) put(cluster.policies, policy());
    for (unsigned i = below(5); i > 0; --i) put(cluster.global_policies, global_policy());
    for (unsigned i = below(3); i > 0; --i) put(cluster.network_sets, network_set());
    for (unsigned i = below(3); i > 0; --i) put(cluster.global_network_sets, global_network_set());
  }

  // What resources are made of.

  std::string a_namespace() { return pick({"x", "x", "y"}); }
  api::Labels labels() {
    api::Labels out;
    for (unsigned i = below(3); i > 0; --i) out[pick({"a", "b"})] = pick({"1", "2"});
    return out;
  }
  std::string selector() {
    if (chance(60)) return "broken ==";
    return pick({"all()", "a == '1'", "a == '1'", "b in {'1', '2'}", "!has(a)", "a != '2' && has(b)", "has(b)",
                 "pcns.env == 'prod' || a == '1'", "a == '1' && b == '2'", "projectcalico.org/namespace == 'x'",
                 "a in {}", "a not in {'1'}", "b starts with '1' || !(a == '2')", "pcsa.role == 'r'",
                 "projectcalico.org/serviceaccount == 's'"});
  }
  std::string namespace_selector() {
    return pick({"all()", "env == 'prod'", "env != 'prod'", "has(env)", "!has(env)", "global()"});
  }
  std::optional<double> order() {
    if (chance(4)) return std::nullopt;
    return below(3);
  }
  /// Of endpoints here and there, of what is outside, and of both families.
  std::vector<net::Cidr> nets(unsigned most = 3) {
    std::vector<net::Cidr> out;
    const bool v4 = chance(2), mixed = chance(4);
    for (unsigned i = 1 + below(most); i > 0; --i) {
      out.push_back(cidr((mixed ? chance(2) : v4)
                             ? pick({"10.0.0.1", "10.0.0.2", "10.0.0.0/30", "10.0.0.0/24", "10.0.2.0/24", "10.0.0.0/8",
                                     "192.0.2.0/24", "192.0.2.1", "198.51.100.0/24", "0.0.0.0/0", "10.9.0.0/16"})
                             : pick({"fd00::1", "fd00::2", "fd00::/126", "fd00::/64", "fd00:2::/64", "fd00::/8",
                                     "2001:db8::/64", "2001:db8::1", "::/0"})));
    }
    return out;
  }

  // Rules.

  std::vector<api::Port> ports(bool numbers, bool names = true) {
    std::vector<api::Port> out;
    for (unsigned i = 1 + below(3); i > 0; --i) {
      const bool name = names && (!numbers || chance(3));
      const auto text = name ? pick({"http", "http", "dns", "sig", "none"})
                             : pick({"80", "443", "53", "8080:8090", "5000:65535", "9000", "1:79"});
      out.push_back(api::parse_port(text).value());
    }
    return out;
  }
  std::optional<api::Protocol> protocol() {
    switch (below(12)) {
      case 0:
      case 1:
      case 2: return api::Protocol{net::tcp};
      case 3:
      case 4: return api::Protocol{net::udp};
      case 5: return api::Protocol{net::icmp};
      case 6: return api::Protocol{net::icmpv6};
      case 7: return api::Protocol{net::sctp};
      case 8:
        if (chance(2)) return api::Protocol{{std::array<std::uint8_t, 4>{47, 6, 1, 58}[below(4)]}, true};
        return std::nullopt;
      default: return std::nullopt;
    }
  }
  api::Icmp icmp(bool v4) {
    const int types4[] = {8, 8, 0, 13, 3}, types6[] = {128, 128, 129, 135, 1};
    api::Icmp out{.type = (v4 ? types4 : types6)[below(5)], .code = {}, .extra = {}};
    if (chance(2)) out.code = static_cast<int>(below(2));
    return out;
  }
  api::EntityRule side(const std::optional<api::Protocol>& protocol, bool destination) {
    api::EntityRule out;
    if (chance(2)) return out;
    if (chance(30)) {
      out.services = api::ServiceMatch{.name = "s", .namespace_ = {}, .extra = {}};
      return out;
    }
    if (chance(5)) out.nets = nets();
    if (chance(8)) out.not_nets = nets();
    if (chance(4)) out.selector = selector();
    if (chance(8)) out.not_selector = selector();
    if (chance(8)) out.namespace_selector = namespace_selector();
    if (chance(16)) {
      auto& accounts = out.service_accounts.emplace();
      if (chance(2)) accounts.names = {pick({"s", "t"})};
      if (accounts.names.empty() || chance(3)) accounts.selector = pick({"role == 'r'", "has(role)", "all()"});
    }
    const bool numbers = protocol && protocol->value.has_ports();
    if (numbers || (!protocol && chance(10))) {
      if (chance(destination ? 2 : 6)) out.ports = ports(numbers);
      if (chance(destination ? 6 : 12)) out.not_ports = ports(numbers);
    }
    return out;
  }
  api::Rule rule() {
    using enum api::Action;
    const api::Action actions[] = {allow, allow, allow, allow, deny, deny, deny, pass, pass, log};
    api::Rule out;
    out.action = actions[below(10)];
    out.protocol = protocol();
    const bool v4 = out.protocol && out.protocol->value == net::icmp,
               v6 = out.protocol && out.protocol->value == net::icmpv6;
    if (v4 || v6) {
      if (chance(2)) out.icmp = icmp(v4);
      if (chance(4)) out.not_icmp = icmp(v4);
    } else if (chance(8)) {
      out.ip_version = chance(2) ? 4 : 6;
    }
    if (!out.protocol && chance(6)) {
      const net::Protocol protocols[] = {net::tcp, net::udp, net::icmp, net::icmpv6, {47}};
      out.not_protocol = api::Protocol{protocols[below(5)]};
    }
    out.source = side(out.protocol, false);
    out.destination = side(out.protocol, true);
    if (chance(100)) make_unclear(out);
    return out;
  }
  /// Mostly into what no version has let pass.
  void make_unclear(api::Rule& rule) {
    auto& side = chance(2) ? rule.source : rule.destination;
    switch (below(9)) {
      case 0: side.ports.push_back(api::parse_port("80").value()); break;
      case 1: side.not_ports.push_back(api::parse_port(pick({"http", "53"})).value()); break;
      case 2: side.ports.push_back({.range = {90, 80}, .name = {}}); break;
      case 3: rule.protocol.reset(); break;
      case 4: rule.icmp = icmp(true); break;
      case 5: rule.not_icmp = api::Icmp{.type = 255, .code = {}, .extra = {}}; break;
      case 6: (chance(2) ? rule.icmp : rule.not_icmp) = api::Icmp{.type = {}, .code = 0, .extra = {}}; break;
      case 7: rule.ip_version = static_cast<int>(below(8)); break;
      default: side.services = api::ServiceMatch{.name = pick({"s", ""}), .namespace_ = {}, .extra = {}};
    }
  }
  std::vector<api::Rule> rules() {
    std::vector<api::Rule> out;
    for (unsigned i = below(4); i > 0; --i) out.push_back(rule());
    if (!chance(3)) return out;
    // Whatever is left.
    auto& last = out.emplace_back();
    const api::Action actions[] = {api::Action::allow, api::Action::allow, api::Action::pass, api::Action::deny};
    last.action = actions[below(4)];
    if (chance(2)) last.protocol = protocol();
    return out;
  }

  // Kinds.

  api::NetworkPolicy policy() {
    auto out = policy_of<api::NetworkPolicy>();
    out.metadata.namespace_ = a_namespace();
    return out;
  }
  api::GlobalNetworkPolicy global_policy() {
    auto out = policy_of<api::GlobalNetworkPolicy>();
    global(out.spec);
    return out;
  }
  api::StagedNetworkPolicy staged_policy() {
    auto out = policy_of<api::StagedNetworkPolicy>();
    out.metadata.namespace_ = a_namespace();
    out.spec.staged_action = staged_action();
    return out;
  }
  api::StagedGlobalNetworkPolicy staged_global_policy() {
    auto out = policy_of<api::StagedGlobalNetworkPolicy>();
    global(out.spec);
    out.spec.staged_action = staged_action();
    return out;
  }
  api::StagedKubernetesNetworkPolicy staged_kubernetes_policy() {
    api::StagedKubernetesNetworkPolicy out;
    out.metadata.namespace_ = a_namespace();
    out.metadata.name = pick({"p", "q"});
    out.spec.staged_action = staged_action();
    out.spec.pod_selector.match_labels = labels();
    if (chance(2)) {
      api::KubernetesIngress ingress;
      ingress.from.push_back({.pod_selector = api::LabelSelector{.match_labels = labels()}});
      ingress.ports.push_back(
          {.protocol = pick({"", "TCP", "UDP"}), .port = api::parse_port(pick({"80", "http"})).value()});
      out.spec.ingress.push_back(ingress);
    }
    if (chance(2)) out.spec.policy_types = {pick({"Ingress", "Egress"})};
    return out;
  }
  api::Tier tier() {
    api::Tier out;
    out.metadata.name = pick({"default", "a", "b"});
    out.spec.order = order();
    if (!chance(4)) out.spec.default_action = chance(3) ? api::Action::pass : api::Action::deny;
    return out;
  }
  api::Profile profile() {
    api::Profile out;
    out.metadata.name = pick({"kns.x", "kns.y", "ksa.x.s", "ksa.x.t"});
    if (chance(2)) out.spec.labels_to_apply = labels();
    const bool of_account = out.metadata.name.starts_with("ksa");
    if (of_account && chance(2)) out.spec.labels_to_apply["pcsa.role"] = pick({"r", "q"});
    if (!of_account && !chance(3)) out.spec.labels_to_apply["pcns.env"] = pick({"prod", "test"});
    if (of_account && !chance(6)) return out;
    out.spec.ingress = chance(2) ? rules() : std::vector{api::Rule{}};
    out.spec.egress = chance(2) ? rules() : std::vector{api::Rule{}};
    return out;
  }
  api::NetworkSet network_set() {
    auto out = set_of<api::NetworkSet>();
    out.metadata.namespace_ = a_namespace();
    return out;
  }
  api::GlobalNetworkSet global_network_set() { return set_of<api::GlobalNetworkSet>(); }

  /// Settings that decide about packets.
  api::FelixConfiguration configuration() {
    api::FelixConfiguration out;
    out.metadata.name = pick({"default", "node.n1", "some", "node.n2"});
    if (out.metadata.name == "some") out.spec.set("nodeSelector", "rack == 'r1'");
    if (chance(2)) out.spec.set("workloadSourceSpoofing", pick({"Any", "Disabled", "nonsense"}));
    if (chance(2)) out.spec.set("defaultEndpointToHostAction", pick({"Accept", "Drop", "Return"}));
    if (chance(4)) out.spec.set("disableConntrackInvalidCheck", chance(2));
    if (chance(4)) out.spec.set("allowVXLANPacketsFromWorkloads", chance(2));
    if (chance(4)) out.spec.set("allowIPIPPacketsFromWorkloads", chance(2));
    if (chance(6)) out.spec.set("vxlanPort", chance(2) ? 8080 : 4789);
    if (chance(4)) out.spec.set("nftablesFilterDenyAction", pick({"Reject", "Drop"}));
    if (chance(4)) out.spec.set("natOutgoingExclusions", pick({"IPPoolsAndHostIPs", "IPPoolsOnly"}));
    return out;
  }
  api::HostEndpoint host_endpoint() {
    api::HostEndpoint out;
    out.metadata.name = pick({"h", "i", "j"});
    out.metadata.labels = labels();
    out.spec.node = pick({"n1", "n1", "n2"});
    out.spec.interface_name = pick({"eth0", "*", ""});
    for (unsigned i = below(3); i > 0; --i)
      out.spec.expected_ips.emplace_back(pick({"192.0.2.1", "192.0.2.2", "2001:db8::1", "10.0.0.1", "?"}));
    for (unsigned i = below(3); i > 0; --i) out.spec.profiles.emplace_back(pick({"kns.x", "ksa.x.s"}));
    if (chance(3)) out.spec.ports = {{.name = "http", .protocol = {net::tcp}, .port = 8080, .extra = {}}};
    return out;
  }
  api::IpPool pool() {
    api::IpPool out;
    out.metadata.name = pick({"one", "two", "three", "four"});
    out.spec.cidr = cidr(pick({"10.0.0.0/16", "10.0.0.0/24", "10.1.0.0/16", "fd00::/64", "198.51.100.0/24"}));
    out.spec.nat_outgoing = chance(2);
    out.spec.disabled = chance(6);
    if (chance(6)) out.spec.allowed_uses = {"LoadBalancer"};
    return out;
  }
  api::Node node() {
    api::Node out;
    out.metadata.name = pick({"n1", "n2", "n3"});
    if (chance(2)) out.metadata.labels["rack"] = "r1";
    auto& bgp = out.spec.bgp.emplace();
    bgp.ipv4_address = net::Address::parse(pick({"192.0.2.1/24", "192.0.2.2/24", "198.51.100.1/24"})).value();
    if (chance(3)) bgp.ipv6_address = net::Address::parse(pick({"2001:db8::1/64", "2001:db8:1::1/64"})).value();
    return out;
  }

 private:
  template <class Policy>
  Policy policy_of() {
    Policy out;
    // Names that sort another way when the namespace and the kind follow them.
    out.metadata.name = pick({"p", "p-q", "p.q", "p0", "q"});
    auto& spec = out.spec;
    spec.tier = pick({"", "default", "default", "a", "b", "missing"});
    spec.order = order();
    spec.selector = chance(4) ? "" : selector();
    spec.ingress = rules();
    spec.egress = rules();
    if (chance(2)) spec.types = {chance(2) ? api::PolicyType::ingress : api::PolicyType::egress};
    if (chance(8)) spec.types = {api::PolicyType::ingress, api::PolicyType::egress};
    if (chance(8)) spec.service_account_selector = pick({"role == 'r'", "all()", "!has(role)"});
    return out;
  }
  template <class Spec>
  void global(Spec& spec) {
    if (chance(4)) spec.namespace_selector = pick({"all()", "env == 'prod'", "!has(env)"});
    spec.do_not_track = chance(12);
    spec.pre_dnat = chance(16);
    spec.apply_on_forward = chance(3);
    if (chance(8)) spec.performance_hints = {"AssumeNeededOnEveryNode"};
  }
  api::StagedAction staged_action() { return chance(3) ? api::StagedAction::remove : api::StagedAction::set; }
  template <class Set>
  Set set_of() {
    Set out;
    out.metadata.name = pick({"s", "t"});
    out.metadata.labels = labels();
    out.spec.nets = nets();
    return out;
  }

  std::mt19937 random_;
};

}  // namespace weft::policy::testing
