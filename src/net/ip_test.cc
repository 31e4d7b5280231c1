#include "net/ip.h"

#include <gtest/gtest.h>

namespace weft::net {
namespace {

std::string again(std::string_view text) {
  const auto ip = Ip::parse(text);
  return ip ? to_string(*ip) : ip.error().message;
}

TEST(Ip, IsWrittenAsRfc5952Says) {
  EXPECT_EQ(again("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(again("2001:0DB8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");    // of equal gaps the first
  EXPECT_EQ(again("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");  // one group is no gap
  EXPECT_EQ(again("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");           // the longest gap
  EXPECT_EQ(again("0:0:0:0:0:0:0:0"), "::");
  EXPECT_EQ(again("::1"), "::1");
  EXPECT_EQ(again("fe80:0:0:0:0:0:0:0"), "fe80::");
  EXPECT_EQ(again("::1.2.3.4"), "::102:304");
}

TEST(Ip, KeepsAMappedAddressInIpv6WithItsDottedTail) {
  const auto ip = Ip::parse("::ffff:a00:1");
  ASSERT_TRUE(ip);
  EXPECT_TRUE(ip->is_v6());
  EXPECT_EQ(to_string(*ip), "::ffff:10.0.0.1");
}

TEST(Ip, RefusesWhatIsNoAddress) {
  for (const std::string_view text :
       {"", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4 ", ":", ":::", "1::2::3", "fe80::1%eth0", "g::"}) {
    EXPECT_FALSE(Ip::parse(text)) << text;
  }
  EXPECT_FALSE(Ip::parse(std::string_view("1.2.3.4\0", 8)));
  EXPECT_EQ(again("nope"), "\"nope\" is not an IP address");
}

TEST(Ip, CountsAcrossBytesAndWrapsWithinTheFamily) {
  EXPECT_EQ(to_string(Ip::v4(0x0a0000ff).plus(1)), "10.0.1.0");
  EXPECT_EQ(to_string(Ip::v4(0xffffffff).plus(1)), "0.0.0.0");
  EXPECT_EQ(to_string(Ip::parse("2001:db8::ffff:ffff:ffff:ffff")->plus(1)), "2001:db8:0:1::");
  EXPECT_EQ(Ip::parse("10.1.0.0")->minus(*Ip::parse("10.0.0.0")), 65536u);
  EXPECT_EQ(Ip::parse("2001::")->minus(*Ip::parse("::1")), ~std::uint64_t{0});
  EXPECT_EQ(Ip::parse("::1:0:0:0:0")->minus(*Ip::parse("::1")), ~std::uint64_t{0});
}

TEST(Ip, IsOrderedByFamilyThenValue) {
  EXPECT_LT(*Ip::parse("255.255.255.255"), *Ip::parse("::"));
  EXPECT_LT(*Ip::parse("9.255.255.255"), *Ip::parse("10.0.0.0"));
}

}  // namespace
}  // namespace weft::net
