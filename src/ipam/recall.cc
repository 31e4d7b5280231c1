#include "ipam/recall.h"

#include <algorithm>

namespace weft::ipam {

namespace {

/// etcd takes 128 conditions a transaction; these leave room for those of the writes.
constexpr std::size_t most_proofs = 80;
/// Longer lists are read each time.
constexpr std::size_t longest_list = 40;
/// A node has few blocks of its own; whoever saw more than this begins anew.
constexpr std::size_t most_entries = 500;

}  // namespace

void Recall::begin(bool warm) {
  if (entries_.size() > most_entries) {
    entries_.clear();
    lists_.clear();
  }
  warm_ = warm && !entries_.empty();
  told_.clear();
  told_lists_.clear();
}

void Recall::suppose_absent(const std::string& key) {
  if (warm_) entries_.try_emplace(key, std::nullopt);
}

Result<std::optional<store::Entry>> Recall::get(std::string_view key, store::Revision at) {
  if (at != 0) return below().get(key, at);
  const auto known = entries_.find(key);
  if (warm_ && known != entries_.end() && told_.size() + told_lists_.size() < most_proofs) {
    told_[known->first] = known->second ? known->second->revision : 0;
    return known->second;
  }
  auto found = TRY(below().get(key));
  entries_.insert_or_assign(std::string(key), found);
  return found;
}

Result<store::Listing> Recall::list(std::string_view prefix) {
  const auto known = lists_.find(prefix);
  if (warm_ && known != lists_.end() &&
      told_.size() + told_lists_.size() + known->second.entries.size() < most_proofs) {
    // That no key is newer does not say that none is gone: each is proven for itself.
    for (const store::Entry& entry : known->second.entries) told_[entry.key] = entry.revision;
    told_lists_[known->first] = known->second.revision;
    return known->second;
  }
  auto found = TRY(below().list(prefix));
  if (found.entries.size() <= longest_list)
    lists_.insert_or_assign(std::string(prefix), found);
  else if (known != lists_.end())
    lists_.erase(known);
  return found;
}

Result<store::Revision> Recall::commit(std::span<const store::Op> ops) {
  if (warm_) return fail(Code::canceled, "what is only remembered is no reason to write");
  auto written = below().commit(ops);
  if (written) learn(ops, *written);
  return written;
}

Result<store::Revision> Recall::finish(std::span<const store::Op> ops) {
  std::vector<store::Op> all(ops.begin(), ops.end());
  for (const auto& [key, revision] : told_) {
    // The op itself may say so; one that expects another revision was made from something newer than what we decided
    // on.
    const bool said = std::any_of(ops.begin(), ops.end(), [&](const store::Op& op) {
      return op.key == key && op.kind != store::Op::Kind::put && op.expected == revision;
    });
    if (!said) all.push_back({.kind = store::Op::Kind::expect, .key = key, .expected = revision});
  }
  for (const auto& [prefix, revision] : told_lists_)
    all.push_back({.kind = store::Op::Kind::unchanged, .key = prefix, .expected = revision});
  auto written = below().commit(all);
  if (written) {
    learn(ops, *written);
  } else {
    // Most often it is what we were about to write that others wrote.
    for (const store::Op& op : ops) entries_.erase(op.key);
  }
  return written;
}

void Recall::learn(std::span<const store::Op> ops, store::Revision revision) {
  for (auto& [prefix, told] : told_lists_) {
    const auto list = lists_.find(prefix);
    if (list != lists_.end()) list->second.revision = revision;
  }
  for (const store::Op& op : ops) {
    if (!op.writes()) continue;
    // A list of which nothing was proven in this transaction may have changed otherwise, too.
    std::erase_if(lists_, [&](const auto& list) { return op.key.starts_with(list.first); });
    if (op.kind == store::Op::Kind::remove)
      entries_.insert_or_assign(op.key, std::nullopt);
    else
      entries_.insert_or_assign(op.key, store::Entry{op.key, op.value, revision});
  }
}

}  // namespace weft::ipam
