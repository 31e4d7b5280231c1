#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "store/store.h"

namespace weft::store {

/// What of a Mirror may be set.
struct MirrorOptions {
  std::string prefix;                                // keys that start with it; also the label of metrics
  std::function<bool(std::string_view key)> wanted;  // others are not there for us; empty: all are wanted
  std::chrono::milliseconds shortest_wait{50};       // before it tries again; doubles
  std::chrono::milliseconds longest_wait{500};
  std::size_t part = 1000;  // so many of the first list at once
};

/// Follows all keys of a prefix: lists them, then watches from there, for as long as it lives.
///
/// It survives whatever happens to the store. A lost connection: the watch goes on at the revision it had, after a look
/// whether the store still is what it was. History compacted, or a store restored from older data or with none: a whole
/// list is compared with what was sent on, and only the differences are sent. Nothing is ever reported as gone because
/// of an error. It holds no values: 16 bytes and the key for each.
///
/// Owner: one; it destroys the mirror before the store, and not from a callback. Its own thread lists, the store's
/// thread watches. Metrics: weft_mirror_connected, _revision, _events, _lists, _interruptions, each with the prefix.
class Mirror {
 public:
  /// Changes, in order of their revisions (those of a list: removals first). Everything up to `revision` is in here or
  /// came before. `in_sync`: the first complete list is through; never goes back. A long first list comes in parts,
  /// which until then have revision 0. Without events: nothing changed up to `revision`. `revision` is lower than
  /// before only when the store itself went back. Never two calls at once; a slow one holds back only this mirror.
  using OnChanges = std::function<void(std::span<const Event> events, Revision revision, bool in_sync)>;

  Mirror(Store& store, MirrorOptions options, OnChanges on_changes);
  ~Mirror();
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;

  /// Soon calls `on_changes` with a revision that is the store's or newer, even if no key of ours changed. While the
  /// store is away this waits for it. Any thread.
  void request_progress();
  /// Waits until everything that is in the store at this moment was given to `on_changes`.
  /// @return  the revision reached, at least the store's at the call; Code::unavailable, Code::timeout
  /// @thread  any but that of `on_changes`
  Result<Revision> catch_up(std::chrono::milliseconds timeout);

  struct State {
    bool connected = false;  // a watch runs
    bool in_sync = false;
    Revision revision = 0;
    std::size_t keys = 0;
    std::string trouble;  // why it is not connected
  };
  State state() const;

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace weft::store
