// Known defects and sharp edges of others (dataplane 10), and which test holds us to doing better. Scenarios are files
// of test/scenarios, run by scenarios_net_test.cc.
//
//  1 three lists of ORs in one rule            three-or-lists
//  2 what is DNATed is judged as it is then    ADestinationIsJudgedAfterItIsTranslated
//  3 ICMP type and code, and their negation    icmp-type-and-code
//  4 protocols by any of their names           protocols
//  5 deny action of what is tunnelled          reject
//  6 failsafes of untracked policy             host endpoints are not put into force yet
//  7 a node reaches its pods                   node
//  8 a new Deny cuts no flow                   ANewDenyCutsNoFlow; established
//  9 connections of addresses that moved       dataplane_net_test.cc, Forgets…
// 10 what others delete is noticed at once     dataplane_net_test.cc, PutsOurTableBack…; ruleset_repair_net_test.cc
// 11 settings are followed without a restart   SettingsAreFollowedWithoutTouchingFlows; agent_net_test.cc
// 12 forward chain of host endpoints           host endpoints are not put into force yet
// 13 nets of one family                        families
// 14 deny action REJECT                        reject
// 15 a profile listed twice                    profile-twice
// 16 spoofing prefixes that change             ASpoofingPrefixThatChangesIsAnotherOne
//    marks from outside                        AMarkFromOutsideGainsNothing
//    wildcard host endpoints                   host endpoints are not put into force yet
#include <gtest/gtest.h>

#include "test/oracle_lab.h"

namespace weft::wire {
namespace {

constexpr std::string_view resources = R"(
apiVersion: projectcalico.org/v3
kind: Profile
metadata: {name: open}
spec: {ingress: [{action: Allow}], egress: [{action: Allow}]}
---
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {name: n1-k8s-web-eth0, namespace: shop, labels: {role: web}}
spec:
  {orchestrator: k8s, node: n1, pod: web, endpoint: eth0, containerID: c, interfaceName: cali1, ipNetworks: [10.0.0.1/32, "fd00::1/128"], profiles: [open]}
---
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {name: n1-k8s-db-eth0, namespace: shop, labels: {role: db}}
spec:
  {orchestrator: k8s, node: n1, pod: db, endpoint: eth0, containerID: c, interfaceName: cali2, ipNetworks: [10.0.0.2/32, "fd00::2/128"], profiles: [open]}
---
)";

class SharpEdgesNetTest : public testing::Test {
 protected:
  /// What is there besides the pods.
  void become(std::string_view yaml) {
    cluster_ = policy::testing::cluster_of(resources);
    policy::testing::put(cluster_, yaml);
    world_.become(cluster_);
  }
  Shot shot(const std::string& yaml) {
    return read_shot(schema::parse_yaml(yaml).value().front(), policy::testing::cluster_of(resources), ++shots_);
  }
  /// Whether it comes out where its destination is.
  bool passes(const std::string& yaml) { return passes(shot(yaml)); }
  bool passes(const Shot& shot) {
    const policy::Oracle oracle(cluster_);
    return world_.send(oracle, {shot}).front().arrived;
  }

  World world_{2};
  policy::Cluster cluster_;
  std::size_t shots_ = 0;
};

TEST_F(SharpEdgesNetTest, ANewDenyCutsNoFlow) {
  become("");
  const auto there = shot("{from: shop/web, to: shop/db, protocol: UDP, sourcePort: 4000, port: 53}");
  const auto back = shot("{from: shop/db, to: shop/web, protocol: UDP, sourcePort: 53, port: 4000}");
  EXPECT_TRUE(passes(there));
  EXPECT_TRUE(passes(back));

  become(R"(
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: closed}
spec: {order: 1, ingress: [{action: Deny}], egress: [{action: Deny}]}
)");
  EXPECT_TRUE(passes(there));
  EXPECT_TRUE(passes(back));
  EXPECT_FALSE(passes("{from: shop/web, to: shop/db, protocol: UDP, sourcePort: 4001, port: 53}"));
  EXPECT_FALSE(passes("{from: shop/db, to: shop/web, protocol: UDP, sourcePort: 53, port: 4001}"));
}

TEST_F(SharpEdgesNetTest, ADestinationIsJudgedAfterItIsTranslated) {
  ASSERT_EQ(test::shell("nft 'table ip services { chain pre { type nat hook prerouting priority dstnat; "
                        "ip daddr 198.51.100.10 tcp dport 80 dnat to 10.0.0.2:8080; }; }'")
                .status,
            0);
  become(R"(
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {selector: role == 'db', types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {nets: [10.0.0.2/32], ports: [8080]}}]}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {selector: role == 'web', types: [Egress], egress: [{action: Allow, protocol: TCP, destination: {selector: role == 'db', ports: [8080]}}]}
)");
  // It comes out at the pod, with another destination than it was sent to.
  const auto translated = [&](const std::string& from, std::uint16_t port) {
    auto sent = shot(from);
    sent.packet.destination = *net::Ip::parse("198.51.100.10");
    sent.packet.port = port;
    const auto arrivals = world_.lab.exchange({{sent.from, {build(sent.packet, Lab::tail(77))}}});
    return std::ranges::any_of(arrivals, [](const auto& arrival) { return arrival.at == "cali2"; });
  };
  EXPECT_TRUE(translated("{from: shop/web, to: shop/db}", 80));
  EXPECT_TRUE(translated("{from: outside, to: shop/db}", 80));
  EXPECT_FALSE(translated("{from: shop/web, to: shop/db}", 81));
  EXPECT_FALSE(passes("{from: shop/web, to: 198.51.100.11, port: 8080}"))
      << "the address of the service itself is no db";

  become(R"(
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {selector: role == 'db', types: [Ingress], ingress: [{action: Allow, protocol: TCP, destination: {ports: [80]}}]}
)");
  EXPECT_FALSE(translated("{from: shop/web, to: shop/db}", 80));
}

