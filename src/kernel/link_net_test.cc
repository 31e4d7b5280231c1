#include "kernel/link.h"

#include <linux/netlink.h>

#include "kernel/netns.h"
#include "kernel/sysctl.h"
#include "test/netns.h"

namespace weft::kernel {
namespace {

struct LinkTest : testing::Test {
  test::InNetns here;
  Socket socket = Socket::open(NETLINK_ROUTE).value();
};

TEST_F(LinkTest, MakesAVethPairWithItsPeerInAnotherNamespace) {
  const test::Netns pod;
  const auto host_mac = net::Mac::parse("ee:ee:ee:ee:ee:ee").value();
  const auto pod_mac = net::Mac::parse("02:00:00:00:00:01").value();

  const auto made = create_veth(socket, {.name = "cali1",
                                         .mac = host_mac,
                                         .peer_name = "eth0",
                                         .peer_mac = pod_mac,
                                         .peer_netns = pod.fd(),
                                         .mtu = 1400,
                                         .up = true});

  ASSERT_TRUE(made) << made.error().message;
  pod.run("ip link set eth0 up");
  const auto link = get_link(socket, "cali1").value();
  EXPECT_EQ(link.kind, "veth");
  EXPECT_EQ(link.mac, host_mac);
  EXPECT_EQ(link.mtu, 1400u);
  EXPECT_TRUE(link.up);
  EXPECT_TRUE(link.running);
  EXPECT_TRUE(link.peer_netns);
  EXPECT_FALSE(get_link(socket, "eth0"));
  const std::string inside = pod.run("ip -o link show eth0");
  EXPECT_NE(inside.find("02:00:00:00:00:01"), std::string::npos) << inside;
  EXPECT_NE(inside.find("mtu 1400"), std::string::npos) << inside;
}

TEST_F(LinkTest, SaysThatANameIsTaken) {
  ASSERT_TRUE(create_veth(socket, {.name = "cali1", .peer_name = "a"}));

  const auto again = create_veth(socket, {.name = "cali1", .peer_name = "b"});

  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::exists);
  EXPECT_EQ(list_links(socket).value().size(), 3u);
}

TEST_F(LinkTest, ChangesMovesAndDeletes) {
  const test::Netns other;
  ASSERT_TRUE(create_veth(socket, {.name = "cali1", .peer_name = "tmp"}));
  const int peer = get_link(socket, "tmp").value().index;
  const int index = get_link(socket, "cali1").value().index;

  ASSERT_TRUE(change_link(socket, index, {.up = true, .mtu = 1300, .alias = "default/web"}));
  ASSERT_TRUE(change_link(socket, peer, {.name = "eth0", .netns = other.fd()}));

  const auto link = get_link(socket, index).value();
  EXPECT_EQ(link.alias, "default/web");
  EXPECT_EQ(link.mtu, 1300u);
  EXPECT_TRUE(link.up);
  EXPECT_FALSE(link.running);  // the other end is down
  other.run("ip link show eth0");
  ASSERT_TRUE(delete_link(socket, index));
  EXPECT_EQ(get_link(socket, "cali1").error().code, Code::not_found);
  EXPECT_EQ(delete_link(socket, index).error().code, Code::not_found);
  EXPECT_NE(other.shell_in("ip link show eth0").status, 0);
}

TEST_F(LinkTest, DeletesWithoutWaitingForTheMemory) {
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(create_veth(socket, {.name = "calid", .peer_name = "eth0", .up = true}));
    const int index = get_link(socket, "calid").value().index;

    ASSERT_TRUE(delete_link_soon(index));

    EXPECT_EQ(get_link(socket, "calid").error().code, Code::not_found);
    EXPECT_EQ(get_link(socket, "eth0").error().code, Code::not_found);
    EXPECT_EQ(delete_link_soon(index).error().code, Code::not_found);
  }
}

TEST_F(LinkTest, MakesABridgeWithPorts) {
  ASSERT_TRUE(create_bridge(socket, "br0"));
  ASSERT_TRUE(create_veth(socket, {.name = "p0", .peer_name = "p1"}));

  ASSERT_TRUE(set_master(socket, get_link(socket, "p0").value().index, get_link(socket, "br0").value().index));

  EXPECT_NE(here.run("ip -o link show master br0").find("p0"), std::string::npos);
}

TEST(NetnsTest, KeepsTheCallerWhereItIs) {
  const auto before = Netns::current().value();
  const auto other = Netns::create().value();

  const auto inside = run_in(other, [] { return Netns::current(); });

  EXPECT_TRUE(inside.value().same_as(other));
  EXPECT_FALSE(inside.value().same_as(before));
  EXPECT_TRUE(Netns::current().value().same_as(before));
}

TEST(NetnsTest, HasANameUntilItIsRemoved) {
  const std::string path = testing::TempDir() + "weft-netns-" + std::to_string(getpid()) + "/a";
  const auto made = Netns::create(path);
  ASSERT_TRUE(made) << made.error().message;

  EXPECT_TRUE(Netns::open(path).value().same_as(*made));
  EXPECT_EQ(Netns::create(path).error().code, Code::exists);
  EXPECT_TRUE(Netns::remove(path));
  EXPECT_FALSE(Netns::open(path));
  EXPECT_TRUE(Netns::remove(path));
  rmdir(path.substr(0, path.size() - 2).c_str());
}

TEST(SysctlTest, IsThatOfTheThreadsNamespace) {
  const test::InNetns here;
  here.run("ip link add cali1.2 type veth peer name eth0");
  const auto other = Netns::create().value();

  EXPECT_EQ(write_sysctl("net/ipv4/conf/cali1.2/proxy_arp", "1").value(), "0");
  EXPECT_EQ(write_sysctl("net/ipv4/conf/cali1.2/proxy_arp", "1").value(), std::nullopt);

  EXPECT_EQ(read_sysctl("net/ipv4/conf/cali1.2/proxy_arp"), "1");
  const auto elsewhere = run_in(other, [] { return read_sysctl("net/ipv4/conf/cali1.2/proxy_arp"); });
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().code, Code::not_found);
}

}  // namespace
}  // namespace weft::kernel
