#include "policy/journey.h"

#include <gtest/gtest.h>

#include "policy/testing.h"

namespace weft::policy {
namespace {

net::Ip ip(const std::string& text) { return net::Ip::parse(text).value(); }

constexpr std::string_view pods = R"(
{kind: Profile, apiVersion: projectcalico.org/v3, metadata: {name: open}, spec: {ingress: [{action: Allow}], egress: [{action: Allow}]}}
---
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {name: n1-k8s-a-eth0, namespace: shop}
spec: {orchestrator: k8s, node: n1, pod: a, endpoint: eth0, containerID: c, interfaceName: cali1, ipNetworks: [10.0.0.1/32, fd00::1/128], profiles: [open]}
---
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {name: n2-k8s-b-eth0, namespace: shop}
spec: {orchestrator: k8s, node: n2, pod: b, endpoint: eth0, containerID: c, interfaceName: cali1, ipNetworks: [10.0.0.2/32], profiles: []}
---
{kind: IPPool, apiVersion: projectcalico.org/v3, metadata: {name: pool}, spec: {cidr: 10.0.0.0/16, natOutgoing: true}}
)";

class JourneyTest : public ::testing::Test {
 protected:
  Journey go(const Party& from, const Party& to, Packet packet) { return follow(oracle, from, to, packet); }
  Packet packet(const std::string& from, const std::string& to) { return {ip(from), ip(to), net::tcp, 40000, 80}; }
  void setting(const std::string& spec) {
    testing::put(cluster,
                 "{kind: FelixConfiguration, apiVersion: projectcalico.org/v3, metadata: {name: default}, spec: {" +
                     spec + "}}");
  }
  static std::string told(const Journey& journey) {
    std::string out;
    for (const auto& place : journey.places) out += to_string(place.verdict.deciding()) + "; ";
    return out;
  }

