#include "store/mirror.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "store/forwarding.h"
#include "store/memory.h"
#include "test/mirror_fixture.h"

namespace weft::store {
namespace {

using Rows = std::map<std::string, std::string>;

class MirrorTest : public testing::Test {
 protected:
  void start() { followed.start(memory, "/p/"); }

  Memory memory;
  Followed followed;
};

TEST_F(MirrorTest, SendsWhatIsThereAndThenWhatChanges) {
  ASSERT_TRUE(memory.put("/p/a", "1"));
  ASSERT_TRUE(memory.put("/q", "1"));
  start();
  EXPECT_TRUE(followed.becomes({{"/p/a", "1"}}));

  ASSERT_TRUE(memory.put("/p/b", "2"));
  ASSERT_TRUE(memory.remove("/p/a"));

  EXPECT_TRUE(followed.becomes({{"/p/b", "2"}}));
}

TEST_F(MirrorTest, IsInSyncWithAnEmptyStoreToo) {
  start();

  EXPECT_TRUE(followed.eventually([](const auto& f) { return f.in_sync.load(); }));
}

TEST_F(MirrorTest, SendsALongFirstListInParts) {
  for (const char* key : {"/p/a", "/p/b", "/p/c", "/p/d", "/p/e"}) ASSERT_TRUE(memory.put(key, "1"));
  struct Call {
    std::vector<std::string> keys;
    Revision revision;
    bool in_sync;
    bool operator==(const Call&) const = default;
  };
  std::mutex mutex;
  std::vector<Call> calls;
  Mirror mirror(memory, {.prefix = "/p/", .wanted = {}, .part = 2},
                [&](std::span<const Event> events, Revision revision, bool in_sync) {
                  const std::lock_guard lock(mutex);
                  if (events.empty()) return;
                  Call& call = calls.emplace_back(Call{{}, revision, in_sync});
                  for (const auto& event : events) call.keys.push_back(event.key);
                });
  const auto reached = mirror.catch_up(std::chrono::seconds(10));
  ASSERT_TRUE(reached);

  const std::lock_guard lock(mutex);
  EXPECT_EQ(calls, (std::vector<Call>{
                       {{"/p/a", "/p/b"}, 0, false}, {{"/p/c", "/p/d"}, 0, false}, {{"/p/e"}, *reached, true}}));
}

/// Its first list breaks off after two entries.
class BreaksOff final : public Forwarding {
 public:
  using Forwarding::Forwarding;
  Result<Revision> list_in_parts(std::string_view prefix, const OnEntries& on_entries) override {
    auto listing = TRY(list(prefix));
    listing.entries.resize(2);
    on_entries(std::move(listing.entries));
    // What was handed on already goes before the list is made anew.
    TRY(remove("/p/a"));
    return fail(Code::compacted, "revision is not known any more");
  }
};

TEST_F(MirrorTest, IsInSyncOnlyAfterAWholeListWhenTheFirstBreaksOff) {
  for (const char* key : {"/p/a", "/p/b", "/p/c"}) ASSERT_TRUE(memory.put(key, "1"));
  BreaksOff store(memory);
  std::mutex mutex;
  std::vector<std::string> calls;
  Mirror mirror(store, {.prefix = "/p/", .wanted = {}, .part = 1},
                [&](std::span<const Event> events, Revision, bool in_sync) {
                  const std::lock_guard lock(mutex);
                  for (const auto& event : events)
                    calls.push_back((event.value ? "put " : "drop ") + event.key + (in_sync ? " in sync" : ""));
                });
  ASSERT_TRUE(mirror.catch_up(std::chrono::seconds(10)));

  const std::lock_guard lock(mutex);
  EXPECT_EQ(calls, (std::vector<std::string>{"put /p/a", "drop /p/a in sync", "put /p/b in sync", "put /p/c in sync"}));
}

TEST_F(MirrorTest, ComesIntoSyncWhenTheStoreIsThereAtLast) {
  ASSERT_TRUE(memory.put("/p/a", "1"));
  memory.set_available(false);
  start();
  EXPECT_TRUE(followed.eventually(
      [](const auto& f) { return f.mirror->state().trouble.find("not available") != std::string::npos; }));
  EXPECT_FALSE(followed.in_sync);

  memory.set_available(true);

  EXPECT_TRUE(followed.becomes({{"/p/a", "1"}}));
}

TEST_F(MirrorTest, GoesOnWhereItWasAfterALostConnection) {
  ASSERT_TRUE(memory.put("/p/a", "1"));
  start();
  ASSERT_TRUE(followed.becomes({{"/p/a", "1"}}));
  ASSERT_TRUE(followed.is_connected());
  const auto calls = followed.events_seen();

  memory.set_available(false);
  ASSERT_TRUE(followed.eventually([](const auto& f) { return !f.mirror->state().connected; }));
  memory.set_available(true);
  ASSERT_TRUE(memory.put("/p/b", "2"));

  EXPECT_TRUE(followed.becomes({{"/p/a", "1"}, {"/p/b", "2"}}));
  EXPECT_EQ(followed.events_seen(), calls + 1);
}

TEST_F(MirrorTest, SendsOnlyDifferencesAfterACompaction) {
  for (const auto* key : {"/p/same", "/p/changed", "/p/gone"}) ASSERT_TRUE(memory.put(key, "1"));
  start();
  ASSERT_TRUE(followed.becomes({{"/p/same", "1"}, {"/p/changed", "1"}, {"/p/gone", "1"}}));
  const auto before = followed.events_seen();

  followed.hold();  // a slow consumer: the watch falls behind
  ASSERT_TRUE(memory.put("/p/first", "holds the thread"));
  ASSERT_TRUE(followed.is_held());
  ASSERT_TRUE(memory.put("/p/changed", "2"));
  ASSERT_TRUE(memory.remove("/p/gone"));
  ASSERT_TRUE(memory.put("/p/new", "1"));
  memory.compact();
  followed.release();

  EXPECT_TRUE(
      followed.becomes({{"/p/same", "1"}, {"/p/changed", "2"}, {"/p/new", "1"}, {"/p/first", "holds the thread"}}));
  EXPECT_EQ(followed.events_seen(), before + 4);
}

TEST_F(MirrorTest, ReportsEverythingGoneOnlyAfterACompleteList) {
  ASSERT_TRUE(memory.put("/p/a", "1"));
  start();
  ASSERT_TRUE(followed.becomes({{"/p/a", "1"}}));

  memory.set_available(false);
  memory.restore({});
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_EQ(followed.rows(), (Rows{{"/p/a", "1"}}));
  memory.set_available(true);

  EXPECT_TRUE(followed.becomes({}));
}

TEST_F(MirrorTest, FollowsAStoreThatWentBack) {
  ASSERT_TRUE(memory.put("/p/a", "1"));
  const auto snapshot = memory.snapshot();
  start();
  ASSERT_TRUE(memory.put("/p/a", "2"));
  ASSERT_TRUE(memory.put("/p/b", "2"));
  ASSERT_TRUE(followed.becomes({{"/p/a", "2"}, {"/p/b", "2"}}));

  memory.restore(snapshot);

  EXPECT_TRUE(followed.becomes({{"/p/a", "1"}}));
  ASSERT_TRUE(memory.put("/p/c", "3"));
  EXPECT_TRUE(followed.becomes({{"/p/a", "1"}, {"/p/c", "3"}}));
}

TEST_F(MirrorTest, SeesThatAStoreWentBackAlthoughItsRevisionIsBeyondOursAgain) {
  start();
  ASSERT_TRUE(memory.put("/p/a", "old history"));
  ASSERT_TRUE(followed.becomes({{"/p/a", "old history"}}));

  memory.restore({.entries = {{"/p/b", {"/p/b", "new history", 50}}}, .revision = 100});

  EXPECT_TRUE(followed.becomes({{"/p/b", "new history"}}));
}

TEST_F(MirrorTest, TellsARevisionGivenTwiceApart) {
  const Revision revision = memory.put("/p/a", "old history").value();
  start();
  ASSERT_TRUE(followed.becomes({{"/p/a", "old history"}}));

  memory.restore({.entries = {{"/p/a", {"/p/a", "new history", revision}}}, .revision = revision});

  EXPECT_TRUE(followed.becomes({{"/p/a", "new history"}}));
}

TEST_F(MirrorTest, KnowsNothingOfWhatIsNotWanted) {
  ASSERT_TRUE(memory.put("/p/no/a", "1"));
  followed.start(memory, "/p/", [](std::string_view key) { return !key.starts_with("/p/no/"); });
  ASSERT_TRUE(memory.put("/p/no/b", "1"));
  ASSERT_TRUE(memory.remove("/p/no/a"));

  ASSERT_TRUE(memory.put("/p/a", "1"));

  EXPECT_TRUE(followed.becomes({{"/p/a", "1"}}));
  EXPECT_EQ(followed.events_seen(), 1u);
  EXPECT_EQ(followed.mirror->state().keys, 1u);
}

TEST_F(MirrorTest, CatchesUpWithWritesElsewhere) {
  start();
  ASSERT_TRUE(followed.is_connected());
  const Revision elsewhere = memory.put("/q", "1").value();

  const auto reached = followed.mirror->catch_up(std::chrono::seconds(5));

  ASSERT_TRUE(reached) << reached.error().message;
  EXPECT_GE(*reached, elsewhere);
}

TEST_F(MirrorTest, SaysThatItDoesNotCatchUp) {
  start();
  ASSERT_TRUE(followed.is_connected());
  followed.hold();
  ASSERT_TRUE(memory.put("/p/a", "1"));

  const auto reached = followed.mirror->catch_up(std::chrono::milliseconds(50));

  EXPECT_EQ(reached.error().code, Code::timeout);
  followed.release();
}

TEST_F(MirrorTest, EndsWhileTheStoreIsAway) {
  memory.set_available(false);
  start();

  followed.mirror.reset();
}

}  // namespace
}  // namespace weft::store
