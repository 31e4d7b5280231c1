#include "store/memory.h"

#include "test/store_contract.h"

namespace weft::store {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract,
                         testing::Values(Implementation{
                             .name = "memory",
                             .make = [] { return std::make_shared<Memory>(); },
                             .compact = [](Store& store,
                                           Revision revision) { dynamic_cast<Memory&>(store).compact(revision); },
                         }),
                         [](const auto& info) { return info.param.name; });

TEST(Memory, EndsWatchesAndRefusesEverythingWhileItIsNotAvailable) {
  Memory memory;
  Seen seen;
  const auto watch = memory.watch("/", 0, seen.watcher());

  memory.set_available(false);

  ASSERT_TRUE(seen.end());
  EXPECT_EQ(seen.end()->code, Code::unavailable);
  EXPECT_EQ(memory.get("/a").error().code, Code::unavailable);
  EXPECT_EQ(memory.list("/").error().code, Code::unavailable);
  EXPECT_EQ(memory.put("/a", "1").error().code, Code::unavailable);
  EXPECT_EQ(memory.grant(std::chrono::seconds(1)).error().code, Code::unavailable);
  memory.set_available(true);
  EXPECT_TRUE(memory.put("/a", "1"));
}

TEST(Memory, RefusesTheCommitsItIsToldTo) {
  Memory memory;
  memory.refuse([](std::span<const Op> ops) -> Result<> {
    if (ops[0].key == "/bad") return fail(Code::denied, "/bad: not you");
    return {};
  });

  EXPECT_EQ(memory.put("/bad", "1").error().code, Code::denied);
  EXPECT_TRUE(memory.put("/good", "1"));
}

TEST(Memory, ComesBackWithWhatASnapshotHeld) {
  Memory memory;
  ASSERT_TRUE(memory.put("/a", "1"));
  const auto snapshot = memory.snapshot();
  ASSERT_TRUE(memory.put("/a", "2"));
  Seen seen;
  const auto watch = memory.watch("/", 0, seen.watcher());

  memory.restore(snapshot);

  EXPECT_EQ(seen.end()->code, Code::unavailable);
  EXPECT_EQ((*memory.get("/a"))->value, "1");
  EXPECT_EQ(memory.list("/")->revision, snapshot.revision);
}

TEST(Memory, ForgetsTheOldestEventsFirst) {
  Memory memory(3);
  const Revision first = memory.put("/a", "1").value();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(memory.put("/a", "2"));
  Seen late, recent;

  const auto old = memory.watch("/", first, late.watcher());
  const auto young = memory.watch("/", memory.commit({}).value() - 3, recent.watcher());

  EXPECT_EQ(late.end()->code, Code::compacted);
  EXPECT_EQ(recent.events(3).size(), 3u);
}

}  // namespace
}  // namespace weft::store
