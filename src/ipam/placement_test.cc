#include "ipam/placement.h"

#include <gtest/gtest.h>

#include "ipam/go_random.h"

namespace weft::ipam {
namespace {

struct Placed {
  const char* host;
  std::uint32_t hash;
  const char* pool;
  int block_size;
  const char* first;
};

class PlacementTest : public testing::TestWithParam<Placed> {};

TEST_P(PlacementTest, StartsWhereCalicoStarts) {
  const Placed& p = GetParam();

  EXPECT_EQ(fnv1(p.host), p.hash);

  const BlockWalk walk(*net::Cidr::parse(p.pool), p.block_size, fnv1(p.host));

  EXPECT_EQ(to_string(walk.at(0)), p.first);
  EXPECT_EQ(walk.position_of(walk.at(0)), 0u);
  EXPECT_EQ(walk.position_of(walk.at(7)), 7u);
}

INSTANTIATE_TEST_SUITE_P(
    Known, PlacementTest,
    testing::Values(Placed{"node1", 3957252814u, "192.168.0.0/16", 26, "192.168.166.128/26"},
                    Placed{"node-1", 568266919u, "192.168.0.0/16", 26, "192.168.84.128/26"},
                    Placed{"node1", 3957252814u, "10.65.0.0/24", 29, "10.65.0.208/29"},
                    Placed{"node1", 3957252814u, "fd80:24e2:f998:72d6::/112", 122, "fd80:24e2:f998:72d6::a680/122"},
                    Placed{"node1", 3957252814u, "fd00::/48", 122, "fd00::df9b:fa8:334a:557b:7740/122"}));

TEST(GoRandomTest, ComputesTheConstantsThatGoLists) {
  EXPECT_EQ(GoRandom::cooked()[0], 0xc5f74a33eb98ffeaull);
  EXPECT_EQ(GoRandom::cooked()[606], 0x39a00a3a31c025c6ull);
}

TEST(GoRandomTest, GivesTheNumbersGoGives) {
  GoRandom random(1);

  EXPECT_EQ(random.next63(), 5577006791947779410u);
  EXPECT_EQ(random.next63(), 8674665223082153551u);
  EXPECT_EQ(random.next63(), 6129484611666145821u);
}

TEST(BlockWalkTest, MeetsEveryBlockOnceAndThenEnds) {
  const net::Cidr pool = *net::Cidr::parse("10.65.0.0/24");
  const BlockWalk walk(pool, 29, fnv1("node1"));
  std::set<net::Cidr> seen;

  Wide position = 0;
  for (; !walk.at_end(position); ++position) {
    EXPECT_TRUE(pool.contains(walk.at(position)));
    seen.insert(walk.at(position));
  }

  EXPECT_EQ(position, 32u);
  EXPECT_EQ(seen.size(), 32u);
}

TEST(BlockWalkTest, StepsOverARangeAtOnce) {
  const BlockWalk walk(*net::Cidr::parse("fd00::/48"), 122, fnv1("node1"));
  const net::Cidr range(walk.at(0).ip(), 64);

  const Wide next = walk.after(0, range);

  EXPECT_FALSE(walk.at_end(next));
  EXPECT_FALSE(range.contains(walk.at(next)));
  EXPECT_TRUE(range.contains(walk.at(next - 1)));
}

TEST(BlockWalkTest, HandlesAPoolOfOneBlockAndThePoolOfEverything) {
  const BlockWalk one(*net::Cidr::parse("10.0.0.0/26"), 26, 7);
  EXPECT_EQ(to_string(one.at(0)), "10.0.0.0/26");
  EXPECT_TRUE(one.at_end(1));

  const BlockWalk all(*net::Cidr::parse("::/0"), 128, 7);
  EXPECT_FALSE(all.at_end(1));
  EXPECT_EQ(all.position_of(all.at(5)), 5u);
}

}  // namespace
}  // namespace weft::ipam
