#include "node/check.h"

#include <gtest/gtest.h>

#include "test/netns.h"

namespace weft::node {
namespace {

struct CheckSystemNetTest : testing::Test {
  test::InNetns netns;
};

TEST_F(CheckSystemNetTest, AsksTheKernelAndLeavesThisNamespaceAsItWas) {
  const auto facts = gather_facts();

  EXPECT_TRUE(facts.veth) << facts.veth.error().message;
  EXPECT_TRUE(facts.nftables) << facts.nftables.error().message;
  EXPECT_TRUE(facts.conntrack) << facts.conntrack.error().message;
  EXPECT_TRUE(facts.dropping.empty());
  EXPECT_EQ(netns.run("nft list ruleset"), "");
  EXPECT_EQ(netns.run("ip -br link | wc -l"), "1\n");
}

TEST_F(CheckSystemNetTest, SeesForwardingAndDropPoliciesOfThisNamespace) {
  netns.run(R"(
    sysctl -qw net.ipv4.ip_forward=0
    nft add table ip filter
    nft 'add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'
    nft 'add chain ip filter INPUT { type filter hook input priority 0; policy drop; }'
    nft add table inet fw
    nft 'add chain inet fw forwarded { type filter hook forward priority 10; policy drop; }'
    nft 'add chain inet fw fine { type filter hook forward priority 20; policy accept; }')");
  EXPECT_EQ(gather_facts().forwarding_v4, false);
  netns.run("sysctl -qw net.ipv4.ip_forward=1");
  const auto facts = gather_facts();

  EXPECT_EQ(facts.forwarding_v4, true);
  EXPECT_EQ(facts.dropping,
            (std::vector<DroppingChain>{{"table inet fw chain forwarded"}, {"table ip filter chain FORWARD"}}));
}

TEST_F(CheckSystemNetTest, TheMtuIsTheSmallestOfTheRealInterfaces) {
  EXPECT_EQ(gather_facts().mtu_of, "");
  EXPECT_EQ(gather_facts().mtu, mtu_without_interface);

  netns.run(R"(
    ip link add eth0 mtu 1450 type veth peer name cali0 mtu 1000 && ip link set eth0 up && ip link set cali0 up
    ip link add eth1 mtu 9000 type veth peer name far1 && ip link set eth1 up
    ip link add eth2 mtu 1300 type veth peer name far2)");

  EXPECT_EQ(gather_facts().mtu, 1450U);
  EXPECT_EQ(gather_facts().mtu_of, "eth0");
}

}  // namespace
}  // namespace weft::node
