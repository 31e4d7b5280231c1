#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "net/cidr.h"

namespace weft::net {

/// A map from prefixes of both families to values, that also answers which prefixes contain an address or prefix and
/// which lie inside one. Entries are ordered by family, then address, then length: a prefix stands before what it
/// covers.
///
/// Lookups cost one ordered search per prefix length in use, so a handful of searches for real tables.
template <class T>
class PrefixMap {
 public:
  using Entry = std::pair<const Cidr, T>;

  /// Puts the value; replaces an older one. @return true when the prefix was not there
  bool insert(const Cidr& cidr, T value) {
    const bool added = entries_.insert_or_assign(cidr, std::move(value)).second;
    if (added) ++lengths(cidr.family())[cidr.length()];
    return added;
  }
  bool erase(const Cidr& cidr) {
    if (entries_.erase(cidr) == 0) return false;
    auto& used = lengths(cidr.family());
    const auto it = used.find(cidr.length());
    if (--it->second == 0) used.erase(it);
    return true;
  }
  void clear() {
    entries_.clear();
    v4_lengths_.clear();
    v6_lengths_.clear();
  }

  /// The value of exactly this prefix, null when there is none.
  T* exact(const Cidr& cidr) {
    const auto it = entries_.find(cidr);
    return it == entries_.end() ? nullptr : &it->second;
  }
  const T* exact(const Cidr& cidr) const { return const_cast<PrefixMap*>(this)->exact(cidr); }

  /// The longest prefix that contains the address, null when none does.
  const Entry* longest(const Ip& ip) const { return longest(Cidr::host(ip)); }
  /// The longest prefix that is or contains this one.
  const Entry* longest(const Cidr& cidr) const {
    const auto& used = lengths(cidr.family());
    for (auto it = used.upper_bound(cidr.length()); it != used.begin();) {
      --it;
      if (const auto found = entries_.find(Cidr(cidr.ip(), it->first)); found != entries_.end()) return &*found;
    }
    return nullptr;
  }

  /// Prefixes that are or contain this one, the shortest first.
  std::vector<const Entry*> covering(const Cidr& cidr) const {
    std::vector<const Entry*> list;
    for (const auto& [length, count] : lengths(cidr.family())) {
      if (length > cidr.length()) break;
      if (const auto found = entries_.find(Cidr(cidr.ip(), length)); found != entries_.end()) list.push_back(&*found);
    }
    return list;
  }

  /// Prefixes that are or lie inside this one, in order.
  std::vector<const Entry*> covered(const Cidr& cidr) const {
    std::vector<const Entry*> list;
    for (auto it = entries_.lower_bound(cidr); it != entries_.end() && cidr.contains(it->first); ++it)
      list.push_back(&*it);
    return list;
  }

  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

 private:
  using Lengths = std::map<int, std::size_t>;  // prefix length -> how many entries have it
  Lengths& lengths(Family family) { return family == Family::v4 ? v4_lengths_ : v6_lengths_; }
  const Lengths& lengths(Family family) const { return family == Family::v4 ? v4_lengths_ : v6_lengths_; }

  std::map<Cidr, T> entries_;
  Lengths v4_lengths_;
  Lengths v6_lengths_;
};

}  // namespace weft::net
