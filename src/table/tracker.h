#pragma once

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "table/delta.h"

namespace weft::table {

/// One difference between what is wanted and what is present.
template <Row R>
struct Change {
  KeyOf<R> key;
  std::optional<R> before;  // what is present; nullopt: nothing
  std::optional<R> after;   // what is wanted; nullopt: nothing

  bool operator==(const Change&) const = default;
};

/// Holds wanted and present rows and lists the difference. Cost of `changes()` is proportional to the difference.
template <Row R>
class Tracker {
 public:
  using Key = KeyOf<R>;

  void want(R row) {
    const Key key = row.key();
    wanted_.insert_or_assign(key, std::move(row));
    compare(key);
  }
  void unwant(const Key& key) {
    wanted_.erase(key);
    compare(key);
  }
  void want(Delta<R> delta) {
    apply(wanted_, std::move(delta), [&](const Key& key, const R*, const R*) { compare(key); });
  }

  void found(R row) {
    const Key key = row.key();
    present_.insert_or_assign(key, std::move(row));
    compare(key);
  }
  void lost(const Key& key) {
    present_.erase(key);
    compare(key);
  }
  /// The complete table that is present, after a read.
  void found_all(std::vector<R> rows) {
    Delta<R> delta{.rows = {}, .whole = true};
    for (auto& row : rows) delta.put(std::move(row));
    apply(present_, std::move(delta), [&](const Key& key, const R*, const R*) { compare(key); });
  }

  std::vector<Change<R>> changes() const {
    std::vector<Change<R>> list;
    list.reserve(different_.size());
    for (const auto& key : different_) list.push_back({key, value(present_, key), value(wanted_, key)});
    return list;
  }
  bool settled() const { return different_.empty(); }

  const std::map<Key, R>& wanted() const { return wanted_; }
  const std::map<Key, R>& present() const { return present_; }

 private:
  static std::optional<R> value(const std::map<Key, R>& rows, const Key& key) {
    const auto it = rows.find(key);
    return it == rows.end() ? std::nullopt : std::optional<R>(it->second);
  }
  void compare(const Key& key) {
    const auto wanted = wanted_.find(key);
    const auto present = present_.find(key);
    const bool same = wanted == wanted_.end() ? present == present_.end()
                                              : present != present_.end() && wanted->second == present->second;
    if (same)
      different_.erase(key);
    else
      different_.insert(key);
  }

  std::map<Key, R> wanted_;
  std::map<Key, R> present_;
  std::set<Key> different_;
};

}  // namespace weft::table
