#include "store/memory.h"

#include <fmt/core.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace weft::store {

namespace {

using Clock = std::chrono::steady_clock;

struct Cell {
  std::string value;
  Revision revision = 0;
  LeaseId lease = 0;
};
struct Lease {
  std::chrono::seconds ttl;
  Clock::time_point end;
};
struct Past {
  Event event;
  std::optional<Entry> before;  // what the key held
};
struct Running {
  std::string prefix;
  Revision seen = 0;  // everything up to it was delivered
  Watcher watcher;
  bool progress = false;
  std::optional<Error> over;
  bool gone = false;  // its owner does not want calls any more
};

Error not_reachable() { return {Code::unavailable, "memory: not available"}; }

}  // namespace

struct Memory::Inner {
  explicit Inner(std::size_t limit) : history_limit(limit) {}

  mutable std::mutex mutex;
  std::condition_variable changed;    // wakes the thread
  std::condition_variable delivered;  // wakes who waits for a call to end
  std::map<std::string, Cell, std::less<>> cells;
  std::map<LeaseId, Lease> leases;
  LeaseId last_lease = 0;
  std::deque<Past> history;
  std::size_t history_limit;
  Revision revision = 1;
  Revision compacted = 0;  // events up to it are gone
  bool available = true;
  std::chrono::milliseconds delay{0};
  std::function<Result<>(std::span<const Op>)> rule;
  std::list<std::shared_ptr<Running>> watches;
  std::shared_ptr<Running> calling;  // the watch whose watcher runs now, outside the lock
  bool stop = false;
  std::thread thread;

  void wait() const {
    const auto time = [&] {
      const std::lock_guard lock(mutex);
      return delay;
    }();
    if (time.count() > 0) std::this_thread::sleep_for(time);
  }

  // Below: with the lock held.

  /// Where the key of an op is, or the newest of its keys.
  Revision revision_of(const Op& op) const {
    Revision newest = 0;
    const bool many = op.kind == Op::Kind::unchanged;
    for (auto at = cells.lower_bound(op.key); at != cells.end() && at->first.starts_with(op.key); ++at) {
      if (!many && at->first != op.key) break;
      newest = std::max(newest, at->second.revision);
    }
    return newest;
  }
  void remember(const std::string& key, std::optional<std::string> value, std::optional<Entry> before) {
    history.push_back({{key, std::move(value), revision}, std::move(before)});
    // A revision is forgotten whole.
    while (history.size() > history_limit && history.front().event.revision < revision)
      forget(history.front().event.revision);
  }
  void forget(Revision upto) {
    compacted = std::max(compacted, upto);
    while (!history.empty() && history.front().event.revision <= upto) history.pop_front();
  }
  void write(const Op& op) {
    if (!op.writes()) return;
    const auto at = cells.find(op.key);
    std::optional<Entry> before;
    if (at != cells.end()) before = Entry{op.key, at->second.value, at->second.revision};
    if (op.kind != Op::Kind::remove) {
      cells.insert_or_assign(op.key, Cell{op.value, revision, op.lease});
      remember(op.key, op.value, std::move(before));
    } else if (before) {
      cells.erase(at);
      remember(op.key, std::nullopt, std::move(before));
    }
  }
  void drop_keys_of(LeaseId lease) {
    std::vector<Op> ops;
    for (const auto& [key, cell] : cells) {
      if (cell.lease == lease) ops.push_back({.kind = Op::Kind::remove, .key = key});
    }
    if (ops.empty()) return;
    ++revision;
    for (const auto& op : ops) write(op);
    changed.notify_all();
  }
  void end_all(const Error& error) {
    for (auto& watch : watches) {
      if (!watch->over) watch->over = error;
    }
    changed.notify_all();
  }