  Cluster cluster = testing::cluster_of(pods);
  Oracle oracle{cluster};
  const Party a{Party::Kind::endpoint, &cluster.endpoints.at({"shop", "n1-k8s-a-eth0"}), "n1"};
  const Party b{Party::Kind::endpoint, &cluster.endpoints.at({"shop", "n2-k8s-b-eth0"}), "n2"};
  const Party n1{Party::Kind::node, nullptr, "n1"}, n2{Party::Kind::node, nullptr, "n2"};
  const Party outside;
};

TEST_F(JourneyTest, AsksBothEnds) {
  const auto there = go(a, b, packet("10.0.0.1", "10.0.0.2"));
  ASSERT_EQ(there.places.size(), 2u);
  EXPECT_TRUE(there.places[0].verdict.allowed);
  EXPECT_FALSE(there.allowed());
  EXPECT_EQ(there.denied()->endpoint, b.endpoint);
  EXPECT_FALSE(there.masqueraded);
  EXPECT_EQ(told(go(b, a, packet("10.0.0.2", "10.0.0.1"))),
            "no profile allows it: Deny; Profile open, ingress rule 0: Allow; ");
}

TEST_F(JourneyTest, AsksOneEndOfWhatLeavesOrComesIn) {
  const auto out = go(a, outside, packet("10.0.0.1", "192.0.2.1"));
  EXPECT_TRUE(out.allowed());
  EXPECT_TRUE(out.masqueraded);
  EXPECT_EQ(out.places.size(), 1u);
  EXPECT_TRUE(go(outside, a, packet("192.0.2.1", "10.0.0.1")).allowed());
  EXPECT_FALSE(go(outside, b, packet("192.0.2.1", "10.0.0.2")).allowed());
}

TEST_F(JourneyTest, TellsWhatIsMasqueraded) {
  const auto masqueraded = [&](const std::string& to) { return go(a, outside, packet("10.0.0.1", to)).masqueraded; };
  testing::put(cluster, R"(
{kind: IPPool, apiVersion: projectcalico.org/v3, metadata: {name: near}, spec: {cidr: 203.0.113.0/24}}
---
{kind: IPPool, apiVersion: projectcalico.org/v3, metadata: {name: services}, spec: {cidr: 198.51.100.0/24, allowedUses: [LoadBalancer]}}
---
{kind: Node, apiVersion: projectcalico.org/v3, metadata: {name: n3}, spec: {addresses: [{address: 192.0.2.3, type: InternalIP}]}}
)");
  EXPECT_TRUE(masqueraded("192.0.2.1"));
  setting("defaultEndpointToHostAction: Accept");
  EXPECT_FALSE(go(a, n1, packet("10.0.0.1", "192.0.2.10")).masqueraded) << "it does not leave";
  EXPECT_TRUE(go(a, n2, packet("10.0.0.1", "192.0.2.11")).masqueraded);
  EXPECT_FALSE(masqueraded("203.0.113.1"));
  EXPECT_TRUE(masqueraded("198.51.100.1"));
  EXPECT_TRUE(masqueraded("192.0.2.3"));
  setting("natOutgoingExclusions: IPPoolsAndHostIPs");
  EXPECT_FALSE(masqueraded("192.0.2.3"));
  EXPECT_TRUE(masqueraded("192.0.2.1"));
}

TEST_F(JourneyTest, StopsASourceThatIsNotTheEndpoints) {
  EXPECT_EQ(told(go(a, outside, packet("10.0.0.9", "192.0.2.1"))), "the source is no address of this endpoint: Deny; ");
  setting("workloadSourceSpoofing: Any");
  cluster.endpoints.at({"shop", "n1-k8s-a-eth0"}).spec.allow_spoofed_source_prefixes = {
      *net::Cidr::parse("10.0.0.8/29")};
  EXPECT_TRUE(go(a, outside, packet("10.0.0.9", "192.0.2.1")).allowed());
}

TEST_F(JourneyTest, LetsAnEndpointAskForAnAddress) {
  auto dhcp = packet("0.0.0.0", "255.255.255.255");
  dhcp.protocol = net::udp, dhcp.source_port = 68, dhcp.destination_port = 67;
  EXPECT_EQ(go(a, outside, dhcp).places.front().where, Journey::Place::Where::egress);
  dhcp.source_port = 69;
  EXPECT_EQ(go(a, outside, dhcp).places.front().where, Journey::Place::Where::source_check);
}

TEST_F(JourneyTest, AsksTheSettingAboutAnEndpointsOwnNode) {
  const auto to_node = packet("10.0.0.1", "192.0.2.254");
  EXPECT_EQ(told(go(a, n1, to_node)),
            "Profile open, egress rule 0: Allow; endpoint to its node, DefaultEndpointToHostAction: Deny; ");
  EXPECT_TRUE(go(a, n2, to_node).allowed()) << "another node has no policy";
  auto reply = to_node;
  reply.state = Packet::State::established;
  EXPECT_TRUE(go(a, n1, reply).allowed());
  setting("defaultEndpointToHostAction: Return");
  EXPECT_TRUE(go(a, n1, to_node).allowed());
}

TEST_F(JourneyTest, LetsAnEndpointFindItsNeighbour) {
  Packet solicitation{ip("fe80::1"), ip("ff02::1:ff00:1"), net::icmpv6, 0, 0, 135, 0};
  EXPECT_TRUE(go(a, n1, solicitation).allowed());
  solicitation.type = 134;  // router advertisement
  EXPECT_FALSE(go(a, n1, solicitation).allowed());
}

TEST_F(JourneyTest, DoesNotAskAboutWhatANodeSaysToItsOwnEndpoint) {
  EXPECT_TRUE(go(n2, b, packet("192.0.2.2", "10.0.0.2")).allowed());
  EXPECT_FALSE(go(n1, b, packet("192.0.2.1", "10.0.0.2")).allowed());
}

TEST_F(JourneyTest, ClosesAnInterfaceWithoutAnEndpoint) {
  const Party nobody{Party::Kind::endpoint, nullptr, "n1"};
  EXPECT_FALSE(go(nobody, outside, packet("10.0.0.7", "192.0.2.1")).allowed());
  EXPECT_FALSE(go(outside, nobody, packet("192.0.2.1", "10.0.0.7")).allowed());
}

}  // namespace
}  // namespace weft::policy
