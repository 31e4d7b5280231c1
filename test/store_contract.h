#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "store/store.h"

/// What every store must do, as tests: a test program instantiates StoreContract with a way to make one.
namespace weft::store {

struct Implementation {
  std::string name;
  /// A store. Several may share a server: each test uses keys below a folder of its own.
  std::function<std::shared_ptr<Store>()> make;
  /// Forgets the history up to the revision.
  std::function<void(Store&, Revision)> compact;
};
inline void PrintTo(const Implementation& implementation, std::ostream* out) { *out << implementation.name; }

/// What a watch has seen so far.
class Seen {
 public:
  Watcher watcher() {
    return {.on_events =
                [this](std::span<const Event> events, Revision revision) {
                  const std::lock_guard lock(mutex_);
                  if (!events.empty()) calls_.emplace_back(events.begin(), events.end());
                  revision_ = std::max(revision_, revision);
                  changed_.notify_all();
                },
            .on_end =
                [this](const Error& error) {
                  const std::lock_guard lock(mutex_);
                  end_ = error;
                  changed_.notify_all();
                }};
  }

  /// Waits until `n` events are there, the watch ended, or five seconds are over.
  std::vector<Event> events(std::size_t n) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(5), [&] { return end_ || count() >= n; });
    std::vector<Event> all;
    for (const auto& call : calls_) all.insert(all.end(), call.begin(), call.end());
    return all;
  }
  /// As "key=value@revision" or "-key@revision".
  std::vector<std::string> lines(std::size_t n) {
    std::vector<std::string> lines;
    for (const auto& event : events(n)) {
      lines.push_back((event.value ? event.key + "=" + *event.value : "-" + event.key) + "@" +
                      std::to_string(event.revision));
    }
    return lines;
  }
  std::optional<Error> end() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(5), [&] { return end_.has_value(); });
    return end_;
  }
  bool reaches(Revision revision) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(5), [&] { return revision_ >= revision; });
  }
  std::vector<std::vector<Event>> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  std::size_t count() const {
    std::size_t n = 0;
    for (const auto& call : calls_) n += call.size();
    return n;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::vector<Event>> calls_;
  Revision revision_ = 0;
  std::optional<Error> end_;
};

class StoreContract : public testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override {
    store = GetParam().make();
    static std::atomic<int> count = 0;
    dir = "/contract/" + std::to_string(getpid()) + "." + std::to_string(++count) + "/";
  }

  std::string key(std::string_view name) const { return dir + std::string(name); }
  std::string at(std::string_view text, Revision revision) const {
    return std::string(text) + "@" + std::to_string(revision);
  }
  std::vector<std::string> keys(std::string_view prefix) {
    std::vector<std::string> keys;
    const auto listing = store->list(prefix);
    if (!listing)
      ADD_FAILURE() << listing.error().message;
    else {
      for (const auto& entry : listing->entries) keys.push_back(entry.key);
    }
    return keys;
  }
  static void expect_refused(const auto& result, Code code, std::string_view key) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(to_string(result.error().code), to_string(code)) << result.error().message;
    EXPECT_NE(result.error().message.find(key), std::string::npos) << result.error().message;
  }

  std::shared_ptr<Store> store;
  std::string dir;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreContract);

TEST_P(StoreContract, GetsNothingWhereNothingIs) {
  const auto entry = store->get(key("a"));
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(*entry, std::nullopt);
}

TEST_P(StoreContract, CreatesOnlyWhatIsAbsent) {
  const auto created = store->create(key("a"), "1");
  ASSERT_TRUE(created) << created.error().message;

  expect_refused(store->create(key("a"), "2"), Code::exists, key("a"));
  EXPECT_EQ(**store->get(key("a")), (Entry{key("a"), "1", *created}));
}

TEST_P(StoreContract, KeepsAnyBytes) {
  const std::string value("\0\xff\n{\"a\":1}\x80", 11);

  ASSERT_TRUE(store->put(key("a"), value));
  EXPECT_EQ((*store->get(key("a")))->value, value);
}

