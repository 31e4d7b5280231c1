#include "net/prefix_map.h"

#include <gtest/gtest.h>

namespace weft::net {
namespace {

Cidr cidr(std::string_view text) { return Cidr::parse_loose(text).value(); }

struct PrefixMapTest : testing::Test {
  PrefixMap<int> map;
  PrefixMapTest() {
    int value = 0;
    for (const auto* text :
         {"0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "11.0.0.0/8", "::/0", "2001:db8::/32"}) {
      EXPECT_TRUE(map.insert(cidr(text), ++value));
    }
  }
  static std::vector<int> values(const std::vector<const PrefixMap<int>::Entry*>& entries) {
    std::vector<int> list;
    for (const auto* entry : entries) list.push_back(entry->second);
    return list;
  }
};

TEST_F(PrefixMapTest, FindsTheLongestMatch) {
  EXPECT_EQ(map.longest(*Ip::parse("10.1.2.3"))->second, 4);
  EXPECT_EQ(map.longest(*Ip::parse("10.1.2.4"))->second, 3);
  EXPECT_EQ(map.longest(*Ip::parse("12.0.0.0"))->second, 1);
  EXPECT_EQ(map.longest(*Ip::parse("2001:db8::1"))->second, 7);
  EXPECT_EQ(map.longest(cidr("10.0.0.0/15"))->second, 2);
}

TEST_F(PrefixMapTest, ListsWhatCoversAndWhatIsCovered) {
  EXPECT_EQ(values(map.covering(cidr("10.1.0.0/16"))), (std::vector{1, 2, 3}));
  EXPECT_EQ(values(map.covered(cidr("10.0.0.0/8"))), (std::vector{2, 3, 4}));
  EXPECT_EQ(values(map.covered(cidr("::/0"))), (std::vector{6, 7}));
}

TEST_F(PrefixMapTest, ForgetsWhatIsErased) {
  EXPECT_TRUE(map.erase(cidr("10.1.2.3/32")));
  EXPECT_FALSE(map.erase(cidr("10.1.2.3/32")));
  EXPECT_EQ(map.longest(*Ip::parse("10.1.2.3"))->second, 3);
  EXPECT_EQ(map.exact(cidr("10.1.2.3/32")), nullptr);
  map.erase(cidr("0.0.0.0/0"));
  EXPECT_EQ(map.longest(*Ip::parse("12.0.0.0")), nullptr);
}

TEST_F(PrefixMapTest, ReplacesAValue) {
  EXPECT_FALSE(map.insert(cidr("10.0.0.0/8"), 20));
  EXPECT_EQ(*map.exact(cidr("10.0.0.0/8")), 20);
  EXPECT_EQ(map.size(), 7u);
}

}  // namespace
}  // namespace weft::net
