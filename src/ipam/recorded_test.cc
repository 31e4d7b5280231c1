// What Calico's nodes leave in etcd, of several releases, as the format says: read, counted on and changed as they do.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "base/file.h"
#include "ipam/check.h"
#include "ipam/ipam.h"
#include "schema/value.h"
#include "store/memory.h"

namespace weft::ipam {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class RecordedTest : public testing::Test {
 protected:
  RecordedTest() {
    const auto text = read_file(WEFT_SOURCE_DIR "/src/ipam/testdata/calico.json");
    const auto recorded = schema::parse_json(*text);
    EXPECT_TRUE(recorded) << recorded.error().message;
    for (const auto& [key, value] : *recorded->as_object())
      EXPECT_TRUE(store.put(key, value.as_string() ? *value.as_string() : schema::to_json(value)));
  }
  std::string value(const std::string& key) {
    const auto entry = store.get(key);
    return entry && *entry ? (*entry)->value : "absent";
  }
  std::string block(const std::string& name) { return value("/calico/ipam/v2/assignment/ipv4/block/" + name); }
  std::vector<std::string> problems() {
    std::vector<std::string> texts;
    const auto report = check(store, clock);
    for (const auto& each : report->problems) texts.push_back(each.object + ": " + each.text);
    return texts;
  }
  std::vector<std::string> assign(const std::string& node, int count, const std::string& handle) {
    const auto assigned = ipam.assign({.node = node, .owner = {handle, {{"node", node}}}, .v4 = {count, {}}});
    if (!assigned) return {assigned.error().message};
    std::vector<std::string> texts;
    for (const auto& each : assigned->addresses) texts.push_back(to_string(each.ip));
    return texts;
  }

