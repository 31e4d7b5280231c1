#include "ctl/staged_store.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <span>
#include <thread>

namespace weft::ctl {
namespace {

constexpr std::size_t most_ops = 100;           // etcd takes 128 a transaction unless it is told otherwise
constexpr std::size_t most_bytes = 512 * 1024;  // and 1.5 MiB a request
constexpr std::size_t most_at_once = 4;         // transactions under way

std::string after_prefix(std::string_view prefix) {
  std::string end(prefix);
  end.back() = static_cast<char>(end.back() + 1);  // prefixes end with a slash
  return end;
}

std::size_t size_of(std::span<const store::Op> ops) {
  std::size_t bytes = 0;
  for (const auto& op : ops) bytes += op.key.size() + op.value.size();
  return bytes;
}

}  // namespace

void StagedStore::begin(std::size_t tag, int phase) {
  tag_ = tag;
  phase_ = phase;
}

Result<> StagedStore::load(std::string_view prefix) {
  if (loaded_.contains(prefix)) return {};
  auto listing = TRY(below().list(prefix));
  revision_ = std::max(revision_, listing.revision);
  for (auto& entry : listing.entries) {
    std::string key = entry.key;
    known_.try_emplace(std::move(key), std::move(entry));  // what waits stays
  }
  loaded_.emplace(prefix);
  return {};
}

Result<std::optional<store::Entry>> StagedStore::get(std::string_view key, store::Revision at) {
  if (at != 0) return below().get(key, at);
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  for (auto slash = key.rfind('/'); slash != std::string_view::npos && slash > 0; slash = key.rfind('/', slash - 1)) {
    if (loaded_.contains(key.substr(0, slash + 1))) return std::optional<store::Entry>();
  }
  return known_[std::string(key)] = TRY(below().get(key));
}

Result<store::Listing> StagedStore::list(std::string_view prefix) {
  TRY(load(prefix));
  store::Listing listing{.entries = {}, .revision = revision_};
  for (auto at = known_.lower_bound(prefix), end = known_.lower_bound(after_prefix(prefix)); at != end; ++at) {
    if (at->second) listing.entries.push_back(*at->second);
  }
  return listing;
}

Result<store::Revision> StagedStore::commit(std::span<const store::Op> ops) {
  TRY(store::check(ops));
  const bool again =
      std::any_of(ops.begin(), ops.end(), [&](const auto& op) { return waiting_keys_.contains(op.key); });
  if (again && may_flush_) {
    for (auto& refused : flush()) refused_.push_back(std::move(refused));
  }
  Unit unit{.tag = tag_, .phase = phase_, .ops = {ops.begin(), ops.end()}, .before = {}};
  for (const auto& op : ops) {
    const auto there = op.kind == store::Op::Kind::unchanged ? std::nullopt : TRY(get(op.key));
    if (auto refusal = store::refusal(op, there ? there->revision : 0)) return std::unexpected(std::move(*refusal));
    unit.before.push_back(there ? std::optional(there->value) : std::nullopt);
  }
  const store::Revision revision = next_++;
  for (const auto& op : ops) {
    if (!op.writes()) continue;
    if (op.kind == store::Op::Kind::remove)
      known_[op.key] = std::nullopt;
    else
      known_[op.key] = store::Entry{op.key, op.value, revision};
    waiting_keys_.insert(op.key);
  }
  waiting_.push_back(std::move(unit));
  return revision;
}

std::vector<StagedStore::Change> StagedStore::changes() const {
  std::vector<Change> all;
  for (const auto& unit : waiting_) {
    for (std::size_t i = 0; i < unit.ops.size(); ++i) {
      const auto& op = unit.ops[i];
      if (!op.writes()) continue;
      const bool gone = op.kind == store::Op::Kind::remove;
      all.push_back({unit.tag, op.key, unit.before[i], gone ? std::nullopt : std::optional(op.value)});
    }
  }
  return all;
}

void StagedStore::settle(const Unit& unit, const Result<store::Revision>& outcome) {
  if (!outcome) refused_.push_back({unit.tag, outcome.error()});
  for (const auto& op : unit.ops) {
    waiting_keys_.erase(op.key);
    if (!outcome) {
      known_.erase(op.key);  // whoever looks again asks the store below
      std::erase_if(loaded_, [&](const std::string& prefix) { return op.key.starts_with(prefix); });
    } else if (auto& known = known_[op.key]) {
      known->revision = *outcome;
    }
  }
}

std::vector<StagedStore::Refused> StagedStore::flush(const std::function<void(std::size_t done)>& progress) {
  std::vector<Unit> units = std::exchange(waiting_, {});
  std::size_t done = 0;
  for (std::size_t first = 0; first < units.size();) {
    // The units of one phase, cut into transactions.
    std::vector<std::span<const Unit>> batches;
    std::size_t end = first;
    while (end < units.size() && units[end].phase == units[first].phase) {
      std::size_t begin = end, ops = 0, bytes = 0;
      while (end < units.size() && units[end].phase == units[first].phase) {
        ops += units[end].ops.size();
        bytes += size_of(units[end].ops);
        if (end > begin && (ops > most_ops || bytes > most_bytes)) break;
        ++end;
      }
      batches.emplace_back(units.data() + begin, end - begin);
    }
    first = end;

    std::mutex mutex;
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      for (std::size_t i = next++; i < batches.size(); i = next++) {
        std::vector<store::Op> ops;
        for (const auto& unit : batches[i]) ops.insert(ops.end(), unit.ops.begin(), unit.ops.end());
        const auto together = below().commit(ops);
        const bool alone = !together && batches[i].size() > 1 && together.error().code != Code::unavailable &&
                           together.error().code != Code::timeout;
        for (const auto& unit : batches[i]) {
          const auto outcome = alone ? below().commit(unit.ops) : together;
          const std::lock_guard lock(mutex);
          settle(unit, outcome);
          ++done;
        }
        const std::lock_guard lock(mutex);
        if (progress) progress(done);
      }
    };
    std::vector<std::jthread> workers;
    for (std::size_t i = 1; i < std::min(most_at_once, batches.size()); ++i) workers.emplace_back(work);
    work();
  }
  return std::exchange(refused_, {});
}

}  // namespace weft::ctl
