#include "store/mirror.h"

#include <fmt/core.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/log.h"
#include "metrics/metrics.h"
#include "store/known_keys.h"

namespace weft::store {

namespace {

Sent sent(Revision revision, std::string_view value) { return {revision, std::hash<std::string_view>()(value)}; }

// A watch may be asked in vain: etcd does not answer while it still is behind.
constexpr std::chrono::milliseconds ask_again{200};

}  // namespace

struct Mirror::Inner {
  Inner(Store& s, MirrorOptions o, OnChanges c)
      : store(s),
        options(std::move(o)),
        on_changes(std::move(c)),
        connected(metrics::gauge("weft_mirror_connected", "1 while the store is being watched.", labels())),
        newest(metrics::gauge("weft_mirror_revision", "Revision of the store up to which all changes were seen.",
                              labels())),
        events(metrics::counter("weft_mirror_events", "Changes sent on.", labels())),
        lists(metrics::counter("weft_mirror_lists", "Complete lists read from the store.", labels())),
        interruptions(metrics::counter("weft_mirror_interruptions", "Watches that ended.", labels())) {}

  metrics::Labels labels() const { return {{"prefix", options.prefix}}; }

  Store& store;
  const MirrorOptions options;
  const OnChanges on_changes;
  metrics::Gauge& connected;
  metrics::Gauge& newest;
  metrics::Counter& events;
  metrics::Counter& lists;
  metrics::Counter& interruptions;

  // Of the thread whose turn it is: ours between watches, the store's while one runs.
  KnownKeys known;
  bool stale = true;  // only a list says what is there

  mutable std::mutex mutex;
  std::condition_variable_any changed;
  State state;
  std::optional<Error> over;  // of the watch that runs
  bool alive = false;         // it has told something
  bool progress = false;      // somebody waits for it

  std::jthread thread;

  void run(const std::stop_token& stop) {
    auto wait = std::chrono::milliseconds(0);
    while (!stop.stop_requested()) {
      bool was_alive = false;
      const Error error = follow(stop, was_alive);
      if (stop.stop_requested()) break;
      lost(error);
      // A watch that worked is replaced at once.
      if (was_alive) wait = std::chrono::milliseconds(0);
      std::unique_lock lock(mutex);
      changed.wait_for(lock, stop, wait, [] { return false; });
      wait = std::clamp(wait * 2, options.shortest_wait, options.longest_wait);
    }
  }

  /// Lists if need be, and watches until that ends.
  Error follow(const std::stop_token& stop, bool& was_alive) {
    if (!stale) {
      auto same = still_the_same();
      if (!same) return std::move(same.error());
      stale = !*same;
    }
    if (stale) {
      const bool first = known.size() == 0 && !state.in_sync;
      if (auto done = first ? list_in_parts() : list_differences(); !done) return std::move(done.error());
      stale = false;
    }
    const Error error = watch(stop, was_alive);
    if (error.code == Code::compacted) stale = true;
    return error;
  }

  /// Whether the store we meet has the history that we followed: the newest key we know of was, at our revision, what
  /// we saw of it.
  Result<bool> still_the_same() {
    std::string key;
    Sent last{0, 0};
    known.each([&](std::string name, const Sent& what) {
      if (what.revision <= last.revision) return;
      key = std::move(name);
      last = what;
    });
    if (key.empty()) return false;
    const auto then = store.get(key, state.revision);
    if (!then && then.error().code == Code::compacted) return false;
    if (!then) return std::unexpected(then.error());
    return *then && sent((*then)->revision, (*then)->value) == last;
  }

  /// The first: nobody has to hold all of a store as values and rows.
  Result<> list_in_parts() {
    std::vector<Event> part;
    const Revision revision = TRY(store.list_in_parts(options.prefix, [&](std::vector<Entry> entries) {
      for (auto& entry : entries) {
        if (options.wanted && !options.wanted(entry.key)) continue;
        if (part.size() == options.part) {
          remember(part);
          on_changes(part, 0, false);
          part.clear();
        }
        part.push_back({std::move(entry.key), std::move(entry.value), entry.revision});
      }
    }));
    lists.add();
    send(part, revision);
    return {};
  }