  /// What one watch is to be told next; empty when there is nothing.
  std::function<void()> next_call(const std::shared_ptr<Running>& watch) {
    if (!watch->over && watch->seen < compacted) {
      watch->over = Error{Code::compacted, fmt::format("memory: revision {} is compacted", watch->seen + 1)};
    }
    if (!watch->over && watch->seen > revision) {
      watch->over = Error{Code::compacted,
                          fmt::format("memory: revision {} is not reached, the store is at {}", watch->seen, revision)};
    }
    if (watch->over) {
      watch->gone = true;
      return [watch] { watch->watcher.on_end(*watch->over); };
    }
    std::vector<Event> events;
    auto at = std::ranges::upper_bound(history, watch->seen, {}, [](const Past& past) { return past.event.revision; });
    for (; at != history.end(); ++at) {
      if (at->event.key.starts_with(watch->prefix)) events.push_back(at->event);
    }
    watch->seen = revision;
    if (events.empty() && !std::exchange(watch->progress, false)) return {};
    const Revision newest = events.empty() ? revision : events.back().revision;
    return [watch, events = std::move(events), newest] { watch->watcher.on_events(events, newest); };
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!stop) {
      expire();
      std::function<void()> call;
      for (const auto& watch : watches) {
        if (watch->gone) continue;
        call = next_call(watch);
        if (!call) continue;
        calling = watch;
        // The next round starts with the others.
        watches.splice(watches.end(), watches, std::ranges::find(watches, watch));
        break;
      }
      if (call) {
        lock.unlock();
        call();
        call = {};
        lock.lock();
        calling = nullptr;
        delivered.notify_all();
        continue;
      }
      auto next = Clock::time_point::max();
      for (const auto& [id, lease] : leases) next = std::min(next, lease.end);
      if (leases.empty())
        changed.wait(lock);
      else
        changed.wait_until(lock, next);
    }
  }
  void expire() {
    const auto now = Clock::now();
    for (auto at = leases.begin(); at != leases.end();) {
      if (at->second.end > now) {
        ++at;
        continue;
      }
      const LeaseId id = at->first;
      at = leases.erase(at);
      drop_keys_of(id);
    }
  }
};

namespace {

class MemoryWatch final : public Watch {
 public:
  MemoryWatch(std::shared_ptr<Memory::Inner> inner, std::shared_ptr<Running> running)
      : inner_(std::move(inner)), running_(std::move(running)) {}

  ~MemoryWatch() override {
    std::unique_lock lock(inner_->mutex);
    running_->gone = true;
    inner_->watches.remove(running_);
    if (std::this_thread::get_id() == inner_->thread.get_id()) return;  // destroyed by its own watcher
    inner_->delivered.wait(lock, [&] { return inner_->calling != running_; });
  }

  void request_progress() override {
    const std::lock_guard lock(inner_->mutex);
    running_->progress = true;
    inner_->changed.notify_all();
  }

 private:
  std::shared_ptr<Memory::Inner> inner_;
  std::shared_ptr<Running> running_;
};

}  // namespace

Memory::Memory(std::size_t history) : inner_(std::make_shared<Inner>(history)) {
  inner_->thread = std::thread([inner = inner_.get()] { inner->run(); });
}

Memory::~Memory() {
  {
    const std::lock_guard lock(inner_->mutex);
    inner_->stop = true;
    inner_->changed.notify_all();
  }
  inner_->thread.join();
}

Result<std::optional<Entry>> Memory::get(std::string_view key, Revision at) {
  inner_->wait();
  const std::lock_guard lock(inner_->mutex);
  if (!inner_->available) return std::unexpected(not_reachable());
  if (at > inner_->revision) {
    return fail(Code::compacted,
                fmt::format("{}: revision {} is not reached, the store is at {}", key, at, inner_->revision));
  }
  if (at != 0 && at < inner_->compacted)
    return fail(Code::compacted, fmt::format("{}: revision {} is compacted", key, at));
  if (at != 0) {
    for (const auto& past : inner_->history) {
      if (past.event.revision > at && past.event.key == key) return past.before;
    }
  }
  const auto cell = inner_->cells.find(key);
  if (cell == inner_->cells.end()) return std::nullopt;
  return Entry{cell->first, cell->second.value, cell->second.revision};
}

Result<Listing> Memory::list(std::string_view prefix) {
  inner_->wait();
  const std::lock_guard lock(inner_->mutex);
  if (!inner_->available) return std::unexpected(not_reachable());
  Listing listing{.revision = inner_->revision};
  for (auto at = inner_->cells.lower_bound(prefix); at != inner_->cells.end() && at->first.starts_with(prefix); ++at) {
    listing.entries.push_back({at->first, at->second.value, at->second.revision});
  }
  return listing;
}