TEST_P(StoreContract, UpdatesOnlyAtTheExpectedRevision) {
  const Revision first = store->create(key("a"), "1").value();
  const auto second = store->update(key("a"), "2", first);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_GT(*second, first);

  expect_refused(store->update(key("a"), "3", first), Code::conflict, key("a"));
  expect_refused(store->update(key("b"), "3", first), Code::not_found, key("b"));
  expect_refused(store->update(key("a"), "3", 0), Code::invalid, key("a"));
  EXPECT_EQ(**store->get(key("a")), (Entry{key("a"), "2", *second}));
}

TEST_P(StoreContract, RemovesAtARevisionOrWhateverIsThere) {
  const Revision first = store->put(key("a"), "1").value();
  const Revision second = store->put(key("a"), "2").value();

  expect_refused(store->remove(key("a"), first), Code::conflict, key("a"));
  EXPECT_GT(store->remove(key("a"), second).value(), second);
  expect_refused(store->remove(key("a"), second), Code::not_found, key("a"));
  expect_refused(store->remove(key("a")), Code::not_found, key("a"));
  ASSERT_TRUE(store->put(key("a"), "3"));
  EXPECT_TRUE(store->remove(key("a")));
  EXPECT_EQ(*store->get(key("a")), std::nullopt);
}

TEST_P(StoreContract, ListsByPrefixInKeyOrderAndNothingElse) {
  for (const auto* name : {"p/b", "p/a", "p", "p/", "p/a/b", "q", "p0"}) ASSERT_TRUE(store->put(key(name), name));

  EXPECT_EQ(keys(key("p/")), (std::vector{key("p/"), key("p/a"), key("p/a/b"), key("p/b")}));
  EXPECT_EQ(keys(key("p/a")), (std::vector{key("p/a"), key("p/a/b")}));
  EXPECT_EQ(keys(key("nothing")), (std::vector<std::string>{}));
}

TEST_P(StoreContract, ListsWithValuesAndTheRevisionOfTheStore) {
  const Revision a = store->put(key("a"), "1").value();
  const Revision b = store->put(key("b"), "2").value();

  const auto listing = store->list(dir);

  ASSERT_TRUE(listing);
  EXPECT_EQ(listing->entries, (std::vector<Entry>{{key("a"), "1", a}, {key("b"), "2", b}}));
  EXPECT_GE(listing->revision, b);
}

TEST_P(StoreContract, ListsManyKeysOfOneRevisionWhileTheyChange) {
  std::vector<Op> ops;
  const auto flush = [&] {
    ASSERT_TRUE(store->commit(ops));
    ops.clear();
  };
  for (int i = 10'000; i < 12'500; ++i) {
    ops.push_back({.key = key(std::to_string(i)), .value = "0"});
    if (ops.size() == 100) flush();
  }
  // The first and the last key always change together.
  const auto change = [&](int i) {
    const Op both[] = {{.key = key("10000"), .value = std::to_string(i)},
                       {.key = key("12499"), .value = std::to_string(i)}};
    ASSERT_TRUE(store->commit(both));
  };
  change(0);
  std::jthread writer([&](std::stop_token stop) {
    for (int i = 1; !stop.stop_requested(); ++i) change(i);
  });

  for (int round = 0; round < 3; ++round) {
    const auto listing = store->list(dir);
    ASSERT_TRUE(listing) << listing.error().message;
    ASSERT_EQ(listing->entries.size(), 2500u);
    EXPECT_EQ(listing->entries.front().value, listing->entries.back().value);
    EXPECT_EQ(listing->entries.front().revision, listing->entries.back().revision);

    std::vector<Entry> parts;
    const auto revision = store->list_in_parts(
        dir, [&](std::vector<Entry> entries) { parts.insert(parts.end(), entries.begin(), entries.end()); });
    ASSERT_TRUE(revision) << revision.error().message;
    ASSERT_EQ(parts.size(), 2500u);
    EXPECT_TRUE(std::ranges::is_sorted(parts, {}, &Entry::key));
    EXPECT_EQ(parts.front().revision, parts.back().revision);
    EXPECT_GE(parts.front().revision, listing->entries.front().revision);
    EXPECT_LE(parts.front().revision, *revision);
  }
}

