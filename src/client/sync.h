#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "api/changes.h"
#include "store/mirror.h"
#include "store/store.h"

namespace weft::client {

/// Keys that hold something we cannot read, with the reason.
using BadKeys = std::map<std::string, std::string>;

/// Keeps an agent's tables current: the store's keys, decoded, as changes of rows.
///
/// One watch over /calico/ and not one per kind: then everything has one order, and what one transaction wrote (an
/// endpoint and its block) arrives in one call. What is not wanted is passed over by its key and never decoded.
///
/// A value that cannot be decoded is reported by key (log once, metric weft_sync_undecodable, `bad_keys`) and its row
/// is absent until somebody writes a good one; everything else goes on. Otherwise see store::Mirror.
class Sync {
 public:
  using OnChanges = std::function<void(api::Changes changes)>;

  /// Every kind that api::Changes has, as in "NetworkPolicy", "IPAMBlock", "BlockAffinity".
  static const std::set<std::string_view>& all_kinds();

  /// @param kinds       those to follow, of all_kinds()
  /// @param on_changes  on a thread of the store's, never twice at once; usually sends to a Mailbox
  Sync(store::Store& store, std::set<std::string_view> kinds, OnChanges on_changes);
  ~Sync();

  /// As of store::Mirror.
  void request_progress();
  Result<store::Revision> catch_up(std::chrono::milliseconds timeout);
  store::Mirror::State state() const;

  BadKeys bad_keys() const;

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace weft::client
