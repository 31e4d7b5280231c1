#include "node/autodetect.h"

#include <gtest/gtest.h>

namespace weft::node {
namespace {

using net::Family;

net::Address address(const char* text) { return net::Address::parse(text).value(); }

const std::vector<Interface> machine = {
    {"lo", true, {address("127.0.0.1/8"), address("::1/128")}},
    {"docker0", true, {address("172.17.0.1/16")}},
    {"eth9", false, {address("10.9.0.1/24")}},
    {"eth0",
     true,
     {address("169.254.9.9/16"), address("10.0.0.1/24"), address("10.0.0.2/24"), address("fe80::1/64"),
      address("fd00::1/64")}},
    {"eth1", true, {address("192.168.1.1/24"), address("fd01::1/64")}},
    {"calice0906292e2", true, {address("10.65.0.1/32")}},
};

std::string found(const char* method, Family family = Family::v4, const std::vector<Interface>& interfaces = machine) {
  const auto result = autodetect(parse_method(method).value(), family, interfaces);
  return result ? result->interface + " " + net::to_string(result->address) : result.error().message;
}

TEST(AutodetectTest, FirstFoundPassesOverDownInterfacesLinkLocalAddressesAndContainerBridges) {
  EXPECT_EQ(found("first-found"), "eth0 10.0.0.1/24");
  EXPECT_EQ(found("first-found", Family::v6), "eth0 fd00::1/64");
}

TEST(AutodetectTest, InterfaceTakesTheFirstThatAnyPatternMatchesEvenAContainerBridge) {
  EXPECT_EQ(found("interface=eth1"), "eth1 192.168.1.1/24");
  EXPECT_EQ(found("interface=eth1,eth0"), "eth0 10.0.0.1/24");
  EXPECT_EQ(found("interface=dock"), "docker0 172.17.0.1/16");
  EXPECT_EQ(found("interface=^eth[1-9]$", Family::v6), "eth1 fd01::1/64");
}

TEST(AutodetectTest, SkipInterfacePassesOverMoreThanFirstFoundDoes) {
  EXPECT_EQ(found("skip-interface=eth0"), "eth1 192.168.1.1/24");
  EXPECT_EQ(found("skip-interface=eth.*"), "no IPv4 address of this node found by skip-interface=eth.*");
}

TEST(AutodetectTest, CidrTakesTheFirstAddressInsideAnyOfThem) {
  EXPECT_EQ(found("cidr=192.168.0.0/16"), "eth1 192.168.1.1/24");
  EXPECT_EQ(found("cidr=10.0.0.2/32,192.168.0.0/16"), "eth0 10.0.0.2/24");
  EXPECT_EQ(found("cidr=fd01::/16", Family::v6), "eth1 fd01::1/64");
  EXPECT_EQ(found("cidr=10.9.0.0/24"), "no IPv4 address of this node found by cidr=10.9.0.0/24");
}

TEST(AutodetectTest, CanReachTakesTheAddressTheKernelWouldSendFromWithItsLength) {
  const auto source = net::Ip::parse("192.168.1.1").value();

  const auto result = autodetect(parse_method("can-reach=192.0.2.1").value(), Family::v4, machine, &source);

  ASSERT_TRUE(result);
  EXPECT_EQ(net::to_string(result->address), "192.168.1.1/24");
}

TEST(AutodetectTest, ABrokenPatternIsAnErrorNotACrash) {
  EXPECT_EQ(found("interface=eth["), "interface pattern \"eth[\": not a regular expression: missing ]: [");
}

TEST(AutodetectTest, SaysByWhichMethodNothingWasFound) {
  EXPECT_EQ(found("first-found", Family::v6, {}), "no IPv6 address of this node found by first-found");
}

}  // namespace
}  // namespace weft::node