TEST_P(StoreContract, CommitsSeveralKeysAtOneRevision) {
  const Revision old = store->put(key("old"), "1").value();
  const Revision kept = store->put(key("kept"), "1").value();
  const Revision changed = store->put(key("changed"), "1").value();
  const Op ops[] = {
      {Op::Kind::create, key("new"), "n"},      {Op::Kind::update, key("changed"), "2", changed},
      {Op::Kind::remove, key("old"), {}, old},  {Op::Kind::expect, key("kept"), {}, kept},
      {Op::Kind::expect, key("absent"), {}, 0}, {Op::Kind::remove, key("not-there")},
      {Op::Kind::put, key("put"), "p"},
  };

  const auto revision = store->commit(ops);

  ASSERT_TRUE(revision) << revision.error().message;
  EXPECT_EQ(keys(dir), (std::vector{key("changed"), key("kept"), key("new"), key("put")}));
  for (const auto* name : {"changed", "new", "put"}) EXPECT_EQ((*store->get(key(name)))->revision, *revision);
}

TEST_P(StoreContract, CommitsAllOrNothingAndNamesTheFirstKeyThatDoesNotHold) {
  const Revision a = store->put(key("a"), "1").value();
  const auto attempt = [&](Op wrong) {
    const Op ops[] = {{Op::Kind::put, key("x"), "x"},
                      {Op::Kind::expect, key("a"), {}, a},
                      std::move(wrong),
                      {Op::Kind::create, key("a"), "later and wrong too"}};
    return store->commit(ops);
  };

  expect_refused(attempt({Op::Kind::update, key("b"), "2", a}), Code::not_found, key("b"));
  expect_refused(attempt({Op::Kind::remove, key("b"), {}, a}), Code::not_found, key("b"));
  expect_refused(attempt({Op::Kind::expect, key("b"), {}, a}), Code::not_found, key("b"));
  expect_refused(attempt({Op::Kind::expect, key("a"), {}, 0}), Code::exists, key("a"));
  expect_refused(attempt({Op::Kind::expect, key("a"), {}, a + 1}), Code::conflict, key("a"));
  EXPECT_EQ(keys(dir), std::vector{key("a")});
}

TEST_P(StoreContract, CommitsOnlyWhileNoKeyOfARangeIsNewer) {
  const Revision before = store->put(key("range/a"), "1").value();
  const auto attempt = [&](Revision expected) {
    const Op ops[] = {{Op::Kind::unchanged, key("range/"), {}, expected}, {Op::Kind::put, key("x"), "x"}};
    return store->commit(ops);
  };
  EXPECT_TRUE(attempt(before));
  const Revision after = store->put(key("range/b"), "1").value();
  ASSERT_TRUE(store->put(key("ranged"), "1")) << "of no interest";

  expect_refused(attempt(before), Code::conflict, key("range/"));
  EXPECT_TRUE(attempt(after));
  ASSERT_TRUE(store->remove(key("range/b")));
  EXPECT_TRUE(attempt(after)) << "what was removed does not show";
  ASSERT_TRUE(store->remove(key("range/a")));
  EXPECT_TRUE(attempt(0)) << "an empty range";
}

TEST_P(StoreContract, RefusesTwoWritesOfOneKeyAndAnEmptyKey) {
  const Op twice[] = {{Op::Kind::put, key("a"), "1"}, {Op::Kind::remove, key("a")}};
  expect_refused(store->commit(twice), Code::invalid, key("a"));
  expect_refused(store->put("", "1"), Code::invalid, "key");

  const Op checked[] = {{Op::Kind::expect, key("a"), {}, 0}, {Op::Kind::put, key("a"), "1"}};
  EXPECT_TRUE(store->commit(checked));
}

TEST_P(StoreContract, CommitOfExpectationsTellsTheRevisionOfTheStore) {
  const Revision a = store->put(key("a"), "1").value();
  const Op ops[] = {{Op::Kind::expect, key("a"), {}, a}};

  EXPECT_GE(store->commit(ops).value(), a);
  EXPECT_GE(store->commit({}).value(), a);
  EXPECT_EQ((*store->get(key("a")))->revision, a);
}

TEST_P(StoreContract, LetsOneOfManyWritersWinEachRevision) {
  ASSERT_TRUE(store->put(key("n"), "0"));
  const auto add = [&] {
    for (int done = 0; done < 25;) {
      const auto entry = store->get(key("n"));
      ASSERT_TRUE(entry && *entry);
      const auto next = store->update(key("n"), std::to_string(std::stoi((*entry)->value) + 1), (*entry)->revision);
      if (next)
        ++done;
      else
        ASSERT_EQ(next.error().code, Code::conflict);
    }
  };
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i) writers.emplace_back(add);
  }

  EXPECT_EQ((*store->get(key("n")))->value, "100");
}

