#include "ctl/ipam.h"

#include <gtest/gtest.h>

#include <cmath>

namespace weft::ctl {
namespace {

TEST(IpamTableTest, HasBoxesAroundItsCells) {
  EXPECT_EQ(boxed({{"GROUPING", "CIDR"}, {"IP Pool", "10.65.0.0/16"}, {"Block", "10.65.0.0/26"}}),
            "+----------+--------------+\n"
            "| GROUPING | CIDR         |\n"
            "+----------+--------------+\n"
            "| IP Pool  | 10.65.0.0/16 |\n"
            "| Block    | 10.65.0.0/26 |\n"
            "+----------+--------------+\n");
}

TEST(IpamTableTest, HasAHeadingWhenThereIsNothing) { EXPECT_EQ(boxed({{"IP"}}), "+----+\n| IP |\n+----+\n+----+\n"); }

TEST(IpamShareTest, RoundsToWholePercents) {
  EXPECT_EQ(share(12, 64), "12 (19%)");
  EXPECT_EQ(share(0, 64), "0 (0%)");
  EXPECT_EQ(share(64, 64), "64 (100%)");
  EXPECT_EQ(share(1, 65536), "1 (0%)");
  EXPECT_EQ(share(0, 0), "0 (0%)");
}

TEST(IpamShareTest, WritesHugeNumbersWithAnExponent) {
  EXPECT_EQ(share(std::ldexp(1, 80), std::ldexp(1, 80)), "1.2089e+24 (100%)");
}

}  // namespace
}  // namespace weft::ctl
