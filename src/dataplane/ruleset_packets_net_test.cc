// What real packets meet: a node with two pods and a machine outside, rules in, packets through.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/ruleset_lab.h"

namespace weft::dataplane {
namespace {

using lab::cidr;
using lab::ip;
using lab::Packet;
using plan::Action;
using plan::Rule;
using V = net::Family;

const plan::PolicyId ingress_policy{"NetworkPolicy", "default", "ingress"};
const plan::PolicyId egress_policy{"NetworkPolicy", "default", "egress"};

Rule allow() { return {.action = Action::allow}; }
Rule deny() { return {.action = Action::deny}; }
Rule pass() { return {.action = Action::pass}; }

class RulesetPacketsNetTest : public testing::Test {
 protected:
  RulesetPacketsNetTest() {
    node_.emplace(lab_.node);
    changes.settings = plan::Settings{};
    changes.profiles.put({.name = "open", .ingress = {allow()}, .egress = {allow()}});
    client_row = {.id = {"k8s", "default/client", "eth0"},
                  .interface = "cali1",
                  .mac = {},
                  .addresses = {cidr("10.0.0.1"), cidr("fd00::1")},
                  .profiles = {"open"}};
    server_row = {.id = {"k8s", "default/server", "eth0"},
                  .interface = "cali2",
                  .mac = {},
                  .addresses = {cidr("10.0.0.2"), cidr("fd00::2")},
                  .profiles = {"open"}};
    changes.endpoints.put(client_row);
    changes.endpoints.put(server_row);
  }

  /// The test's thread lives in the node's namespace, as the agent does.
  struct Inside {
    explicit Inside(const test::Netns& node) : before(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
      node.enter();
    }
    ~Inside() { setns(before.get(), CLONE_NEWNET); }
    Fd before;
  };

  void sync() {
    ruleset.on(changes);
    changes = {};
    const auto refused = ruleset.sync();
    ASSERT_TRUE(refused) << refused.error().message;
    for (const auto& r : *refused) ADD_FAILURE() << r.object << ": " << r.error.message;
  }

  /// One policy with these rules rules what the server receives.
  void server_ingress(std::vector<Rule> rules) {
    changes.policies.put({.id = ingress_policy, .tier = "default", .ingress = std::move(rules), .egress = {}});
    server_row.ingress = {{"default", false, {ingress_policy}}};
    changes.endpoints.put(server_row);
    sync();
  }

  void set(const plan::SetId& id, std::vector<std::string> members) {
    changes.sets.put({.id = id, .type = plan::SetType::net, .note = {}});
    for (const auto& member : members) changes.members.put({id, cidr(member)});
  }
  void port_set(const plan::SetId& id, std::vector<plan::IpPort> members) {
    changes.sets.put({.id = id, .type = plan::SetType::ip_port, .note = {}});
    for (const auto& member : members) changes.members.put({id, member});
  }

  bool to_server(Packet packet, V family = V::v4) { return lab_.reaches(client, server, packet, family); }
  bool tcp(std::uint16_t port, V family = V::v4) { return to_server({.protocol = net::tcp, .port = port}, family); }
  bool udp(std::uint16_t port, V family = V::v4) { return to_server({.protocol = net::udp, .port = port}, family); }
  bool icmp(std::uint8_t type, std::uint8_t code) {
    return to_server({.protocol = net::icmp, .type = type, .code = code});
  }
  bool icmpv6(std::uint8_t type, std::uint8_t code) {
    return to_server({.protocol = net::icmpv6, .type = type, .code = code}, V::v6);
  }