TEST_F(SharpEdgesNetTest, ASpoofingPrefixThatChangesIsAnotherOne) {
  const auto prefixes = [&](const std::string& list) {
    cluster_ = policy::testing::cluster_of(resources);
    policy::testing::put(cluster_,
                         "{apiVersion: projectcalico.org/v3, kind: FelixConfiguration, metadata: {name: "
                         "default}, spec: {workloadSourceSpoofing: Any}}");
    cluster_.endpoints.at({"shop", "n1-k8s-web-eth0"}).spec.allow_spoofed_source_prefixes = {*net::Cidr::parse(list)};
    world_.become(cluster_);
  };
  prefixes("10.9.0.0/16");
  EXPECT_TRUE(passes("{from: shop/web, source: 10.9.1.1, to: shop/db, port: 80}"));
  EXPECT_FALSE(passes("{from: shop/web, source: 10.8.1.1, to: shop/db, port: 80}"));
  prefixes("10.8.0.0/16");
  EXPECT_FALSE(passes("{from: shop/web, source: 10.9.1.1, to: shop/db, port: 80}"));
  EXPECT_TRUE(passes("{from: shop/web, source: 10.8.1.1, to: shop/db, port: 80}"));
  EXPECT_TRUE(passes("{from: shop/web, to: shop/db, port: 80}"));
}

TEST_F(SharpEdgesNetTest, AMarkFromOutsideGainsNothing) {
  ASSERT_EQ(test::shell("nft 'table inet marks { chain pre { type filter hook prerouting priority -400; "
                        "meta mark set 0xffffffff; }; }'")
                .status,
            0);
  become(R"(
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: first}
spec: {order: 1}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: first.p}
spec: {tier: first, selector: role == 'db', types: [Ingress], ingress: [{action: Pass, protocol: TCP, destination: {ports: [80]}}, {action: Deny, protocol: UDP, destination: {ports: [53]}}]}
)");
  EXPECT_TRUE(passes("{from: shop/web, to: shop/db, port: 80}"));
  EXPECT_FALSE(passes("{from: shop/web, to: shop/db, port: 81}"));
  EXPECT_FALSE(passes("{from: outside, to: shop/db, protocol: UDP, port: 53}"));
  EXPECT_FALSE(passes("{from: outside, to: shop/db, protocol: UDP, port: 54}"));
  EXPECT_TRUE(passes("{from: shop/db, to: shop/web, protocol: UDP, port: 53}")) << "no Deny that does not match counts";
}

TEST_F(SharpEdgesNetTest, SettingsAreFollowedWithoutTouchingFlows) {
  become("");
  const auto there = shot("{from: shop/web, to: shop/db, protocol: UDP, sourcePort: 4000, port: 53}");
  EXPECT_TRUE(passes(there));
  EXPECT_FALSE(passes("{from: shop/web, to: node, protocol: UDP, port: 53}"));
  become(
      "{apiVersion: projectcalico.org/v3, kind: FelixConfiguration, metadata: {name: default}, spec: "
      "{defaultEndpointToHostAction: Accept, nftablesFilterDenyAction: Reject, disableConntrackInvalidCheck: true}}");
  EXPECT_TRUE(passes(there));
  EXPECT_TRUE(passes("{from: shop/web, to: node, protocol: UDP, port: 53}"));
  EXPECT_TRUE(passes("{from: shop/web, to: shop/db, port: 80, flags: SYN+ACK, state: invalid}"));
  become("");
  EXPECT_FALSE(passes("{from: shop/web, to: node, protocol: UDP, port: 53}"));
  EXPECT_FALSE(passes("{from: shop/web, to: shop/db, port: 80, flags: SYN+ACK, state: invalid}"));
}

// Between two of its interfaces that are no pods' the node forwards what it likes.
TEST_F(SharpEdgesNetTest, WhatGoesThroughTheNodeIsNoneOfOurBusiness) {
  become(R"(
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: closed}
spec: {order: 1, ingress: [{action: Deny}], egress: [{action: Deny}]}
)");
  EXPECT_TRUE(passes("{from: outside, to: node, protocol: UDP, port: 53}"));
  EXPECT_TRUE(passes("{from: node, to: 192.0.2.1, protocol: UDP, port: 53}"));
}

}  // namespace
}  // namespace weft::wire
