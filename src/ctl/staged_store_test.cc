#include "ctl/staged_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "store/memory.h"

namespace weft::ctl {
namespace {

using store::Op;
using testing::ElementsAre;
using testing::IsEmpty;

class StagedStoreTest : public testing::Test {
 protected:
  static Op create(const std::string& key, const std::string& value) {
    return {.kind = Op::Kind::create, .key = key, .value = value};
  }
  std::string value(store::Store& in, const std::string& key) {
    const auto entry = in.get(key);
    return entry && *entry ? (*entry)->value : "-";
  }

  store::Memory below;
  StagedStore staged{below};
};

TEST_F(StagedStoreTest, ShowsWhatWaitsToThoseWhoReadIt) {
  ASSERT_TRUE(below.create("/k/a", "1"));
  ASSERT_TRUE(staged.create("/k/b", "2"));
  const auto a = *staged.get("/k/a");
  ASSERT_TRUE(staged.update("/k/a", "3", a->revision));

  EXPECT_EQ(value(staged, "/k/a"), "3");
  EXPECT_EQ(value(staged, "/k/b"), "2");
  EXPECT_EQ(staged.list("/k/")->entries.size(), 2u);
  EXPECT_EQ(value(below, "/k/a"), "1");
  EXPECT_EQ(value(below, "/k/b"), "-");

  EXPECT_THAT(staged.flush(), IsEmpty());
  EXPECT_EQ(value(below, "/k/a"), "3");
  EXPECT_EQ(value(below, "/k/b"), "2");
  EXPECT_THAT(staged.changes(), IsEmpty());
}

TEST_F(StagedStoreTest, RefusesWhatTheStoreBelowWouldRefuse) {
  ASSERT_TRUE(below.create("/k/a", "1"));
  EXPECT_EQ(staged.create("/k/a", "2").error().code, Code::exists);
  EXPECT_EQ(staged.update("/k/a", "2", 999).error().code, Code::conflict);
  EXPECT_EQ(staged.update("/k/b", "2", 1).error().code, Code::not_found);
  EXPECT_EQ(staged.remove("/k/b").error().code, Code::not_found);
  EXPECT_TRUE(staged.remove("/k/a"));
  EXPECT_EQ(value(staged, "/k/a"), "-");
  EXPECT_TRUE(staged.create("/k/a", "3")) << "what is gone may come again";
  EXPECT_THAT(staged.flush(), IsEmpty());
  EXPECT_EQ(value(below, "/k/a"), "3");
}

TEST_F(StagedStoreTest, NamesTheUnitsThatSomebodyOvertook) {
  std::size_t tag = 0;
  for (const char* key : {"/k/a", "/k/b", "/k/c"}) {
    staged.begin(tag++, 0);
    ASSERT_TRUE(staged.create(key, "ours"));
  }
  ASSERT_TRUE(below.create("/k/b", "theirs"));

  const auto refused = staged.flush();

  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].tag, 1u);
  EXPECT_EQ(refused[0].error.code, Code::exists);
  EXPECT_EQ(value(below, "/k/a"), "ours");
  EXPECT_EQ(value(below, "/k/b"), "theirs");
  EXPECT_EQ(value(below, "/k/c"), "ours");
  EXPECT_EQ(value(staged, "/k/b"), "theirs") << "it looks again";
}

TEST_F(StagedStoreTest, WritesAUnitWholeOrNotAtAll) {
  const std::vector<Op> two = {create("/k/a", "1"), create("/k/b", "1")};
  ASSERT_TRUE(staged.commit(two));
  ASSERT_TRUE(staged.create("/k/c", "1"));
  ASSERT_TRUE(below.create("/k/b", "theirs"));
  EXPECT_EQ(staged.flush().size(), 1u);
  EXPECT_EQ(value(below, "/k/a"), "-");
  EXPECT_EQ(value(below, "/k/c"), "1");
}

TEST_F(StagedStoreTest, WritesPhasesOneAfterTheOther) {
  for (int i = 0; i < 500; ++i) {
    staged.begin(static_cast<std::size_t>(i), i < 300 ? 1 : 2);
    ASSERT_TRUE(staged.create("/k/" + std::to_string(i), i < 300 ? "first" : "second"));
  }
  std::atomic<int> first = 0, too_early = 0, transactions = 0;
  below.refuse([&](std::span<const Op> ops) -> Result<> {
    ++transactions;
    for (const auto& op : ops) {
      if (op.value == "first")
        ++first;
      else if (first < 300)
        ++too_early;
    }
    return {};
  });
  EXPECT_THAT(staged.flush(), IsEmpty());
  EXPECT_EQ(too_early, 0);
  EXPECT_EQ(transactions, 5) << "a hundred a transaction";
}

TEST_F(StagedStoreTest, WritesNothingWhenItMayNot) {
  staged.may_flush(false);
  ASSERT_TRUE(staged.put("/k/a", "1"));
  ASSERT_TRUE(staged.put("/k/a", "2"));
  EXPECT_EQ(value(staged, "/k/a"), "2");
  EXPECT_EQ(value(below, "/k/a"), "-");
  const auto changes = staged.changes();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].before, std::nullopt);
  EXPECT_EQ(changes[1].before, "1");
  EXPECT_EQ(changes[1].after, "2");
}

TEST_F(StagedStoreTest, SaysThatTheStoreBelowIsAway) {
  staged.begin(7, 0);
  ASSERT_TRUE(staged.put("/k/a", "1"));
  below.set_available(false);
  const auto refused = staged.flush();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].tag, 7u);
  EXPECT_EQ(refused[0].error.code, Code::unavailable);
}

}  // namespace
}  // namespace weft::ctl
