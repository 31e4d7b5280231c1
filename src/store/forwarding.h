#pragma once

#include "store/store.h"

namespace weft::store {

/// A store in front of another: all goes on to the one below, but for what is overridden.
class Forwarding : public Store {
 public:
  explicit Forwarding(Store& below) : below_(below) {}

  Result<std::optional<Entry>> get(std::string_view key, Revision at = 0) override { return below_.get(key, at); }
  Result<Listing> list(std::string_view prefix) override { return below_.list(prefix); }
  Result<Revision> commit(std::span<const Op> ops) override { return below_.commit(ops); }
  std::unique_ptr<Watch> watch(std::string_view prefix, Revision after, Watcher watcher) override {
    return below_.watch(prefix, after, std::move(watcher));
  }
  Result<LeaseId> grant(std::chrono::seconds ttl) override { return below_.grant(ttl); }
  Result<> keep_alive(LeaseId lease) override { return below_.keep_alive(lease); }
  Result<> revoke(LeaseId lease) override { return below_.revoke(lease); }
  std::string describe() const override { return below_.describe(); }

 protected:
  Store& below() const { return below_; }

 private:
  Store& below_;
};

}  // namespace weft::store
