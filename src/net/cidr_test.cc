#include "net/cidr.h"

#include <gtest/gtest.h>

namespace weft::net {
namespace {

TEST(Cidr, RefusesHostBitsUnlessReadLoosely) {
  EXPECT_EQ(Cidr::parse("10.0.0.1/8").error().message, "\"10.0.0.1/8\" has host bits set; did you mean 10.0.0.0/8?");
  EXPECT_EQ(to_string(*Cidr::parse_loose("10.0.0.1/8")), "10.0.0.0/8");
  EXPECT_EQ(to_string(*Cidr::parse_loose("2001:db8::1/33")), "2001:db8::/33");
}

TEST(Cidr, ReadsABareAddressAsHostOnlyLoosely) {
  EXPECT_FALSE(Cidr::parse("10.0.0.1"));
  EXPECT_EQ(to_string(*Cidr::parse_loose("10.0.0.1")), "10.0.0.1/32");
  EXPECT_EQ(to_string(*Cidr::parse_loose("::1")), "::1/128");
  EXPECT_TRUE(Cidr::parse_loose("::1")->is_host());
}

TEST(Cidr, RefusesWhatIsNoPrefix) {
  for (const std::string_view text : {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/", "/8",
                                      "::/129", "10.0.0.0/8/8", "10.0.0.0/ 8"}) {
    EXPECT_FALSE(Cidr::parse(text)) << text;
    EXPECT_FALSE(Cidr::parse_loose(text)) << text;
  }
}

TEST(Cidr, ContainsWhatLiesInsideOfItsFamily) {
  const auto ten = *Cidr::parse("10.64.0.0/10");
  EXPECT_TRUE(ten.contains(*Ip::parse("10.127.255.255")));
  EXPECT_FALSE(ten.contains(*Ip::parse("10.128.0.0")));
  EXPECT_FALSE(Cidr().contains(*Ip::parse("::")));
  EXPECT_TRUE(Cidr::parse("::/0")->contains(*Cidr::parse("2001:db8::/32")));
  EXPECT_FALSE(ten.contains(*Cidr::parse("10.0.0.0/8")));
  EXPECT_TRUE(ten.overlaps(*Cidr::parse("10.0.0.0/8")));
  EXPECT_EQ(to_string(ten.last()), "10.127.255.255");
}

TEST(Address, KeepsTheHostBits) {
  const auto address = Address::parse("10.0.0.1/24");
  ASSERT_TRUE(address);
  EXPECT_EQ(to_string(*address), "10.0.0.1/24");
  EXPECT_EQ(to_string(address->network()), "10.0.0.0/24");
  EXPECT_EQ(to_string(*Address::parse("::1")), "::1/128");
}

}  // namespace
}  // namespace weft::net