  store::Memory store;
  TestClock clock{1787380400s};  // 2026-08-22T06:33:20Z
  Ipam ipam{store, clock};
};

const std::string_view surplus = "handle k8s-pod-network.aaaa: counts 2 address(es) in block 10.65.0.0/29, which has 1";
const std::string_view left = "affinity of node1 for 10.65.0.48/29: is left pendingDeletion";

TEST_F(RecordedTest, HoldsWhatACrashAndARaceLeftAndNothingElse) {
  EXPECT_THAT(problems(), ElementsAre(surplus, left));
  const auto report = check(store, clock);
  EXPECT_THAT(report->leaked, IsEmpty());
  EXPECT_THAT(report->leaked_handles, IsEmpty());
  EXPECT_EQ(report->allocations.size(), 11u);
  EXPECT_EQ(report->cluster.guid, "0123456789abcdef0123456789abcdef");
}

TEST_F(RecordedTest, TakesFromABlockThatAnOlderReleaseWrote) {
  EXPECT_THAT(assign("node2", 1, "net.new"), ElementsAre("10.65.0.24"));

  EXPECT_EQ(block("10.65.0.24-29"),
            R"({"cidr":"10.65.0.24/29","affinity":"host:node2","allocations":[0,null,null,null,null,null,null,null],)"
            R"("unallocated":[1,2,3,4,5,6,7],"attributes":[{"handle_id":"net.new","secondary":{"node":"node2"}}],)"
            R"("sequenceNumber":8,"sequenceNumberForAllocation":{"0":7},"deleted":false})");
}

TEST_F(RecordedTest, KeepsTheOrderOfTheFreeListAndWhatCoolsDown) {
  EXPECT_THAT(assign("node1", 5, "net.new"),
              ElementsAre("10.65.0.5", "10.65.0.6", "10.65.0.7", "10.65.0.4", testing::StartsWith("10.65.0.48")))
      << "the affinity that was left is taken up, in key order";
  EXPECT_THAT(problems(), ElementsAre(surplus));
  ASSERT_TRUE(ipam.release_handles({"net.new"}));
  clock.advance(10s);

  EXPECT_THAT(assign("node1", 1, "net.newer"), ElementsAre("10.65.0.3")) << "released thirty seconds ago";
}

TEST_F(RecordedTest, ReleasesByTheHandleThatAMigrationFromHostLocalLeftWithACarriageReturn) {
  EXPECT_THAT(ipam.release_handles({"k8s-pod-network.0e8c6b1a"})->released, ElementsAre(*net::Ip::parse("10.65.0.2")));
  EXPECT_EQ(value("/calico/ipam/v2/handle/k8s-pod-network.0e8c6b1a"), "absent");
}

TEST_F(RecordedTest, RemovesTheBlockWithoutAffinityWithItsLastAddress) {
  ASSERT_TRUE(ipam.release_handles({"k8s-pod-network.cccc"}));
  EXPECT_THAT(block("10.65.0.16-29"), testing::HasSubstr("releasedAt")) << "it is not empty while one cools down";
  EXPECT_EQ(value("/calico/ipam/v2/handle/k8s-pod-network.cccc"), "absent");
}

TEST_F(RecordedTest, KeepsTheSecondOwnerOfAVirtualMachine) {
  ASSERT_THAT(assign("node2", 9, "net.new"), testing::SizeIs(9));
  EXPECT_THAT(block("10.65.0.40-29"),
              testing::HasSubstr(R"("alternateOwnerAttrs":{"namespace":"default","node":"node1","pod":"vm-target"})"));
}

TEST_F(RecordedTest, GivesUpWindowsBlocksThatAreEmptyButForWhatIsReserved) {
  const auto given_up = ipam.release_affinities("winnode", std::nullopt, true);
  EXPECT_THAT(given_up->kept, IsEmpty());
  EXPECT_EQ(block("10.65.0.8-29"), "absent");
}

TEST_F(RecordedTest, FindsEachThingThatANodeOfCalicoWouldStumbleOver) {
  const std::string path = "/calico/ipam/v2/assignment/ipv4/block/10.65.0.40-29";
  const std::string sound = value(path);
  const auto found = [&](const std::string& part, const std::string& with) {
    std::string broken = sound;
    const auto at = broken.find(part);
    EXPECT_NE(at, broken.npos) << part;
    broken.replace(at, part.size(), with);
    EXPECT_TRUE(store.put(path, broken));
    auto all = problems();
    std::erase(all, surplus);
    std::erase(all, left);
    return all;
  };
  using testing::Contains;
  using testing::HasSubstr;
  EXPECT_THAT(found("", ""), IsEmpty());
  EXPECT_THAT(found("[0,null", "[1,null"), Contains(HasSubstr("index without attribute")));
  EXPECT_THAT(found("[1,2,3", "[1,1,3"), Contains(HasSubstr("1 is there twice")));
  EXPECT_THAT(found("[1,2,3", "[0,2,3"), Contains(HasSubstr("0 is allocated")));
  EXPECT_THAT(found("[1,2,3", "[2,3"), Contains(HasSubstr("ordinal 1 is neither allocated nor in the free list")));
  EXPECT_THAT(found("[{", "[{\"handle_id\":\"x\"},{"), Contains(HasSubstr("attribute 1 belongs to no address")));
  EXPECT_THAT(found("{\"0\":1787379000000000000}", "{\"0\":1787379000000000009}"),
              Contains(HasSubstr("is later than the block's")));
  EXPECT_THAT(found("{\"0\":", "{\"3\":1,\"0\":"), Contains(HasSubstr("ordinal 3 is free and has a sequence number")));
  EXPECT_THAT(found("{\"0\":", "{\"8\":1,\"0\":"), Contains(HasSubstr("8 is outside the block")));
  EXPECT_THAT(found("host:node2", "node2"), Contains(HasSubstr("\"node2\" is none")));
  EXPECT_THAT(found("host:node2", "host:node1"), Contains(HasSubstr("there is no affinity that says so")));
  EXPECT_THAT(found("host:node2", "host:node1"), Contains(HasSubstr("the block's affinity is host:node1")));
  EXPECT_THAT(found("\"secondary\"", "\"releasedAt\":\"2026-08-22T07:00:00Z\",\"secondary\""),
              Contains(HasSubstr("in the future")));
  EXPECT_THAT(found("\"handle_id\":\"k8s-pod-network.vmi.default.vm\"", "\"handle_id\":\"other\""),
              Contains("handle other: does not exist, and block 10.65.0.40/29 has 1 address(es) of it"));
  EXPECT_THAT(found("\"allocations\":[0", "\"allocations\":[null"),
              Contains("Workload(default/node2-k8s-vm-eth0): address 10.65.0.40 lies in a pool and is not allocated"));
}

}  // namespace
}  // namespace weft::ipam
