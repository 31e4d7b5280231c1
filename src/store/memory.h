#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "store/store.h"

namespace weft::store {

/// A store in this process: what a test or a dry run talks to. It behaves as etcd does (the same contract suite runs
/// against both) and can be told to fail. Watches are called on one thread of its own. Destroy its watches first.
class Memory final : public Store {
 public:
  /// @param history  how many events are kept for watches and reads of old revisions; older ones are compacted
  explicit Memory(std::size_t history = 10'000);
  ~Memory() override;

  Result<std::optional<Entry>> get(std::string_view key, Revision at = 0) override;
  Result<Listing> list(std::string_view prefix) override;
  Result<Revision> commit(std::span<const Op> ops) override;
  std::unique_ptr<Watch> watch(std::string_view prefix, Revision after, Watcher watcher) override;
  Result<LeaseId> grant(std::chrono::seconds ttl) override;
  Result<> keep_alive(LeaseId lease) override;
  Result<> revoke(LeaseId lease) override;
  std::string describe() const override { return "memory"; }

  // Faults.

  /// Not available: every call fails with Code::unavailable, running watches end with it.
  void set_available(bool available);
  /// Asked before each commit; an Error refuses it. Empty: none is refused.
  void refuse(std::function<Result<>(std::span<const Op>)> rule);
  /// Each get, list and commit takes this much longer.
  void set_delay(std::chrono::milliseconds delay);
  /// Forgets the events up to and including `revision` (0: all); watches that still need them end with Code::compacted.
  void compact(Revision revision = 0);

  /// What a backup holds.
  struct Snapshot {
    std::map<std::string, Entry, std::less<>> entries;
    Revision revision = 1;
  };
  Snapshot snapshot() const;
  /// The server was restarted with this data: running watches end with Code::unavailable, the history is gone.
  /// A default Snapshot is an empty server.
  void restore(Snapshot snapshot);

  struct Inner;

 private:
  std::shared_ptr<Inner> inner_;
};

}  // namespace weft::store