  /// Any other: what differs from what is known.
  Result<> list_differences() {
    auto listing = TRY(store.list(options.prefix));
    lists.add();
    std::vector<Event> differences;
    known.each([&](std::string key, const Sent&) {
      const auto at = std::ranges::lower_bound(listing.entries, key, {}, &Entry::key);
      if (at == listing.entries.end() || at->key != key)
        differences.push_back({std::move(key), std::nullopt, listing.revision});
    });
    for (auto& entry : listing.entries) {
      if (options.wanted && !options.wanted(entry.key)) continue;
      const auto* before = known.find(entry.key);
      if (before && *before == sent(entry.revision, entry.value)) continue;
      differences.push_back({std::move(entry.key), std::move(entry.value), entry.revision});
    }
    send(differences, listing.revision);
    return {};
  }

  Error watch(const std::stop_token& stop, bool& was_alive) {
    {
      const std::lock_guard lock(mutex);
      over.reset();
      alive = false;
    }
    const auto running =
        store.watch(options.prefix, state.revision,
                    {.on_events = [this](std::span<const Event> seen, Revision upto) { take(seen, upto); },
                     .on_end =
                         [this](const Error& error) {
                           const std::lock_guard lock(mutex);
                           over = error;
                           changed.notify_all();
                         }});
    running->request_progress();  // its answer says that the watch stands
    std::unique_lock lock(mutex);
    while (!stop.stop_requested() && !over) {
      if (progress) {
        lock.unlock();
        running->request_progress();
        lock.lock();
        changed.wait_for(lock, stop, ask_again, [&] { return over || !progress; });
      } else {
        changed.wait(lock, stop, [&] { return over || progress; });
      }
    }
    was_alive = alive;
    return over.value_or(Error{Code::canceled, "stopped"});
  }

  void take(std::span<const Event> seen, Revision upto) {
    const bool back = [&] {
      const std::lock_guard lock(mutex);
      alive = true;
      if (seen.empty()) progress = false;
      return !std::exchange(state.connected, true);
    }();
    if (back) found();
    // A key that came and went while we looked elsewhere is gone for us already.
    std::vector<Event> changes;
    for (const auto& event : seen) {
      if (options.wanted && !options.wanted(event.key)) continue;
      if (event.value || known.find(event.key)) changes.push_back(event);
    }
    send(changes, upto);
  }

  void remember(std::span<const Event> changes) {
    for (const auto& event : changes) {
      if (event.value)
        known.put(event.key, sent(event.revision, *event.value));
      else
        known.erase(event.key);
    }
    events.add(static_cast<double>(changes.size()));
  }

  void send(std::span<const Event> changes, Revision upto) {
    remember(changes);
    newest.set(static_cast<double>(upto));
    on_changes(changes, upto, true);
    const std::lock_guard lock(mutex);
    state.in_sync = true;
    state.revision = upto;
    state.keys = known.size();
    changed.notify_all();
  }

  // Each state is logged when it begins.
  void found() {
    connected.set(1);
    const std::lock_guard lock(mutex);
    state.trouble.clear();
    log::info("store is being watched",
              {{"store", store.describe()}, {"prefix", options.prefix}, {"keys", known.size()}});
  }
  void lost(const Error& error) {
    interruptions.add();
    connected.set(0);
    const std::lock_guard lock(mutex);
    const bool was = std::exchange(state.connected, false);
    if (!was && state.trouble == error.message) return;
    state.trouble = error.message;
    if (error.code == Code::compacted) {
      log::info("store is listed again", {{"prefix", options.prefix}, {"reason", error.message}});
    } else {
      log::warning("store is not being watched", {{"prefix", options.prefix}, {"reason", error.message}});
    }
  }
};

Mirror::Mirror(Store& store, MirrorOptions options, OnChanges on_changes)
    : inner_(std::make_unique<Inner>(store, std::move(options), std::move(on_changes))) {
  inner_->thread = std::jthread([inner = inner_.get()](const std::stop_token& stop) { inner->run(stop); });
}

Mirror::~Mirror() = default;  // the thread is the last member: it ends first

void Mirror::request_progress() {
  const std::lock_guard lock(inner_->mutex);
  inner_->progress = true;
  inner_->changed.notify_all();
}

Result<Revision> Mirror::catch_up(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const Revision target = TRY(inner_->store.commit({}));
  request_progress();
  std::unique_lock lock(inner_->mutex);
  const auto& state = inner_->state;
  if (!inner_->changed.wait_until(lock, deadline, [&] { return state.connected && state.revision >= target; })) {
    return fail(Code::timeout, fmt::format("revision {} of the store is not reached, only {}{}{}", target,
                                           state.revision, state.trouble.empty() ? "" : ": ", state.trouble));
  }
  return state.revision;
}

Mirror::State Mirror::state() const {
  const std::lock_guard lock(inner_->mutex);
  return inner_->state;
}

}  // namespace weft::store
