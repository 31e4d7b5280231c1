#include "ipam/block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::ipam {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

net::Ip ip(std::string_view text) { return *net::Ip::parse(text); }
std::vector<std::string> texts(const std::vector<net::Ip>& ips) {
  std::vector<std::string> result;
  for (const auto& each : ips) result.push_back(to_string(each));
  return result;
}

class BlockTest : public testing::Test {
 protected:
  Time now = Time(1787380400s);
  api::Block block = new_block(*net::Cidr::parse("10.65.0.0/29"), "host:node1", now);
  Owner web{"net.web", {{"node", "node1"}, {"pod", "web"}}};
  Owner db{"net.db", {{"node", "node1"}, {"pod", "db"}}};
};

TEST_F(BlockTest, StartsWithEveryOrdinalFreeAndNoAttributes) {
  EXPECT_THAT(block.unallocated, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_FALSE(block.attributes);
  EXPECT_EQ(block.sequence_number, 1787380400000000000u);
  EXPECT_EQ(block.affinity_claim_time, to_rfc3339(now));
  EXPECT_TRUE(is_empty(block));
  EXPECT_TRUE(verify(block));
}

TEST_F(BlockTest, GivesFromTheFrontAndSharesTheAttributeOfOneOwner) {
  EXPECT_THAT(texts(allocate(block, 2, web, nullptr)), ElementsAre("10.65.0.0", "10.65.0.1"));
  EXPECT_THAT(texts(allocate(block, 1, db, nullptr)), ElementsAre("10.65.0.2"));
  EXPECT_THAT(texts(allocate(block, 1, web, nullptr)), ElementsAre("10.65.0.3"));

  EXPECT_EQ(block.attributes->size(), 2u);
  EXPECT_THAT(ordinals_of(block, "net.web"), ElementsAre(0, 1, 3));
  EXPECT_EQ(block.sequence_number_for_allocation.at(3), block.sequence_number);
}

TEST_F(BlockTest, PassesOverReservedAddressesAndLeavesThemInPlace) {
  const auto reserved = [&](const net::Ip& each) { return each == ip("10.65.0.0") || each == ip("10.65.0.2"); };

  EXPECT_THAT(texts(allocate(block, 2, web, reserved)), ElementsAre("10.65.0.1", "10.65.0.3"));
  EXPECT_THAT(block.unallocated, ElementsAre(0, 2, 4, 5, 6, 7));
}

TEST_F(BlockTest, TakesBackAtTheEndAndDropsUnusedAttributes) {
  allocate(block, 1, web, nullptr);
  allocate(block, 1, db, nullptr);

  const auto released = release(block, {{.ip = ip("10.65.0.0")}}, 0s, now);

  ASSERT_TRUE(released);
  EXPECT_EQ(released->by_handle.at("net.web"), 1);
  EXPECT_THAT(block.unallocated, ElementsAre(2, 3, 4, 5, 6, 7, 0));
  ASSERT_EQ(block.attributes->size(), 1u);
  EXPECT_EQ(block.allocations[1], 0);  // the index followed its attribute
  EXPECT_FALSE(block.sequence_number_for_allocation.contains(0));
}

TEST_F(BlockTest, LeavesAnEmptyListOfAttributesBehind) {
  allocate(block, 1, web, nullptr);

  EXPECT_EQ(release_handle(block, "net.web", 0s, now), 1);

  ASSERT_TRUE(block.attributes);
  EXPECT_TRUE(block.attributes->empty());
  EXPECT_TRUE(is_empty(block));
}

TEST_F(BlockTest, KeepsAReleasedAddressBackUntilItsCooldownIsOver) {
  allocate(block, 1, web, nullptr);
  block.sequence_number += 5;

  ASSERT_TRUE(release(block, {{.ip = ip("10.65.0.0")}}, 30s, now));

  EXPECT_FALSE(is_empty(block));
  EXPECT_EQ(block.attributes->at(0).released_at, to_rfc3339(now));
  EXPECT_FALSE(block.attributes->at(0).handle_id);
  EXPECT_EQ(block.sequence_number_for_allocation.at(0), block.sequence_number);
  EXPECT_EQ(allocate_one(block, ip("10.65.0.0"), db).error().code, Code::exists);
  settle(block, 30s, now + 29s);
  EXPECT_FALSE(is_empty(block));

  settle(block, 30s, now + 30s);

  EXPECT_TRUE(is_empty(block));
  EXPECT_EQ(block.unallocated.back(), 0);
}

TEST_F(BlockTest, DoesNotRefreshSequenceNumbersOnReleaseByHandle) {
  allocate(block, 1, web, nullptr);
  const auto before = block.sequence_number_for_allocation.at(0);
  block.sequence_number += 5;

  release_handle(block, "net.web", 30s, now);

  EXPECT_EQ(block.sequence_number_for_allocation.at(0), before);
}

TEST_F(BlockTest, ReleasesNothingWhenOneClaimIsWrong) {
  allocate(block, 2, web, nullptr);
  const api::Block before = block;

  EXPECT_EQ(
      release(block, {{.ip = ip("10.65.0.0")}, {.ip = ip("10.65.0.1"), .handle = "net.db"}}, 0s, now).error().code,
      Code::conflict);
  EXPECT_EQ(block, before);
  EXPECT_EQ(release(block, {{.ip = ip("10.65.0.0"), .sequence = 1}}, 0s, now).error().code, Code::conflict);
  EXPECT_EQ(block, before);
}

TEST_F(BlockTest, ReportsFreeAddressesAsUnallocatedAndRepeatedOnesOnce) {
  allocate(block, 1, web, nullptr);

  const auto released =
      release(block, {{.ip = ip("10.65.0.0")}, {.ip = ip("10.65.0.0")}, {.ip = ip("10.65.0.5")}}, 0s, now);

  ASSERT_TRUE(released);
  EXPECT_EQ(released->count, 1);
  EXPECT_THAT(texts(released->unallocated), ElementsAre("10.65.0.5"));
}

TEST_F(BlockTest, IgnoresWhatFollowsACarriageReturnInAHandle) {
  allocate(block, 1, Owner{"net.web\rjunk", {}}, nullptr);

  EXPECT_THAT(ordinals_of(block, "net.web"), ElementsAre(0));
  EXPECT_EQ(release_handle(block, "net.web", 0s, now), 1);
}

TEST_F(BlockTest, CountsAWindowsReservationAsEmpty) {
  allocate(block, 4, Owner{std::string(windows_handle), {{"note", "windows host rsvd"}}}, nullptr);

  EXPECT_TRUE(is_empty(block));
}

TEST_F(BlockTest, RefusesBlocksThatContradictThemselves) {
  api::Block bad = block;
  bad.allocations.pop_back();
  EXPECT_FALSE(verify(bad));
  bad = block;
  bad.allocations[0] = 0;
  EXPECT_FALSE(verify(bad));
  bad = block;
  bad.unallocated.push_back(3);
  EXPECT_FALSE(verify(bad));
  bad = block;
  bad.unallocated.push_back(-1);
  EXPECT_FALSE(verify(bad));
}

TEST(TimeTest, ReadsAndWritesTheFormsThatCalicoUses) {
  const Time time = Time(1787380400s + 120ms);

  EXPECT_EQ(to_rfc3339(time), "2026-08-22T06:33:20Z");
  EXPECT_EQ(to_go_time(time), "2026-08-22 06:33:20.12 +0000 UTC");
  EXPECT_EQ(to_go_time(Time(1787380400s)), "2026-08-22 06:33:20 +0000 UTC");
  EXPECT_EQ(from_rfc3339("2026-08-22T06:33:20Z"), Time(1787380400s));
  EXPECT_EQ(from_rfc3339("2026-08-22T08:33:20.5+02:00"), Time(1787380400s));
  EXPECT_FALSE(from_rfc3339("0001-01-01T00:00:00Z"));
  EXPECT_FALSE(from_rfc3339("9999-01-01T00:00:00Z"));
  EXPECT_FALSE(from_rfc3339("2026-08-22"));
  EXPECT_FALSE(from_rfc3339("2026-08-22T06:33:20"));
  EXPECT_FALSE(from_rfc3339("2026-08-22T06:33:20Zx"));
}

}  // namespace
}  // namespace weft::ipam
