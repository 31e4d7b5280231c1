// What the oracle says, held against the text of the reference (dataplane 1.3 to 1.5, 4, 10; datamodel 5.4, 5.5).
#include "policy/oracle.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "policy/testing.h"

namespace weft::policy {
namespace {

net::Ip ip(const std::string& text) { return net::Ip::parse(text).value(); }

Packet tcp(std::uint16_t port, std::uint16_t source_port = 40000) {
  return {ip("10.0.0.1"), ip("10.0.0.2"), net::tcp, source_port, port};
}
Packet udp(std::uint16_t port) { return {ip("10.0.0.1"), ip("10.0.0.2"), net::udp, 40000, port}; }
Packet icmp(std::uint8_t type, std::uint8_t code) {
  return {ip("10.0.0.1"), ip("10.0.0.2"), net::icmp, 0, 0, type, code};
}
Packet v6(Packet packet) {
  packet.source = ip("fd00::1"), packet.destination = ip("fd00::2");
  if (packet.protocol == net::icmp) packet.protocol = net::icmpv6;
  return packet;
}
Packet from(const std::string& source, Packet packet) {
  packet.source = ip(source);
  return packet;
}

// A client and a server in one namespace, and one profile that allows everything.
constexpr std::string_view pods = R"(
{kind: Profile, apiVersion: projectcalico.org/v3, metadata: {name: open}, spec: {ingress: [{action: Allow}], egress: [{action: Allow}]}}
---
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {name: n1-k8s-client-eth0, namespace: shop, labels: {role: client}}
spec: {orchestrator: k8s, node: n1, pod: client, endpoint: eth0, containerID: c, interfaceName: cali1, ipNetworks: [10.0.0.1/32, fd00::1/128], profiles: [open]}
---
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {name: n1-k8s-server-eth0, namespace: shop, labels: {role: server}}
spec:
  orchestrator: k8s
  node: n1
  pod: server
  endpoint: eth0
  containerID: c
  interfaceName: cali2
  ipNetworks: [10.0.0.2/32, fd00::2/128]
  profiles: [open]
  ports: [{name: http, protocol: TCP, port: 8080}, {name: dns, protocol: UDP, port: 53}]
)";

class OracleTest : public ::testing::Test {
 protected:
  OracleTest() { put(pods); }

  void put(std::string_view yaml) { testing::put(cluster, yaml); }
  /// Profiles of the server, in this order.
  void profiles(std::vector<std::string> names) { server().spec.profiles = std::move(names); }
  /// A policy with these ingress rules for the server, written as JSON; in a namespace, or global.
  void rules(const std::string& text, const std::string& namespace_ = "shop") {
    cluster.policies.clear(), cluster.global_policies.clear();
    put(
        fmt::format("{{apiVersion: projectcalico.org/v3, kind: {}, metadata: {{name: p{}}}, spec: {{selector: role == "
                    "'server', types: [Ingress], ingress: {}}}}}",
                    namespace_.empty() ? "GlobalNetworkPolicy" : "NetworkPolicy",
                    namespace_.empty() ? "" : ", namespace: " + namespace_, text));
  }
  void policy(const std::string& name, const std::string& more, const std::string& rules_text,
              const std::string& types = "Ingress") {
    put(
        fmt::format("{{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {{name: {}}}, spec: "
                    "{{types: [{}], {} {}: {}}}}}",
                    name, types, more, types == "Egress" ? "egress" : "ingress", rules_text));
  }
  void tier(const std::string& name, const std::string& spec) {
    put(fmt::format("{{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {{name: {}}}, spec: {{{}}}}}", name,
                    spec));
  }

  api::WorkloadEndpoint& server() { return cluster.endpoints.at({"shop", "n1-k8s-server-eth0"}); }
  Verdict verdict(const Packet& packet, Direction direction = Direction::ingress) {
    return Oracle(cluster).ask(server(), direction, packet);
  }
  bool allowed(const Packet& packet, Direction direction = Direction::ingress) {
    return verdict(packet, direction).allowed;
  }
  std::string why(const Packet& packet, Direction direction = Direction::ingress) {
    return to_string(verdict(packet, direction).deciding());
  }