TEST_P(StoreContract, ReadsOldRevisions) {
  const Revision first = store->put(key("a"), "1").value();
  const Revision second = store->put(key("a"), "2").value();
  const Revision gone = store->remove(key("a")).value();

  EXPECT_EQ(**store->get(key("a"), first), (Entry{key("a"), "1", first}));
  EXPECT_EQ(**store->get(key("a"), second), (Entry{key("a"), "2", second}));
  EXPECT_EQ(*store->get(key("a"), gone), std::nullopt);
  expect_refused(store->get(key("a"), gone + 1000), Code::compacted, key("a"));
  GetParam().compact(*store, second);
  EXPECT_EQ(**store->get(key("a"), second), (Entry{key("a"), "2", second}));
  expect_refused(store->get(key("a"), first), Code::compacted, key("a"));
}

TEST_P(StoreContract, WatchSeesEachChangeAfterARevisionInOrder) {
  const Revision before = store->put(key("a"), "1").value();
  const Revision changed = store->put(key("a"), "2").value();
  Seen seen;
  const auto watch = store->watch(dir, before, seen.watcher());
  ASSERT_EQ(seen.lines(1), std::vector{at(key("a=2"), changed)});

  const Revision created = store->create(key("b"), "x").value();
  const Revision removed = store->remove(key("a")).value();

  EXPECT_EQ(seen.lines(3),
            (std::vector{at(key("a=2"), changed), at(key("b=x"), created), at("-" + key("a"), removed)}));
}

TEST_P(StoreContract, WatchFromNowSeesWhatComes) {
  ASSERT_TRUE(store->put(key("a"), "before"));
  Seen seen;
  const auto watch = store->watch(dir, 0, seen.watcher());
  watch->request_progress();
  ASSERT_TRUE(seen.reaches(1));

  const Revision now = store->put(key("a"), "now").value();

  EXPECT_EQ(seen.lines(1), std::vector{at(key("a=now"), now)});
}

TEST_P(StoreContract, WatchSeesOnlyItsPrefix) {
  const Revision start = store->put(key("p"), "").value();
  Seen seen;
  const auto watch = store->watch(key("p/"), start, seen.watcher());
  ASSERT_TRUE(store->put(key("p0"), "no"));
  ASSERT_TRUE(store->put(key("p"), "no"));

  const Revision a = store->put(key("p/a"), "yes").value();

  EXPECT_EQ(seen.lines(1), std::vector{at(key("p/a=yes"), a)});
}

TEST_P(StoreContract, WatchGetsAllEventsOfARevisionInOneCall) {
  const Revision start = store->commit({}).value();
  Seen seen;
  const auto watch = store->watch(dir, start, seen.watcher());
  std::vector<Op> ops;
  for (int i = 0; i < 100; ++i) ops.push_back({.key = key(std::to_string(100 + i)), .value = std::string(10'000, 'x')});

  ASSERT_TRUE(store->commit(ops));

  EXPECT_EQ(seen.events(100).size(), 100u);
  EXPECT_EQ(seen.calls().size(), 1u);
}

TEST_P(StoreContract, WatchTellsItsProgressAlthoughNothingChanges) {
  const Revision start = store->put(key("a"), "1").value();
  Seen seen;
  const auto watch = store->watch(key("quiet/"), start, seen.watcher());
  const Revision now = store->put(key("a"), "2").value();

  watch->request_progress();

  EXPECT_TRUE(seen.reaches(now));
  EXPECT_TRUE(seen.events(0).empty());
}

TEST_P(StoreContract, WatchNeverTellsProgressBeforeTheEvents) {
  const Revision start = store->put(key("a"), "0").value();
  std::mutex mutex;
  Revision told = start;
  int late = 0;
  std::atomic<int> count = 0;
  const auto watch = store->watch(dir, start,
                                  {.on_events =
                                       [&](std::span<const Event> events, Revision revision) {
                                         const std::lock_guard lock(mutex);
                                         for (const auto& event : events) late += event.revision <= told;
                                         told = std::max(told, revision);
                                         count += static_cast<int>(events.size());
                                       },
                                   .on_end = [](const Error& error) { ADD_FAILURE() << error.message; }});
  std::jthread asks([&](std::stop_token stop) {
    while (!stop.stop_requested()) {
      watch->request_progress();
      std::this_thread::sleep_for(std::chrono::microseconds(300));
    }
  });

  for (int i = 0; i < 300; ++i) ASSERT_TRUE(store->put(key("a"), std::to_string(i)));
  for (int i = 0; i < 500 && count < 300; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));

  EXPECT_EQ(count, 300);
  const std::lock_guard lock(mutex);
  EXPECT_EQ(late, 0);
}

TEST_P(StoreContract, WatchFromACompactedRevisionEndsAndSaysSo) {
  const Revision first = store->put(key("a"), "1").value();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(store->put(key("a"), "2"));
  GetParam().compact(*store, store->put(key("a"), "3").value());
  Seen seen;

  const auto watch = store->watch(dir, first, seen.watcher());

  const auto end = seen.end();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, Code::compacted) << end->message;
}

TEST_P(StoreContract, WatchFromARevisionTheStoreHasNotReachedEndsAndSaysSo) {
  const Revision now = store->put(key("a"), "1").value();
  Seen seen;

  const auto watch = store->watch(dir, now + 1'000'000, seen.watcher());

  const auto end = seen.end();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, Code::compacted) << end->message;
}