Result<Revision> Memory::commit(std::span<const Op> ops) {
  inner_->wait();
  TRY(check(ops));
  const std::lock_guard lock(inner_->mutex);
  if (!inner_->available) return std::unexpected(not_reachable());
  if (inner_->rule) TRY(inner_->rule(ops));
  bool writes = false;
  for (const auto& op : ops) {
    const Revision found = inner_->revision_of(op);
    if (auto refused = refusal(op, found)) return std::unexpected(*std::move(refused));
    if (op.lease != 0 && !inner_->leases.contains(op.lease)) {
      return fail(Code::not_found, fmt::format("{}: lease {} not found", op.key, op.lease));
    }
    writes = writes || op.kind == Op::Kind::create || op.kind == Op::Kind::update || op.kind == Op::Kind::put ||
             (op.kind == Op::Kind::remove && found != 0);
  }
  if (!writes) return inner_->revision;
  ++inner_->revision;
  for (const auto& op : ops) inner_->write(op);
  inner_->changed.notify_all();
  return inner_->revision;
}

std::unique_ptr<Watch> Memory::watch(std::string_view prefix, Revision after, Watcher watcher) {
  auto running = std::make_shared<Running>();
  running->prefix = prefix;
  running->watcher = std::move(watcher);
  const std::lock_guard lock(inner_->mutex);
  running->seen = after == 0 ? inner_->revision : after;
  if (!inner_->available) running->over = not_reachable();
  inner_->watches.push_back(running);
  inner_->changed.notify_all();
  return std::make_unique<MemoryWatch>(inner_, std::move(running));
}

Result<LeaseId> Memory::grant(std::chrono::seconds ttl) {
  const std::lock_guard lock(inner_->mutex);
  if (!inner_->available) return std::unexpected(not_reachable());
  const LeaseId id = ++inner_->last_lease;
  inner_->leases[id] = {ttl, Clock::now() + ttl};
  inner_->changed.notify_all();
  return id;
}

Result<> Memory::keep_alive(LeaseId lease) {
  const std::lock_guard lock(inner_->mutex);
  if (!inner_->available) return std::unexpected(not_reachable());
  const auto at = inner_->leases.find(lease);
  if (at == inner_->leases.end()) return fail(Code::not_found, fmt::format("lease {} not found", lease));
  at->second.end = Clock::now() + at->second.ttl;
  return {};
}

Result<> Memory::revoke(LeaseId lease) {
  const std::lock_guard lock(inner_->mutex);
  if (!inner_->available) return std::unexpected(not_reachable());
  if (inner_->leases.erase(lease) == 0) return fail(Code::not_found, fmt::format("lease {} not found", lease));
  inner_->drop_keys_of(lease);
  return {};
}

void Memory::set_available(bool available) {
  const std::lock_guard lock(inner_->mutex);
  inner_->available = available;
  if (!available) inner_->end_all(not_reachable());
}

void Memory::refuse(std::function<Result<>(std::span<const Op>)> rule) {
  const std::lock_guard lock(inner_->mutex);
  inner_->rule = std::move(rule);
}

void Memory::set_delay(std::chrono::milliseconds delay) {
  const std::lock_guard lock(inner_->mutex);
  inner_->delay = delay;
}

void Memory::compact(Revision revision) {
  const std::lock_guard lock(inner_->mutex);
  inner_->forget(revision == 0 ? inner_->revision : revision);
  inner_->changed.notify_all();
}

Memory::Snapshot Memory::snapshot() const {
  const std::lock_guard lock(inner_->mutex);
  Snapshot snapshot{.revision = inner_->revision};
  for (const auto& [key, cell] : inner_->cells) snapshot.entries[key] = {key, cell.value, cell.revision};
  return snapshot;
}

void Memory::restore(Snapshot snapshot) {
  const std::lock_guard lock(inner_->mutex);
  inner_->cells.clear();
  for (auto& [key, entry] : snapshot.entries) inner_->cells[key] = {std::move(entry.value), entry.revision, 0};
  inner_->history.clear();
  inner_->revision = inner_->compacted = snapshot.revision;
  inner_->end_all({Code::unavailable, "memory: restarted"});
}

}  // namespace weft::store
