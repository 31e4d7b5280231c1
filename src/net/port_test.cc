#include "net/port.h"

#include <gtest/gtest.h>

#include "net/mac.h"

namespace weft::net {
namespace {

TEST(PortRange, IsANumberOrTwo) {
  EXPECT_EQ(*PortRange::parse("80"), (PortRange{80, 80}));
  EXPECT_EQ(to_string(*PortRange::parse("8000:8100")), "8000:8100");
  EXPECT_EQ(to_string(*PortRange::parse("7:7")), "7");
  EXPECT_TRUE(PortRange::parse("0:65535")->contains(65535));
  for (const std::string_view text : {"", ":", "80:", ":80", "65536", "-1", "90:80", "1:2:3", "http", "80 "}) {
    EXPECT_FALSE(PortRange::parse(text)) << text;
  }
}

TEST(Protocol, IsANameInAnyCaseOrANumber) {
  EXPECT_EQ(*Protocol::parse("tcp"), tcp);
  EXPECT_EQ(*Protocol::parse("ICMPV6"), icmpv6);
  EXPECT_EQ(*Protocol::parse("132"), sctp);
  EXPECT_EQ(to_string(*Protocol::parse("136")), "UDPLite");
  EXPECT_EQ(to_string(*Protocol::parse("47")), "47");
  for (const std::string_view text : {"", "0", "256", "gre", "-6"}) EXPECT_FALSE(Protocol::parse(text)) << text;
}

TEST(Protocol, HasPortsWhereTheRulesMayNameThem) {
  EXPECT_TRUE(tcp.has_ports() && udp.has_ports() && sctp.has_ports());
  EXPECT_FALSE(udplite.has_ports() || icmp.has_ports());
}

TEST(Mac, IsSixPairsOfHexDigits) {
  EXPECT_EQ(to_string(*Mac::parse("EE:ee:0a:00:12:ff")), "ee:ee:0a:00:12:ff");
  EXPECT_EQ(to_string(*Mac::parse("EE-ee-0a-00-12-ff")), "ee:ee:0a:00:12:ff");
  EXPECT_FALSE(Mac::parse("EE-ee:0a-00-12-ff"));
  for (const std::string_view text :
       {"", "ee:ee:ee:ee:ee", "ee:ee:ee:ee:ee:eg", "ee:ee:ee:ee:ee:e:", " e:ee:ee:ee:ee:ee", "ee:ee:ee:ee:ee:ee:"}) {
    EXPECT_FALSE(Mac::parse(text)) << text;
  }
}

}  // namespace
}  // namespace weft::net
