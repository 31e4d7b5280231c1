#include "ipam/recall.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "ipam/race.h"
#include "store/memory.h"
#include "test/counting_store.h"

namespace weft::ipam {
namespace {

using store::Op;
using testing::SizeIs;

class RecallTest : public testing::Test {
 protected:
  RecallTest() {
    for (const std::string key : {"/config", "/pools/a", "/pools/b"}) EXPECT_TRUE(store.put(key, "1"));
    recall.begin(false);
    look();
  }
  void look() {
    EXPECT_TRUE(*recall.get("/config"));
    EXPECT_FALSE(*recall.get("/absent"));
    EXPECT_THAT(recall.list("/pools/")->entries, SizeIs(2));
  }
  Result<store::Revision> write(const std::string& key) {
    const Op op{.key = key, .value = "x"};
    return recall.finish({&op, 1});
  }
  /// What becomes of a write that was decided on what is remembered, after this happened.
  Result<store::Revision> write_after(const std::function<void()>& happened) {
    recall.begin(true);
    look();
    happened();
    return write("/written");
  }

  store::Memory store;
  Recall recall{store};
};

TEST_F(RecallTest, AnswersWithoutAskingInAWarmAttemptOnly) {
  recall.begin(true);
  store.set_available(false);
  look();
  recall.begin(false);
  EXPECT_FALSE(recall.get("/config"));
}

TEST_F(RecallTest, AsksForWhatItDoesNotKnow) {
  recall.begin(true);
  ASSERT_TRUE(store.put("/other", "2"));
  EXPECT_EQ((*recall.get("/other"))->value, "2");
}

TEST_F(RecallTest, WritesWhenNothingChanged) {
  EXPECT_TRUE(write_after([] {}));
  EXPECT_TRUE(write_after([] {})) << "again";
}

TEST_F(RecallTest, WritesNothingWhenWhatItAnsweredIsOutdated) {
  const auto refused = [&](const std::function<void()>& happened) {
    const auto written = write_after(happened);
    recall.begin(false);
    return !written && is_race(written.error());
  };
  EXPECT_TRUE(refused([&] { ASSERT_TRUE(store.put("/config", "2")); }));
  look();
  EXPECT_TRUE(refused([&] { ASSERT_TRUE(store.put("/absent", "2")); }));
  ASSERT_TRUE(store.remove("/absent"));
  look();
  EXPECT_TRUE(refused([&] { ASSERT_TRUE(store.put("/pools/b", "2")); }));
  look();
  EXPECT_TRUE(refused([&] { ASSERT_TRUE(store.remove("/pools/b")); })) << "one that is gone does not show in a range";
  ASSERT_TRUE(store.put("/pools/b", "2"));
  look();
  EXPECT_TRUE(refused([&] { ASSERT_TRUE(store.put("/pools/c", "2")); }));
  EXPECT_FALSE(*store.get("/written"));
}

TEST_F(RecallTest, RemembersWhatItWrote) {
  recall.begin(true);
  ASSERT_TRUE(write("/config"));
  recall.begin(true);
  store.set_available(false);
  EXPECT_EQ((*recall.get("/config"))->value, "x");
}

TEST_F(RecallTest, RefusesToWriteOnTheWayOfAWarmAttempt) {
  recall.begin(true);
  EXPECT_EQ(recall.put("/config", "2").error().code, Code::canceled);
}

// What it is for.

class WarmTest : public testing::Test {
 protected:
  WarmTest() { racing::prepare(memory, 2, "10.65.0.0/24", 26); }
  /// Round trips of an allocation.
  long assign(int number) {
    const long before = store.reads + store.commits;
    EXPECT_TRUE(ipam.assign({.node = "node0", .owner = {"h" + std::to_string(number), {}}, .v4 = {1, {}}}));
    return store.reads + store.commits - before;
  }
  std::string pool() { return (*memory.get("/calico/resources/v3/projectcalico.org/ippools/pool"))->value; }

  store::Memory memory;
  test::CountingStore store{memory};
  Ipam ipam{store};
};

TEST_F(WarmTest, TakesOneTransactionWhenNothingChanged) {
  assign(0);
  assign(1);  // the first one claimed a block: which there are is read again
  for (int i = 2; i < 10; ++i) EXPECT_EQ(assign(i), 1);
}

TEST_F(WarmTest, ReadsOnlyTheBlockAgainWhenAnotherTookAnAddressOfIt) {
  assign(0);
  ASSERT_TRUE(Ipam(memory).assign({.node = "node0", .owner = {"other", {}}, .v4 = {1, {}}}));
  EXPECT_LE(assign(1), 4) << "the transaction that failed, block and handle, another one";
  EXPECT_EQ(assign(2), 1);
}

TEST_F(WarmTest, SeesAPoolThatWasDisabledAndAnAddressThatWasReserved) {
  assign(0);
  assign(1);
  ASSERT_TRUE(memory.put("/calico/resources/v3/projectcalico.org/ipreservations/r",
                         R"({"spec":{"reservedCIDRs":["10.65.0.0/24"]}})"));
  EXPECT_EQ(ipam.assign({.node = "node0", .owner = {"h2", {}}, .v4 = {1, {}}}).error().code, Code::exhausted);
  ASSERT_TRUE(memory.remove("/calico/resources/v3/projectcalico.org/ipreservations/r"));
  assign(3);
  std::string disabled = pool();
  disabled.insert(disabled.find("\"cidr\""), "\"disabled\":true,");
  ASSERT_TRUE(memory.put("/calico/resources/v3/projectcalico.org/ippools/pool", disabled));
  EXPECT_EQ(ipam.assign({.node = "node0", .owner = {"h4", {}}, .v4 = {1, {}}}).error().code, Code::not_found);
}

TEST_F(WarmTest, SeesAPoolThatIsGone) {
  assign(0);
  ASSERT_TRUE(memory.remove("/calico/resources/v3/projectcalico.org/ippools/pool"));
  EXPECT_EQ(ipam.assign({.node = "node0", .owner = {"h1", {}}, .v4 = {1, {}}}).error().code, Code::not_found);
}

TEST_F(WarmTest, ReleasesAHandleWithOneReadAndOneTransaction) {
  for (int i = 0; i < 3; ++i) assign(i);
  const long before = store.reads + store.commits;
  ASSERT_THAT(ipam.release_handles({"h1"})->released, SizeIs(1));
  EXPECT_EQ(store.reads + store.commits - before, 2);
  EXPECT_EQ(assign(3), 1);
}

}  // namespace
}  // namespace weft::ipam
