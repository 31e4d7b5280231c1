#pragma once

#include <atomic>

#include "store/forwarding.h"

namespace weft::test {

/// Counts what another store is asked. (A long list takes several round trips and counts once.)
class CountingStore final : public store::Forwarding {
 public:
  using Forwarding::Forwarding;
  std::atomic<long> reads = 0;
  std::atomic<long> commits = 0;

  Result<std::optional<store::Entry>> get(std::string_view key, store::Revision at) override {
    ++reads;
    return below().get(key, at);
  }
  Result<store::Listing> list(std::string_view prefix) override {
    ++reads;
    return below().list(prefix);
  }
  Result<store::Revision> commit(std::span<const store::Op> ops) override {
    ++commits;
    return below().commit(ops);
  }
};

}  // namespace weft::test