  Cluster cluster;
};

// --- order: tiers, policies, profiles

TEST_F(OracleTest, AsksProfilesWhereNoPolicySelects) {
  EXPECT_TRUE(allowed(tcp(80)));
  EXPECT_EQ(why(tcp(80)), "Profile open, ingress rule 0: Allow");
  profiles({});
  EXPECT_FALSE(allowed(tcp(80)));
  EXPECT_EQ(why(tcp(80)), "no profile allows it: Deny");
}

TEST_F(OracleTest, DeniesAtAMissingProfileWhatThoseBeforeItDidNotAllow) {
  put("{apiVersion: projectcalico.org/v3, kind: Profile, metadata: {name: web}, spec: {ingress: [{action: Allow, "
      "protocol: TCP, destination: {ports: [80]}}]}}");
  profiles({"web", "gone", "open"});
  EXPECT_TRUE(allowed(tcp(80)));
  EXPECT_FALSE(allowed(tcp(81)));
  EXPECT_EQ(why(tcp(81)), "Profile gone is missing or makes no sense: Deny");
}

TEST_F(OracleTest, EndsAProfileWithPass) {
  put("{apiVersion: projectcalico.org/v3, kind: Profile, metadata: {name: first}, spec: {ingress: [{action: Pass}, "
      "{action: Deny}]}}");
  profiles({"first", "open"});
  EXPECT_TRUE(allowed(tcp(80)));
  profiles({"first"});
  EXPECT_FALSE(allowed(tcp(80)));
}

TEST_F(OracleTest, AllowsByTheProfileThatIsBuiltIn) {
  profiles({"projectcalico-default-allow"});
  EXPECT_TRUE(allowed(tcp(80)));
}

TEST_F(OracleTest, DeniesAtTheEndOfATierThatHasAPolicyInThatDirection) {
  policy("p", "", "[]");
  EXPECT_FALSE(allowed(tcp(80)));
  EXPECT_EQ(why(tcp(80)), "tier default: no rule of GlobalNetworkPolicy p matches, default action: Deny");
  EXPECT_TRUE(allowed(tcp(80), Direction::egress)) << "each direction stands alone";
}

TEST_F(OracleTest, TakesAPolicyWithoutTypesForBothDirections) {
  policy("p", "", "[]");
  cluster.global_policies.at("p").spec.types.clear();
  EXPECT_FALSE(allowed(tcp(80)));
  EXPECT_FALSE(allowed(tcp(80), Direction::egress));
}

TEST_F(OracleTest, AsksTiersByOrderThenByNameAndThoseThatAreOnlyMentionedLast) {
  tier("late", "");
  tier("b", "order: 5");
  tier("a", "order: 5");
  tier("first", "order: -1");
  for (const char* name : {"unknown", "late", "b", "a", "first"})
    policy(std::string(name) + ".p", fmt::format("tier: {},", name), "[{action: Pass}]");
  std::vector<std::string> order;
  for (const auto& step : verdict(tcp(80)).steps) order.push_back(step.tier);
  EXPECT_EQ(order, (std::vector<std::string>{"first", "a", "b", "late", "unknown", ""}));
}

TEST_F(OracleTest, EnforcesATierThatDoesNotExistWithDeny) {
  policy("unknown.p", "tier: unknown,", "[]");
  EXPECT_FALSE(allowed(tcp(80)));
}

TEST_F(OracleTest, GoesOnAfterATierWhoseDefaultActionIsPass) {
  tier("soft", "order: 1, defaultAction: Pass");
  policy("soft.p", "tier: soft,", "[{action: Deny, protocol: UDP}]");
  EXPECT_TRUE(allowed(tcp(80)));
  EXPECT_FALSE(allowed(udp(80)));
  EXPECT_EQ(to_string(verdict(tcp(80)).steps.front()),
            "tier soft: no rule of GlobalNetworkPolicy soft.p matches, default action: Pass");
}

TEST_F(OracleTest, LeavesTheTierByPassAndEndsUpInProfiles) {
  tier("hard", "order: 1");
  policy("hard.a", "tier: hard, order: 1,", "[{action: Pass, protocol: TCP}]");
  policy("hard.b", "tier: hard, order: 2,", "[{action: Deny}]");
  EXPECT_EQ(why(tcp(80)), "Profile open, ingress rule 0: Allow");
  EXPECT_EQ(why(udp(80)), "tier hard: GlobalNetworkPolicy hard.b, ingress rule 0: Deny");
}

TEST_F(OracleTest, GoesOnAfterLog) {
  rules("[{action: Log}, {action: Allow}]");
  EXPECT_EQ(verdict(tcp(80)).steps.size(), 2u);
  EXPECT_TRUE(allowed(tcp(80)));
}

TEST_F(OracleTest, BreaksTiesOfOrderByNameNamespaceAndKindAsOneText) {
  // "-" and "." sort before "/", letters and digits after it.
  const std::vector<std::string> names = {"a", "a-b", "a.b", "a0", "ab"};
  for (const auto& name : names) policy(name, "order: 1,", "[{action: Log}]");
  std::vector<std::string> order;
  for (const auto& step : verdict(tcp(80)).steps) {
    if (step.what == Step::What::rule) order.push_back(step.name);
  }
  EXPECT_EQ(order, (std::vector<std::string>{"a-b", "a.b", "a", "a0", "ab"}));
}

TEST_F(OracleTest, AsksPoliciesWithoutOrderLast) {
  policy("a", "", "[{action: Deny}]");
  policy("z", "order: 1000000,", "[{action: Allow}]");
  EXPECT_TRUE(allowed(tcp(80)));
}

TEST_F(OracleTest, IgnoresWhatIsForHostEndpoints) {
  policy("p", "", "[]");
  cluster.global_policies.at("p").spec.do_not_track = true;
  EXPECT_TRUE(allowed(tcp(80)));
  cluster.global_policies.at("p").spec.do_not_track = false;
  cluster.global_policies.at("p").spec.pre_dnat = true;
  EXPECT_TRUE(allowed(tcp(80)));
  cluster.global_policies.at("p").spec.pre_dnat = false;
  cluster.global_policies.at("p").spec.apply_on_forward = true;
  EXPECT_FALSE(allowed(tcp(80)));
}

TEST_F(OracleTest, TakesAPolicyThatMakesNoSenseForAbsent) {
  rules("[{action: Deny}]");
  EXPECT_FALSE(allowed(tcp(80)));
  auto& spec = cluster.policies.begin()->second.spec;
  spec.egress.resize(1);
  spec.egress[0].destination.ports = {{.range = {80, 80}, .name = {}}};  // a number without a protocol
  EXPECT_TRUE(allowed(tcp(80)));
  spec.egress.clear();
  spec.ingress[0].source.not_selector = "has(";
  EXPECT_TRUE(allowed(tcp(80)));
}

// --- who is selected

TEST_F(OracleTest, SelectsByLabelsOfProfilesWhereTheEndpointHasNone) {
  put("{apiVersion: projectcalico.org/v3, kind: Profile, metadata: {name: kns.shop}, spec: {labelsToApply: {pcns.env: "
      "prod, role: other}, ingress: [{action: Allow}], egress: [{action: Allow}]}}");
  put("{apiVersion: projectcalico.org/v3, kind: Profile, metadata: {name: second}, spec: {labelsToApply: {pcns.env: "
      "test, extra: yes}, ingress: [{action: Allow}]}}");
  profiles({"kns.shop", "second"});
  policy("p", "selector: \"pcns.env == 'prod' && role == 'server' && has(extra)\",", "[]");
  EXPECT_FALSE(allowed(tcp(80)));
  profiles({"second", "kns.shop"});
  EXPECT_TRUE(allowed(tcp(80))) << "the first profile that has the label";
}

TEST_F(OracleTest, NarrowsAGlobalPolicyByNamespaceAndAccount) {
  policy("p", "namespaceSelector: global(),", "[]");
  EXPECT_TRUE(allowed(tcp(80)));
  cluster.global_policies.at("p").spec.namespace_selector = "all()";
  EXPECT_FALSE(allowed(tcp(80)));
  cluster.global_policies.at("p").spec.namespace_selector.clear();
  cluster.global_policies.at("p").spec.service_account_selector = "all()";
  EXPECT_TRUE(allowed(tcp(80))) << "it has no service account";
  server().spec.service_account_name = "robot";
  EXPECT_FALSE(allowed(tcp(80)));
}

TEST_F(OracleTest, LimitsASideToThePolicysNamespaceOnceItSelects) {
  put("{apiVersion: projectcalico.org/v3, kind: GlobalNetworkSet, metadata: {name: net, labels: {role: client}}, spec: "
      "{nets: [192.0.2.0/24]}}");
  rules("[{action: Allow, source: {selector: role == 'client'}}]");
  EXPECT_TRUE(allowed(tcp(80)));
  EXPECT_FALSE(allowed(from("192.0.2.1", tcp(80))));
  rules("[{action: Allow, source: {selector: role == 'client', namespaceSelector: global()}}]");
  EXPECT_FALSE(allowed(tcp(80)));
  EXPECT_TRUE(allowed(from("192.0.2.1", tcp(80))));
  rules("[{action: Allow, source: {selector: role == 'client'}}]", "");
  EXPECT_TRUE(allowed(tcp(80)));
  EXPECT_TRUE(allowed(from("192.0.2.1", tcp(80))));
}

TEST_F(OracleTest, ExcludesInTheNamespaceWhereThePolicyHasOneAndEverywhereElse) {
  const std::string not_client = "[{action: Allow, source: {notSelector: role == 'client'}}]";
  rules(not_client);
  EXPECT_FALSE(allowed(tcp(80)));
  EXPECT_FALSE(allowed(from("192.0.2.1", tcp(80)))) << "of this namespace, except";
  EXPECT_TRUE(allowed(from("10.0.0.2", tcp(80))));
  rules(not_client, "");
  EXPECT_FALSE(allowed(tcp(80)));
  EXPECT_TRUE(allowed(from("192.0.2.1", tcp(80)))) << "anything that is not known";
}

TEST_F(OracleTest, MatchesAnAddressByEachOfItsOwners) {
  // Two endpoints share an address: one that is excluded does not hide the one that is selected.
  put("{apiVersion: projectcalico.org/v3, kind: WorkloadEndpoint, metadata: {name: n2-k8s-twin-eth0, namespace: shop, "
      "labels: {role: twin}}, spec: {orchestrator: k8s, node: n2, pod: twin, endpoint: eth0, containerID: c, "
      "interfaceName: cali9, ipNetworks: [10.0.0.1/32]}}");
  rules("[{action: Allow, source: {selector: has(role), notSelector: role == 'client'}}]");
  EXPECT_TRUE(allowed(tcp(80)));
  rules("[{action: Allow, source: {notSelector: role == 'client'}}]", "");
  EXPECT_FALSE(allowed(tcp(80)));
}

TEST_F(OracleTest, KnowsServiceAccountsByNameAndLabel) {
  cluster.endpoints.at({"shop", "n1-k8s-client-eth0"}).spec.service_account_name = "robot";
  put("{apiVersion: projectcalico.org/v3, kind: Profile, metadata: {name: ksa.shop.robot}, spec: {labelsToApply: "
      "{pcsa.team: blue}}}");
  cluster.endpoints.at({"shop", "n1-k8s-client-eth0"}).spec.profiles = {"ksa.shop.robot"};
  rules("[{action: Allow, source: {serviceAccounts: {names: [robot], selector: team == 'blue'}}}]");
  EXPECT_TRUE(allowed(tcp(80)));
  rules("[{action: Allow, source: {serviceAccounts: {names: [other], selector: team == 'blue'}}}]");
  EXPECT_FALSE(allowed(tcp(80)));
  rules("[{action: Allow, source: {serviceAccounts: {names: [robot], selector: team == 'red'}}}]");
  EXPECT_FALSE(allowed(tcp(80)));
}

TEST_F(OracleTest, KnowsNobodyBehindAServiceButDeniesWithoutKnowing) {
  rules("[{action: Allow, source: {services: {name: db}}}]");
  EXPECT_FALSE(allowed(tcp(80)));
  rules("[{action: Deny, protocol: TCP, source: {services: {name: db}}}, {action: Allow}]");
  EXPECT_FALSE(allowed(tcp(80)));
  EXPECT_TRUE(allowed(udp(80)));
}

// --- fields of a rule

TEST_F(OracleTest, MatchesNetsOfThePacketsFamilyOnly) {
  rules("[{action: Allow, source: {nets: [10.0.0.0/8]}}]");
  EXPECT_TRUE(allowed(tcp(80)));
  EXPECT_FALSE(allowed(v6(tcp(80))));
  rules("[{action: Allow, source: {notNets: [192.0.2.0/24]}}]");
  EXPECT_TRUE(allowed(tcp(80)));
  EXPECT_FALSE(allowed(v6(tcp(80)))) << "a list of the other family alone takes the rule away, also when negated";
  rules("[{action: Allow, source: {nets: [10.0.0.0/8], notNets: [10.0.0.0/30]}}]");
  EXPECT_FALSE(allowed(tcp(80)));
  EXPECT_TRUE(allowed(from("10.0.0.4", tcp(80))));
}

TEST_F(OracleTest, TakesANegatedCatchAllForARuleThatNeverMatches) {
  rules("[{action: Allow}]");
  cluster.policies.begin()->second.spec.ingress[0].source.not_nets = {*net::Cidr::parse("0.0.0.0/0")};
  EXPECT_FALSE(allowed(tcp(80)));
}

TEST_F(OracleTest, MatchesProtocolsAndVersions) {
  rules("[{action: Allow, notProtocol: TCP}]");
  EXPECT_FALSE(allowed(tcp(80)));
  EXPECT_TRUE(allowed(udp(80)));
  rules("[{action: Allow, ipVersion: 6}]");
  EXPECT_FALSE(allowed(tcp(80)));
  EXPECT_TRUE(allowed(v6(tcp(80))));
  rules("[{action: Allow, protocol: ICMP}]");
  EXPECT_TRUE(allowed(icmp(8, 0)));
  EXPECT_FALSE(allowed(v6(icmp(128, 0))));
}

TEST_F(OracleTest, MatchesPortsAndRanges) {
  rules("[{action: Allow, protocol: TCP, source: {notPorts: [1]}, destination: {ports: [80, '8000:8100']}}]");
  EXPECT_TRUE(allowed(tcp(80)));
  EXPECT_TRUE(allowed(tcp(8100)));
  EXPECT_FALSE(allowed(tcp(8101)));
  EXPECT_FALSE(allowed(udp(80)));
  EXPECT_FALSE(allowed(tcp(80, 1)));
}

TEST_F(OracleTest, OrsNumbersAndNamesOfPorts) {
  rules("[{action: Allow, protocol: TCP, destination: {ports: [80, http, dns]}}]");
  EXPECT_TRUE(allowed(tcp(80)));
  EXPECT_TRUE(allowed(tcp(8080)));
  EXPECT_FALSE(allowed(tcp(53))) << "dns is UDP";
  rules("[{action: Allow, destination: {ports: [http]}}]");
  EXPECT_TRUE(allowed(tcp(8080)));
  EXPECT_FALSE(allowed(udp(8080)));
  rules("[{action: Allow, protocol: UDP, destination: {ports: [dns]}}]");
  EXPECT_TRUE(allowed(udp(53)));
}

TEST_F(OracleTest, LooksNamesOfPortsUpAmongTheEndpointsThatTheSideSelects) {
  rules("[{action: Allow, protocol: TCP, destination: {selector: role == 'client', ports: [http]}}]");
  EXPECT_FALSE(allowed(tcp(8080)));
  rules("[{action: Allow, protocol: TCP, destination: {selector: role == 'server', notPorts: [http, 81]}}]");
  EXPECT_FALSE(allowed(tcp(8080)));
  EXPECT_FALSE(allowed(tcp(81)));
  EXPECT_TRUE(allowed(tcp(80)));
  rules("[{action: Allow, destination: {notPorts: [http]}}]");
  EXPECT_FALSE(allowed(tcp(8080)));
  EXPECT_TRUE(allowed(icmp(8, 0))) << "whatever is not that port";
}

// Where they are expected to be (dataplane 1.4).
TEST_F(OracleTest, MatchesHostEndpointsAsPeers) {
  put("{apiVersion: projectcalico.org/v3, kind: HostEndpoint, metadata: {name: h, labels: {role: host}}, spec: {node: "
      "n7, "
      "expectedIPs: [192.0.2.7, 10.0.0.2], profiles: [more], ports: [{name: ssh, protocol: TCP, port: 22}]}}");
  put("{apiVersion: projectcalico.org/v3, kind: Profile, metadata: {name: more}, spec: {labelsToApply: {rack: r1}}}");
  rules("[{action: Allow, source: {selector: role == 'host' && rack == 'r1'}}]", "");
  EXPECT_TRUE(allowed(from("192.0.2.7", tcp(80))));
  EXPECT_FALSE(allowed(from("192.0.2.8", tcp(80))));
  rules("[{action: Allow, source: {selector: role == 'host'}}]");
  EXPECT_FALSE(allowed(from("192.0.2.7", tcp(80)))) << "it is in no namespace";
  rules("[{action: Allow, protocol: TCP, destination: {selector: role == 'host', ports: [ssh]}}]", "");
  EXPECT_TRUE(allowed(tcp(22)));
  EXPECT_FALSE(allowed(tcp(23)));
}

// The rule block's bit of Calico (dataplane 4.4, 10.1): all lists count.
TEST_F(OracleTest, RequiresEachOfThreeLists) {
  const std::string rule =
      "[{{action: Allow, protocol: TCP, source: {{nets: [10.0.0.1/32, 10.7.0.0/16]}}, destination: {{nets: [{}, "
      "10.2.0.0/16], ports: [80, http]}}}}]";
  rules(fmt::format(fmt::runtime(rule), "10.1.0.0/16"));
  EXPECT_FALSE(allowed(tcp(80)));
  EXPECT_FALSE(allowed(tcp(8080)));
  rules(fmt::format(fmt::runtime(rule), "10.0.0.2/32"));
  EXPECT_TRUE(allowed(tcp(80)));
  EXPECT_TRUE(allowed(tcp(8080)));
  EXPECT_FALSE(allowed(from("10.0.0.9", tcp(80))));
}

// Type and code, and their negation (dataplane 10.3): not (type and code), not (not type and not code).
TEST_F(OracleTest, MatchesIcmpTypesAndCodes) {
  rules("[{action: Allow, protocol: ICMP, icmp: {type: 8, code: 0}}]");
  EXPECT_TRUE(allowed(icmp(8, 0)));
  EXPECT_FALSE(allowed(icmp(8, 1)));
  rules("[{action: Allow, protocol: ICMP, icmp: {type: 8}}]");
  EXPECT_TRUE(allowed(icmp(8, 1)));
  EXPECT_FALSE(allowed(icmp(13, 0)));
  rules("[{action: Allow, protocol: ICMP, notICMP: {type: 8, code: 0}}]");
  EXPECT_FALSE(allowed(icmp(8, 0)));
  EXPECT_TRUE(allowed(icmp(8, 1)));
  EXPECT_TRUE(allowed(icmp(13, 0)));
  EXPECT_FALSE(allowed(tcp(80))) << "the protocol still must be ICMP";
  rules("[{action: Allow, protocol: ICMPv6, notICMP: {type: 128}}]");
  EXPECT_FALSE(allowed(v6(icmp(128, 0))));
  EXPECT_TRUE(allowed(v6(icmp(139, 0))));
}

TEST_F(OracleTest, EnforcesTheRestOfARuleForHttp) {
  rules("[{action: Allow, protocol: TCP, http: {methods: [GET]}}]");
  EXPECT_TRUE(allowed(tcp(80)));
  EXPECT_FALSE(allowed(udp(80)));
}

// --- before policy

TEST_F(OracleTest, AllowsWhatBelongsToAConnectionAndDeniesWhatIsInvalid) {
  rules("[{action: Deny}]");
  auto packet = tcp(80);
  packet.state = Packet::State::established;
  EXPECT_TRUE(allowed(packet));
  rules("[{action: Allow}]");
  packet.state = Packet::State::invalid;
  EXPECT_FALSE(allowed(packet));
  put("{apiVersion: projectcalico.org/v3, kind: FelixConfiguration, metadata: {name: default}, spec: "
      "{disableConntrackInvalidCheck: true}}");
  EXPECT_TRUE(allowed(packet));
}

TEST_F(OracleTest, DeniesTunnelsOutOfAnEndpointUnlessTheyAreAllowed) {
  Packet ipip = tcp(0);
  ipip.protocol = {4};
  EXPECT_FALSE(allowed(udp(4789), Direction::egress));
  EXPECT_FALSE(allowed(ipip, Direction::egress));
  EXPECT_TRUE(allowed(udp(4789)));
  put("{apiVersion: projectcalico.org/v3, kind: FelixConfiguration, metadata: {name: node.n1}, spec: {vxlanPort: 9999, "
      "allowIPIPPacketsFromWorkloads: true}}");
  EXPECT_TRUE(allowed(udp(4789), Direction::egress));
  EXPECT_FALSE(allowed(udp(9999), Direction::egress));
  EXPECT_TRUE(allowed(ipip, Direction::egress));
}

TEST_F(OracleTest, CountsAnEndpointThatSpoofsOnlyWhereThatIsAllowed) {
  server().spec.allow_spoofed_source_prefixes = {*net::Cidr::parse("192.0.2.0/24")};
  EXPECT_FALSE(Oracle(cluster).counts(server()));
  put("{apiVersion: projectcalico.org/v3, kind: FelixConfiguration, metadata: {name: default}, spec: "
      "{workloadSourceSpoofing: Any}}");
  EXPECT_TRUE(Oracle(cluster).counts(server()));
}

TEST_F(OracleTest, GivesAnInterfaceToTheFirstByItsId) {
  put("{apiVersion: projectcalico.org/v3, kind: WorkloadEndpoint, metadata: {name: n1-k8s-a-eth0, namespace: zoo}, "
      "spec: "
      "{orchestrator: k8s, node: n1, pod: a, endpoint: eth0, containerID: c, interfaceName: cali2, ipNetworks: "
      "[10.0.0.5/32]}}");
  EXPECT_EQ(Oracle(cluster).on_interface("n1", "cali2"), &server());
  EXPECT_EQ(Oracle(cluster).on_interface("n2", "cali2"), nullptr);
}

}  // namespace
}  // namespace weft::policy
