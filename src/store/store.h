#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Where resources live, as keys and values with revisions.
namespace weft::store {

/// A revision of the store: grows with every write, never 0. 0 means "none".
using Revision = std::int64_t;
using LeaseId = std::int64_t;

struct Entry {
  std::string key;
  std::string value;
  Revision revision = 0;  // of the last write to this key (etcd's mod_revision)

  bool operator==(const Entry&) const = default;
};

struct Listing {
  std::vector<Entry> entries;  // in key order
  Revision revision = 0;       // of the store when listed
};

/// One write of a transaction and what must hold for it.
struct Op {
  enum class Kind {
    create,     // the key must be absent; Code::exists
    update,     // the key must be at `expected`; Code::conflict, Code::not_found
    put,        // whatever is there
    remove,     // with `expected`: as update; without (0): an absent key is fine
    expect,     // writes nothing: the key must be at `expected`, 0: absent
    unchanged,  // writes nothing: no key that starts with `key` was written after `expected`; Code::conflict. One that
                // was removed since does not show
  };
  bool writes() const { return kind != Kind::expect && kind != Kind::unchanged; }

  Kind kind = Kind::put;
  std::string key;
  std::string value = {};
  Revision expected = 0;
  LeaseId lease = 0;
};

/// A change seen by a watch.
struct Event {
  std::string key;
  std::optional<std::string> value;  // nullopt: removed
  Revision revision = 0;
};

/// What a watch calls, on a thread of the store's; never two calls at once. Keep it short: it may hold back others.
struct Watcher {
  /// Changes of one or more revisions, in order; all events of a revision come in one call. `revision` is the newest.
  /// Without events: the watch is up to date with `revision`.
  std::function<void(std::span<const Event> events, Revision revision)> on_events;
  /// The watch is over: Code::compacted (list again and watch from there), Code::unavailable (connection lost: the same
  /// revision may be tried again) or other. No call comes after it.
  std::function<void(const Error& error)> on_end;
};

/// A running watch; destroying it ends it, and no call comes afterwards.
class Watch {
 public:
  virtual ~Watch() = default;
  /// Asks for an `on_events` without events that says how far the watch is.
  virtual void request_progress() = 0;
};

/// A store. All functions may be called from any thread, block until answered or until the deadline of the
/// implementation (seconds), and report Code::unavailable when nobody answers.
class Store {
 public:
  virtual ~Store() = default;

  /// The entry of a key, nullopt when there is none. With `at`: as it was at that revision; Code::compacted when the
  /// store does not know that revision any more, or not yet.
  virtual Result<std::optional<Entry>> get(std::string_view key, Revision at = 0) = 0;

  /// Entries whose key starts with `prefix`. Read in pages that are all of one revision.
  virtual Result<Listing> list(std::string_view prefix) = 0;
  /// The same for who need not hold all of it: entries are handed on as they come, in key order. An error may come
  /// after some were handed on; Code::compacted: the revision that was being listed is not known any more.
  /// @return  the revision of all of them
  using OnEntries = std::function<void(std::vector<Entry> entries)>;
  virtual Result<Revision> list_in_parts(std::string_view prefix, const OnEntries& on_entries);

  /// All or nothing. The error is that of the first op that does not hold and names its key. Two writes of one key
  /// are Code::invalid. Code::unavailable and Code::timeout leave open whether it happened.
  /// @return revision of the write (of the store, when nothing is written)
  virtual Result<Revision> commit(std::span<const Op> ops) = 0;

  /// Calls `watcher` for each change of keys that start with `prefix` after revision `after` (0: from now on). An
  /// `after` that the store has not reached ends in Code::compacted: the store was restored from something older.
  virtual std::unique_ptr<Watch> watch(std::string_view prefix, Revision after, Watcher watcher) = 0;

  /// A lease: keys put with it vanish when it is not renewed in time.
  virtual Result<LeaseId> grant(std::chrono::seconds ttl) = 0;
  virtual Result<> keep_alive(LeaseId lease) = 0;
  virtual Result<> revoke(LeaseId lease) = 0;

  /// "etcd at 127.0.0.1:2379", for messages.
  virtual std::string describe() const = 0;

  Result<Revision> create(std::string key, std::string value) {
    return one({Op::Kind::create, std::move(key), std::move(value)});
  }
  Result<Revision> update(std::string key, std::string value, Revision expected) {
    return one({Op::Kind::update, std::move(key), std::move(value), expected});
  }
  Result<Revision> put(std::string key, std::string value, LeaseId lease = 0) {
    return one({Op::Kind::put, std::move(key), std::move(value), 0, lease});
  }
  /// With `expected`: only at that revision. An absent key is Code::not_found.
  Result<Revision> remove(std::string_view key, Revision expected = 0);

 private:
  Result<Revision> one(Op op) { return commit({&op, 1}); }
};

/// What is wrong with the ops themselves, whatever the store holds: an empty key, two writes of one key.
Result<> check(std::span<const Op> ops);
/// The error of an op that does not hold: its key (`unchanged`: the newest of its keys) is at `found`, 0: absent.
/// nullopt when it holds.
std::optional<Error> refusal(const Op& op, Revision found);

}  // namespace weft::store
