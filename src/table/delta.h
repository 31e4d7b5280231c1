#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>

/// All the plumbing between parts: Delta, Mailbox, Tracker, Reconciler.
namespace weft::table {

/// A plain value with a key.
template <class R>
concept Row = std::equality_comparable<R> && requires(const R& row) { row.key(); };

template <Row R>
using KeyOf = std::remove_cvref_t<decltype(std::declval<const R&>().key())>;

/// What changed in a table. Two deltas merge into one, the later winning per key,
/// so a slow reader sees the newest state once and never a backlog.
template <Row R>
struct Delta {
  std::map<KeyOf<R>, std::optional<R>> rows;  // nullopt: the row is gone
  bool whole = false;                         // rows is the complete table; what is not in it is gone

  void put(R row) {
    auto key = row.key();
    rows.insert_or_assign(std::move(key), std::optional<R>(std::move(row)));
  }
  void drop(const KeyOf<R>& key) {
    if (whole)
      rows.erase(key);
    else
      rows.insert_or_assign(key, std::nullopt);
  }
  void merge(Delta later) {
    if (later.whole) {
      *this = std::move(later);
      return;
    }
    for (auto& [key, row] : later.rows) {
      if (row)
        rows.insert_or_assign(key, std::move(row));
      else
        drop(key);
    }
  }
  bool empty() const { return rows.empty() && !whole; }
  bool operator==(const Delta&) const = default;
};

/// Applies a delta to a table held as a map and calls `changed(key, before, after)` for each row that really differs;
/// either pointer is null where there was or is no row.
template <Row R, class Changed>
void apply(std::map<KeyOf<R>, R>& rows, Delta<R> delta, Changed&& changed) {
  if (delta.whole) {
    for (auto it = rows.begin(); it != rows.end();) {
      if (delta.rows.contains(it->first)) {
        ++it;
        continue;
      }
      auto gone = rows.extract(it++);
      changed(gone.key(), static_cast<const R*>(&gone.mapped()), static_cast<const R*>(nullptr));
    }
  }
  for (auto& [key, row] : delta.rows) {
    auto it = rows.find(key);
    if (!row) {
      if (it == rows.end()) continue;
      auto gone = rows.extract(it);
      changed(key, static_cast<const R*>(&gone.mapped()), static_cast<const R*>(nullptr));
    } else if (it == rows.end()) {
      it = rows.emplace(key, std::move(*row)).first;
      changed(key, static_cast<const R*>(nullptr), static_cast<const R*>(&it->second));
    } else if (!(it->second == *row)) {
      const R before = std::exchange(it->second, std::move(*row));
      changed(key, &before, static_cast<const R*>(&it->second));
    }
  }
}

}  // namespace weft::table
