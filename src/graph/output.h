#pragma once

#include <map>
#include <optional>
#include <utility>

#include "table/delta.h"

namespace weft::graph {

/// A table that a node of the graph answers with. Remembers what differs since the last `take`, so that a row put back
/// as it was, however often it changed in between, is no difference.
template <table::Row R>
class Output {
 public:
  using Key = table::KeyOf<R>;

  void put(R row) {
    const Key key = row.key();
    const auto it = rows_.find(key);
    if (it != rows_.end() && it->second == row) return;
    remember(key, it);
    rows_.insert_or_assign(key, std::move(row));
  }
  void drop(const Key& key) {
    const auto it = rows_.find(key);
    if (it == rows_.end()) return;
    remember(key, it);
    rows_.erase(it);
  }

  /// The differences since the last call.
  table::Delta<R> take() {
    table::Delta<R> delta;
    for (const auto& [key, before] : before_) {
      const auto it = rows_.find(key);
      if (it == rows_.end()) {
        if (before) delta.drop(key);
      } else if (!before || !(*before == it->second)) {
        delta.put(it->second);
      }
    }
    before_.clear();
    return delta;
  }

  const std::map<Key, R>& rows() const { return rows_; }

 private:
  void remember(const Key& key, typename std::map<Key, R>::const_iterator it) {
    before_.try_emplace(key, it == rows_.end() ? std::nullopt : std::optional<R>(it->second));
  }

  std::map<Key, R> rows_;
  std::map<Key, std::optional<R>> before_;
};

}  // namespace weft::graph