  lab::Lab lab_;
  lab::Machine& client = lab_.pod("cali1", "10.0.0.1", "fd00::1");
  lab::Machine& server = lab_.pod("cali2", "10.0.0.2", "fd00::2");
  std::optional<Inside> node_;
  Ruleset ruleset;
  plan::Changes changes;
  plan::Endpoint client_row, server_row;
};

TEST_F(RulesetPacketsNetTest, WithoutATableEverythingPasses) {
  EXPECT_TRUE(tcp(80));
  EXPECT_TRUE(udp(53, V::v6));
  EXPECT_TRUE(icmp(8, 0));
  EXPECT_TRUE(icmpv6(128, 0));
  EXPECT_TRUE(lab_.reaches(*lab_.outside, server, {.port = 53}));
  EXPECT_TRUE(lab_.reaches_node(client));
}

TEST_F(RulesetPacketsNetTest, ProfilesDecideWhereNoPolicyDoes) {
  sync();
  EXPECT_TRUE(tcp(80));
  EXPECT_TRUE(udp(53, V::v6));

  changes.profiles.put({.name = "open", .ingress = {allow()}, .egress = {}});
  sync();
  EXPECT_FALSE(tcp(80));
  EXPECT_FALSE(udp(53, V::v6));
}

TEST_F(RulesetPacketsNetTest, AMissingProfileDenies) {
  changes.profiles.drop("open");
  ruleset.on(changes);
  changes = {};
  ASSERT_TRUE(ruleset.sync());
  EXPECT_FALSE(tcp(80));
}

TEST_F(RulesetPacketsNetTest, AllowsPortsAndRanges) {
  Rule rule{.protocol = net::tcp};
  rule.destination.ports = {{80, 80}, {8000, 8100}, {65000, 65535}};
  server_ingress({rule});
  for (const auto family : {V::v4, V::v6}) {
    for (const std::uint16_t port : {80, 8000, 8050, 8100, 65535}) EXPECT_TRUE(tcp(port, family)) << port;
    for (const std::uint16_t port : {79, 81, 7999, 8101, 64999}) EXPECT_FALSE(tcp(port, family)) << port;
    EXPECT_FALSE(udp(80, family));
  }
}

TEST_F(RulesetPacketsNetTest, AllowOfOneEndpointIsNotTheOtherOnes) {
  changes.policies.put({.id = egress_policy, .tier = "default", .ingress = {}, .egress = {allow()}});
  client_row.egress = {{"default", false, {egress_policy}}};
  changes.endpoints.put(client_row);
  server_ingress({});
  EXPECT_FALSE(tcp(80));

  server_ingress({allow()});
  EXPECT_TRUE(tcp(80));

  changes.policies.put({.id = egress_policy, .tier = "default", .ingress = {}, .egress = {deny()}});
  sync();
  EXPECT_FALSE(tcp(80));
  EXPECT_TRUE(lab_.reaches(*lab_.outside, server, {.port = 80}));
}

TEST_F(RulesetPacketsNetTest, TheFirstRuleThatMatchesDecides) {
  Rule blocked{.action = Action::deny, .protocol = net::tcp};
  blocked.destination.ports = {{80, 80}};
  Rule log{.action = Action::log};
  server_ingress({log, blocked, allow()});
  EXPECT_FALSE(tcp(80));
  EXPECT_TRUE(tcp(81));
}

TEST_F(RulesetPacketsNetTest, PassGoesToTheNextTierAndTheLastToProfiles) {
  const plan::PolicyId first{"GlobalNetworkPolicy", "", "first"}, second{"GlobalNetworkPolicy", "", "second"},
      third{"GlobalNetworkPolicy", "", "third"};
  Rule pass80{.action = Action::pass, .protocol = net::tcp};
  pass80.destination.ports = {{80, 81}};
  Rule deny81{.action = Action::deny, .protocol = net::tcp};
  deny81.destination.ports = {{81, 81}};
  changes.policies.put({.id = first, .tier = "a", .ingress = {pass80}, .egress = {}});
  changes.policies.put({.id = second, .tier = "a", .ingress = {deny()}, .egress = {}});
  changes.policies.put({.id = third, .tier = "b", .ingress = {deny81, pass()}, .egress = {}});
  server_row.ingress = {{"a", false, {first, second}}, {"b", false, {third}}};
  changes.endpoints.put(server_row);
  sync();
  EXPECT_TRUE(tcp(80));   // a passes, b passes, the profile allows
  EXPECT_FALSE(tcp(81));  // a passes, b denies
  EXPECT_FALSE(tcp(82));  // a denies

  changes.profiles.put({.name = "open", .ingress = {pass()}, .egress = {allow()}});
  sync();
  EXPECT_FALSE(tcp(80));  // Pass in a profile ends the profile: nothing is left to allow it
}

TEST_F(RulesetPacketsNetTest, ATiersDefaultActionDecidesWhatNoRuleMatches) {
  server_ingress({});
  EXPECT_FALSE(tcp(80));

  server_row.ingress = {{"kube-admin", true, {ingress_policy}}};
  changes.endpoints.put(server_row);
  sync();
  EXPECT_TRUE(tcp(80));
}

TEST_F(RulesetPacketsNetTest, NetsAndNotNets) {
  Rule rule;
  rule.source.nets = {cidr("10.0.0.0/24"), cidr("10.0.0.0/8"), cidr("fd00::/64")};
  rule.source.not_nets = {cidr("10.0.0.3/32"), cidr("10.0.1.0/24"), cidr("fd00::9/128")};
  server_ingress({rule});
  EXPECT_TRUE(tcp(80));
  EXPECT_TRUE(tcp(80, V::v6));
  EXPECT_FALSE(lab_.reaches(*lab_.outside, server, {.port = 80}));
  EXPECT_TRUE(lab_.reaches(*lab_.outside, server, {.port = 80, .source = ip("10.0.0.4")}));
  EXPECT_FALSE(lab_.reaches(*lab_.outside, server, {.port = 80, .source = ip("10.0.0.3")}));
  EXPECT_FALSE(lab_.reaches(*lab_.outside, server, {.port = 80, .source = ip("10.0.1.3")}));
  EXPECT_FALSE(lab_.reaches(*lab_.outside, server, {.port = 80, .source = ip("fd00::9")}, V::v6));

  rule = {};
  rule.source.nets = {cidr("10.0.0.0/30")};
  server_ingress({rule});
  EXPECT_TRUE(tcp(80));
  EXPECT_FALSE(tcp(80, V::v6));  // only nets of the other family: the rule is not for this one
  EXPECT_FALSE(lab_.reaches(*lab_.outside, server, {.port = 80, .source = ip("10.0.0.4")}));

  rule = {};
  rule.source.not_nets = {cidr("10.0.0.1/32")};
  server_ingress({rule});
  EXPECT_FALSE(tcp(80));
  EXPECT_FALSE(tcp(80, V::v6));  // negated, and still not for the other family
  EXPECT_TRUE(lab_.reaches(*lab_.outside, server, {.port = 80}));
}

TEST_F(RulesetPacketsNetTest, SetsOfAddressesAndOfPrefixes) {
  set("s:clients", {"10.0.0.1", "fd00::1"});
  Rule rule;
  rule.source.sets = {"s:clients"};
  server_ingress({rule});
  EXPECT_TRUE(tcp(80));
  EXPECT_TRUE(tcp(80, V::v6));
  EXPECT_FALSE(lab_.reaches(*lab_.outside, server, {.port = 80}));

  changes.members.put({"s:clients", cidr("192.0.2.0/24")});  // now a set of prefixes
  changes.members.put({"s:clients", cidr("192.0.2.0/28")});
  sync();
  EXPECT_TRUE(tcp(80));
  EXPECT_TRUE(lab_.reaches(*lab_.outside, server, {.port = 80}));

  changes.members.drop({"s:clients", cidr("192.0.2.0/24")});  // the one that it covered is still there
  sync();
  EXPECT_TRUE(lab_.reaches(*lab_.outside, server, {.port = 80}));
  changes.members.drop({"s:clients", cidr("192.0.2.0/28")});
  changes.members.drop({"s:clients", cidr("10.0.0.1")});
  sync();
  EXPECT_FALSE(tcp(80));
  EXPECT_TRUE(tcp(80, V::v6));
  EXPECT_FALSE(lab_.reaches(*lab_.outside, server, {.port = 80}));

  rule = {};
  rule.source.not_sets = {"s:clients"};  // of IPv4 it is empty by now
  server_ingress({rule});
  EXPECT_TRUE(tcp(80));
  EXPECT_FALSE(tcp(80, V::v6));
}

TEST_F(RulesetPacketsNetTest, NamedPortsOrNumbers) {
  port_set("n:http",
           {{ip("10.0.0.2"), net::tcp, 8080}, {ip("fd00::2"), net::tcp, 8080}, {ip("10.0.0.9"), net::tcp, 90}});
  Rule rule{.protocol = net::tcp};
  rule.destination.ports = {{80, 80}};
  rule.destination.named_ports = {"n:http"};
  server_ingress({rule});
  for (const auto family : {V::v4, V::v6}) {
    EXPECT_TRUE(tcp(80, family));
    EXPECT_TRUE(tcp(8080, family));
    EXPECT_FALSE(tcp(90, family));
    EXPECT_FALSE(udp(8080, family));
  }

  rule = {.protocol = net::tcp};
  rule.destination.not_ports = {{80, 80}};
  rule.destination.not_named_ports = {"n:http"};
  server_ingress({rule});
  EXPECT_FALSE(tcp(80));
  EXPECT_FALSE(tcp(8080));
  EXPECT_TRUE(tcp(90));
  EXPECT_FALSE(udp(90));  // the protocol is still required

  rule = {};
  rule.destination.not_named_ports = {"n:http"};  // and without a protocol: whatever is not that port
  server_ingress({rule});
  EXPECT_FALSE(tcp(8080));
  EXPECT_TRUE(tcp(81));
  EXPECT_TRUE(udp(8080));
  EXPECT_TRUE(icmp(8, 0));
  EXPECT_TRUE(to_server({.protocol = {200}}));
}

// Numbers or names of ports, several source nets, several destination nets: all three lists count.
TEST_F(RulesetPacketsNetTest, ThreeListsOfOrsAreAllRequired) {
  port_set("n:http", {{ip("10.0.0.2"), net::tcp, 8081}});
  Rule rule{.protocol = net::tcp};
  rule.destination.ports = {{8080, 8080}};
  rule.destination.named_ports = {"n:http"};
  rule.source.nets = {cidr("10.0.0.1/32"), cidr("10.7.0.0/16")};
  rule.destination.nets = {cidr("10.1.0.0/16"), cidr("10.2.0.0/16")};  // do not hold the server
  server_ingress({rule});
  EXPECT_FALSE(tcp(8080));
  EXPECT_FALSE(tcp(8081));

  rule.destination.nets = {cidr("10.0.0.2/32"), cidr("10.2.0.0/16")};
  server_ingress({rule});
  EXPECT_TRUE(tcp(8080));
  EXPECT_TRUE(tcp(8081));
  EXPECT_FALSE(tcp(8082));
  EXPECT_FALSE(lab_.reaches(*lab_.outside, server, {.protocol = net::tcp, .port = 8080}));
}

TEST_F(RulesetPacketsNetTest, ProtocolsAndTheirNegation) {
  server_ingress({Rule{.not_protocol = net::tcp}});
  EXPECT_FALSE(tcp(80));
  EXPECT_TRUE(udp(80));
  EXPECT_TRUE(icmpv6(128, 0));

  server_ingress({Rule{.family = V::v6, .protocol = net::udp}});
  EXPECT_FALSE(udp(80));
  EXPECT_TRUE(udp(80, V::v6));
}

TEST_F(RulesetPacketsNetTest, IcmpTypesCodesAndTheirNegation) {
  server_ingress({Rule{.protocol = net::icmp, .icmp = plan::IcmpMatch{8, {}}}});
  EXPECT_TRUE(icmp(8, 0));
  EXPECT_FALSE(icmp(13, 0));
  EXPECT_FALSE(icmpv6(128, 0));

  server_ingress({Rule{.protocol = net::icmp, .icmp = plan::IcmpMatch{8, 0}}});
  EXPECT_TRUE(icmp(8, 0));
  EXPECT_FALSE(icmp(8, 1));

  server_ingress({Rule{.protocol = net::icmp, .not_icmp = plan::IcmpMatch{8, {}}}});
  EXPECT_FALSE(icmp(8, 0));
  EXPECT_TRUE(icmp(13, 0));
  EXPECT_FALSE(udp(80));

  server_ingress({Rule{.protocol = net::icmp, .not_icmp = plan::IcmpMatch{8, 0}}});
  EXPECT_FALSE(icmp(8, 0));
  EXPECT_TRUE(icmp(8, 1));  // not both
  EXPECT_TRUE(icmp(13, 0));
  EXPECT_FALSE(udp(80));

  server_ingress({Rule{.protocol = net::icmpv6, .not_icmp = plan::IcmpMatch{128, 0}}});
  EXPECT_FALSE(icmpv6(128, 0));
  EXPECT_TRUE(icmpv6(128, 1));
  EXPECT_FALSE(icmp(8, 1));
}

TEST_F(RulesetPacketsNetTest, EstablishedFlowsGoOn) {
  server_ingress({allow()});
  EXPECT_TRUE(to_server({.port = 53, .source_port = 4000}));
  // The reply, though nothing lets the server send to anybody.
  changes.profiles.put({.name = "open", .ingress = {allow()}, .egress = {}});
  sync();
  EXPECT_TRUE(lab_.reaches(server, client, {.port = 4000, .source_port = 53}));
  EXPECT_FALSE(lab_.reaches(server, client, {.port = 4001, .source_port = 53}));
}

TEST_F(RulesetPacketsNetTest, ASpoofedSourcePassesNowhere) {
  client_row.spoof_allowed = {cidr("10.9.0.0/16"), cidr("fd09::/64")};
  changes.endpoints.put(client_row);
  sync();
  EXPECT_TRUE(udp(53));
  EXPECT_FALSE(to_server({.port = 53, .source = ip("10.0.0.7")}));
  EXPECT_FALSE(to_server({.port = 53, .source = ip("192.0.2.1")}));
  EXPECT_FALSE(to_server({.port = 53, .source = ip("fd00::7")}, V::v6));
  EXPECT_TRUE(to_server({.port = 53, .source = ip("10.9.1.1")}));
  EXPECT_TRUE(to_server({.port = 53, .source = ip("fd09::1")}, V::v6));
  EXPECT_FALSE(lab_.reaches(server, client, {.port = 53, .source = ip("10.9.1.1")}));

  client_row.spoof_allowed = {cidr("10.8.0.0/16")};
  changes.endpoints.put(client_row);
  sync();
  EXPECT_FALSE(to_server({.port = 53, .source = ip("10.9.1.1")}));
  EXPECT_TRUE(to_server({.port = 53, .source = ip("10.8.1.1")}));
}

TEST_F(RulesetPacketsNetTest, AnInterfaceWithoutPolicyPassesNothing) {
  auto& stranger = lab_.pod("cali3", "10.0.0.3", "fd00::3");
  sync();
  EXPECT_FALSE(lab_.reaches(stranger, server, {.port = 53}));
  EXPECT_FALSE(lab_.reaches(client, stranger, {.port = 53}));
  EXPECT_FALSE(lab_.reaches(*lab_.outside, stranger, {.port = 53}, V::v6));
  EXPECT_FALSE(lab_.reaches(stranger, *lab_.outside, {.port = 53}));
  EXPECT_FALSE(lab_.reaches_node(stranger));

  changes.endpoints.put({.id = {"k8s", "default/third", "eth0"},
                         .interface = "cali3",
                         .mac = {},
                         .addresses = {cidr("10.0.0.3")},
                         .profiles = {"open"}});
  sync();
  EXPECT_TRUE(lab_.reaches(stranger, server, {.port = 53}));
  EXPECT_TRUE(lab_.reaches(client, stranger, {.port = 53}));

  changes.endpoints.drop({"k8s", "default/third", "eth0"});
  sync();
  EXPECT_FALSE(lab_.reaches(stranger, server, {.port = 53}));
}

TEST_F(RulesetPacketsNetTest, InterfacesOfOthersAreNotOurBusiness) {
  auto& other = lab_.pod("veth9", "10.0.9.9", "fd09::9");
  server_ingress({});
  EXPECT_TRUE(lab_.reaches(other, *lab_.outside, {.port = 53}));
  EXPECT_TRUE(lab_.reaches(*lab_.outside, other, {.port = 53}, V::v6));
  EXPECT_TRUE(lab_.reaches_node(other));
  EXPECT_TRUE(lab_.reaches(other, *lab_.outside, {.port = 53, .source = ip("10.0.0.77")}));
}

TEST_F(RulesetPacketsNetTest, TheNodeReachesItsPodsWhateverPolicySays) {
  server_ingress({deny()});
  EXPECT_TRUE(lab_.node_reaches(server, {.protocol = net::tcp, .port = 80}));
}

TEST_F(RulesetPacketsNetTest, WhatAPodMaySayToItsNode) {
  sync();
  EXPECT_FALSE(lab_.reaches_node(client));  // policy allows it, the setting does not
  EXPECT_FALSE(lab_.reaches_node(client, V::v6));
  EXPECT_TRUE(lab_.reaches_node(*lab_.outside));

  for (const auto to_host : {plan::EndpointToHost::accept, plan::EndpointToHost::return_}) {
    changes.settings = plan::Settings{.endpoint_to_host = to_host};
    sync();
    EXPECT_TRUE(lab_.reaches_node(client));
    EXPECT_TRUE(lab_.reaches_node(client, V::v6));
    EXPECT_FALSE(lab_.reaches_node(client, V::v4, ip("10.0.0.7")));
  }

  changes.profiles.put({.name = "open", .ingress = {allow()}, .egress = {deny()}});
  sync();
  EXPECT_FALSE(lab_.reaches_node(client));
}

TEST_F(RulesetPacketsNetTest, TunnelsOutOfAPodNeedPermission) {
  sync();
  EXPECT_FALSE(udp(4789));
  EXPECT_FALSE(to_server({.protocol = {4}}));

  changes.settings = plan::Settings{.allow_vxlan_from_workloads = true, .allow_ipip_from_workloads = true};
  sync();
  EXPECT_TRUE(udp(4789));
  EXPECT_TRUE(to_server({.protocol = {4}}));
}

TEST_F(RulesetPacketsNetTest, MasqueradesWhatLeavesThePools) {
  changes.pools.put({cidr("10.0.0.0/16"), true});
  changes.pools.put({cidr("fd00::/64"), true});
  changes.pools.put({cidr("203.0.113.0/24"), false});
  sync();
  const auto seen = [&](V family) {
    return lab_.arrives(client.netns, client.address(family), *lab_.outside, {.port = 53}, family);
  };
  EXPECT_EQ(seen(V::v4), ip("192.0.2.254"));
  EXPECT_EQ(seen(V::v6), ip("2001:db8::fe"));
  EXPECT_EQ(lab_.arrives(client.netns, client.v4, server, {.port = 53}, V::v4), client.v4);

  changes.hosts.put({ip("192.0.2.1")});
  changes.settings = plan::Settings{.nat_excludes_hosts = true};
  sync();
  EXPECT_EQ(seen(V::v4), client.v4);
  EXPECT_EQ(seen(V::v6), ip("2001:db8::fe"));

  changes.hosts.drop(ip("192.0.2.1"));
  changes.settings =
      plan::Settings{.nat_outgoing_address = ip("192.0.2.99"), .nat_port_range = net::PortRange{5000, 5001}};
  sync();
  EXPECT_EQ(seen(V::v4), ip("192.0.2.99"));

  changes.pools.put({cidr("10.0.0.0/16"), false});
  sync();
  EXPECT_EQ(seen(V::v4), client.v4);
}

TEST_F(RulesetPacketsNetTest, RejectTellsTheSender) {
  changes.settings = plan::Settings{.deny_action = plan::DenyAction::reject};
  server_ingress({deny()});
  EXPECT_FALSE(udp(53));
  const auto table = test::shell("nft list chain inet weft in-NetworkPolicy/default/ingress").output;
  EXPECT_THAT(table, testing::HasSubstr("reject"));
}

}  // namespace
}  // namespace weft::dataplane
