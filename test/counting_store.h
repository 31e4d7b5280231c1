#pragma once

#include <atomic>

#include "store/store.h"

namespace weft::test {

/// Counts what another store is asked. (A long list takes several round trips and counts once.)
class CountingStore final : public store::Store {
 public:
  explicit CountingStore(store::Store& below) : below_(below) {}
  std::atomic<long> reads = 0;
  std::atomic<long> commits = 0;

  Result<std::optional<store::Entry>> get(std::string_view key, store::Revision at) override {
    ++reads;
    return below_.get(key, at);
  }
  Result<store::Listing> list(std::string_view prefix) override {
    ++reads;
    return below_.list(prefix);
  }
  Result<store::Revision> commit(std::span<const store::Op> ops) override {
    ++commits;
    return below_.commit(ops);
  }
  std::unique_ptr<store::Watch> watch(std::string_view prefix, store::Revision after, store::Watcher watcher) override {
    return below_.watch(prefix, after, std::move(watcher));
  }
  Result<store::LeaseId> grant(std::chrono::seconds ttl) override { return below_.grant(ttl); }
  Result<> keep_alive(store::LeaseId lease) override { return below_.keep_alive(lease); }
  Result<> revoke(store::LeaseId lease) override { return below_.revoke(lease); }
  std::string describe() const override { return below_.describe(); }

 private:
  store::Store& below_;
};

}  // namespace weft::test