TEST_P(StoreContract, WatchIsOverWhenItIsDestroyed) {
  const Revision start = store->put(key("a"), "1").value();
  auto seen = std::make_unique<Seen>();
  auto watch = store->watch(dir, start, seen->watcher());
  ASSERT_TRUE(store->put(key("a"), "2"));

  watch.reset();
  seen.reset();  // a call now would be a use after free

  ASSERT_TRUE(store->put(key("a"), "3"));
}

TEST_P(StoreContract, WatchesDoNotDisturbEachOther) {
  const Revision start = store->put(key("a"), "1").value();
  Seen one, two;
  const auto first = store->watch(dir, start, one.watcher());
  auto second = store->watch(dir, start, two.watcher());
  const Revision r = store->put(key("a"), "2").value();
  EXPECT_EQ(one.lines(1), std::vector{at(key("a=2"), r)});
  EXPECT_EQ(two.lines(1), std::vector{at(key("a=2"), r)});

  second.reset();
  const Revision s = store->put(key("a"), "3").value();

  EXPECT_EQ(one.lines(2), (std::vector{at(key("a=2"), r), at(key("a=3"), s)}));
  EXPECT_EQ(two.lines(1).size(), 1u);
}

TEST_P(StoreContract, KeysVanishWithTheirLease) {
  const auto lease = store->grant(std::chrono::seconds(60));
  ASSERT_TRUE(lease) << lease.error().message;
  const Revision start = store->put(key("a"), "1", *lease).value();
  ASSERT_TRUE(store->put(key("b"), "1"));
  Seen seen;
  const auto watch = store->watch(key("a"), start, seen.watcher());
  EXPECT_TRUE(store->keep_alive(*lease));

  const auto revoked = store->revoke(*lease);

  ASSERT_TRUE(revoked) << revoked.error().message;
  EXPECT_EQ(keys(dir), std::vector{key("b")});
  ASSERT_EQ(seen.events(1).size(), 1u);
  EXPECT_EQ(seen.events(1)[0].value, std::nullopt);
  EXPECT_EQ(store->keep_alive(*lease).error().code, Code::not_found);
  EXPECT_EQ(store->revoke(*lease).error().code, Code::not_found);
  expect_refused(store->put(key("c"), "1", *lease), Code::not_found, key("c"));
}

TEST_P(StoreContract, KeysVanishWhenTheirLeaseIsNotRenewed) {
  const LeaseId lease = store->grant(std::chrono::seconds(1)).value();
  const Revision start = store->put(key("a"), "1", lease).value();
  Seen seen;

  const auto watch = store->watch(key("a"), start, seen.watcher());

  EXPECT_EQ(seen.events(1).size(), 1u);
  EXPECT_EQ(*store->get(key("a")), std::nullopt);
}

}  // namespace weft::store
