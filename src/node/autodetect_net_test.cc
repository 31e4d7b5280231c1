#include <gtest/gtest.h>

#include "node/autodetect.h"
#include "test/netns.h"

namespace weft::node {
namespace {

using net::Family;

struct AutodetectNetTest : testing::Test {
  test::InNetns netns;

  void SetUp() override {
    netns.run(R"(
      ip link add docker0 type bridge && ip link set docker0 up && ip address add 172.17.0.1/16 dev docker0
      ip link add eth0 type veth peer name far0 && ip link set eth0 up && ip link set far0 up
      ip link add eth1 type veth peer name far1 && ip link set eth1 up && ip link set far1 up
      ip address add 10.0.0.1/24 dev eth0 && ip address add fd00::1/64 dev eth0 nodad
      ip address add 192.168.1.1/24 dev eth1
      ip route add 192.0.2.0/24 via 192.168.1.254)");
  }

  static std::string found(const char* method, Family family = Family::v4) {
    const auto result = autodetect_here(parse_method(method).value(), family);
    return result ? result->interface + " " + net::to_string(result->address) : result.error().message;
  }
};

TEST_F(AutodetectNetTest, FindsTheAddressesOfThisNamespace) {
  EXPECT_EQ(found("first-found"), "eth0 10.0.0.1/24");
  EXPECT_EQ(found("first-found", Family::v6), "eth0 fd00::1/64");
  EXPECT_EQ(found("interface=eth1"), "eth1 192.168.1.1/24");
}

TEST_F(AutodetectNetTest, AsksTheKernelWhichAddressReachesADestination) {
  EXPECT_EQ(found("can-reach=192.0.2.7"), "eth1 192.168.1.1/24");
  EXPECT_EQ(found("can-reach=10.0.0.9"), "eth0 10.0.0.1/24");
  EXPECT_EQ(found("can-reach=203.0.113.1"), "route to 203.0.113.1: Network is unreachable");
}

}  // namespace
}  // namespace weft::node
