#include "store/etcd/watch.h"

#include <fmt/core.h>

#include <mutex>
#include <thread>
#include <vector>

#include "etcd.pb.h"

namespace weft::store::etcd {

std::string end_of(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::string(1, '\0');
  prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

namespace {

void set_prefix(auto& request, const std::string& prefix) {
  request.set_key(prefix.empty() ? std::string(1, '\0') : prefix);
  request.set_range_end(end_of(prefix));
}

/// What the thread works on. Its owner may be gone before the thread ends: when a watcher destroys its own watch.
///
/// Progress. etcd answers a progress request with the revision of the store, but up to 3.4.24 and 3.5.7 that answer may
/// overtake events on the way (etcd issue 15220). So it only wakes us; that nothing changed is then read from the
/// store: no key of the prefix is newer than what we have seen, and there are as many as there were then. If not, the
/// events are on their way, and we look again after each. (Periodic progress, asked for with progress_notify, comes in
/// order.)
class Runner {
 public:
  Runner(std::shared_ptr<Rpc> rpc, std::string prefix, Revision after, Watcher watcher)
      : rpc_(std::move(rpc)), prefix_(std::move(prefix)), seen_(after), watcher_(std::move(watcher)) {}

  void run(const std::stop_token& stop) {
    const Error error = watch(stop);
    if (!stop.stop_requested()) watcher_.on_end(Error(error).within(fmt::format("watch {}", prefix_)));
  }

  void ask() {
    const std::lock_guard lock(mutex_);
    asked_ = true;
    if (created_) stream_->ask_progress();
  }

  void cancel() {
    const std::lock_guard lock(mutex_);
    if (stream_) stream_->cancel();
  }

 private:
  Error watch(const std::stop_token& stop) {
    Error error = stream_once(stop);
    // A token may expire between two watches; etcd says so when the stream stands already.
    if (is_about_token(error.message) && !stop.stop_requested() && rpc_->forget_token()) error = stream_once(stop);
    return error;
  }

  Error stream_once(const std::stop_token& stop) {
    pb::WatchCreateRequest request;
    set_prefix(request, prefix_);
    if (seen_ != 0) request.set_start_revision(seen_ + 1);
    request.set_progress_notify(true);
    request.set_fragment(true);
    auto stream = rpc_->watch(request, stop);
    if (!stream) return stream.error();
    {
      const std::lock_guard lock(mutex_);
      created_ = false;
      stream_ = *std::move(stream);
      if (stop.stop_requested()) stream_->cancel();
    }
    std::vector<Event> events;
    for (pb::WatchResponse response; stream_->read(response);) {
      if (stop.stop_requested()) {
        stream_->cancel();
        break;
      }
      if (auto error = take(response, events)) {
        stream_->cancel();
        stream_->finish();
        return *std::move(error);
      }
    }
    return stream_->finish();
  }

  /// @return  why the watch is over, if it is
  std::optional<Error> take(pb::WatchResponse& response, std::vector<Event>& events) {
    const Revision revision = response.header().revision();
    if (response.canceled()) return end_of(response);
    if (response.created()) {
      if (seen_ > revision) {
        return Error{Code::compacted, fmt::format("revision {} is not reached, the store is at {}", seen_, revision)};
      }
      if (seen_ == 0) seen_ = revision;
      const std::lock_guard lock(mutex_);
      created_ = true;
      if (asked_) stream_->ask_progress();
      return {};
    }
    for (auto& event : *response.mutable_events()) {
      auto& kv = *event.mutable_kv();
      Event& out = events.emplace_back(Event{.key = std::move(*kv.mutable_key()), .revision = kv.mod_revision()});
      if (event.type() == pb::Event::PUT) out.value = std::move(*kv.mutable_value());
    }
    if (response.fragment()) return {};
    if (!events.empty()) {
      seen_ = events.back().revision;
      watcher_.on_events(events, seen_);
      events.clear();
    } else if (response.watch_id() >= 0) {
      report(revision);
    } else {
      target_ = std::max(target_, revision);
    }
    return check_progress();
  }

  static Error end_of(const pb::WatchResponse& response) {
    if (response.compact_revision() != 0) {
      return {Code::compacted, fmt::format("the store's history begins at revision {}", response.compact_revision())};
    }
    const std::string& why = response.cancel_reason();
    if (why.find("permission denied") != why.npos) return {Code::denied, why};
    return {Code::unavailable, why.empty() ? "etcd ended the watch" : why};
  }

  void report(Revision revision) {
    if (revision < seen_) return;
    seen_ = revision;
    watcher_.on_events({}, seen_);
  }

  std::optional<Error> check_progress() {
    if (target_ == 0) return {};
    if (seen_ >= target_) {
      report(seen_);
      settle();
      return {};
    }
    pb::RangeRequest newer, then;
    pb::RangeResponse newer_found, then_found;
    set_prefix(newer, prefix_);
    newer.set_revision(target_);
    newer.set_min_mod_revision(seen_ + 1);
    newer.set_keys_only(true);
    newer.set_limit(1);
    if (auto done = rpc_->call(newer, newer_found); !done) return done.error();
    if (newer_found.kvs_size() > 0) return {};
    set_prefix(then, prefix_);
    then.set_revision(seen_);
    then.set_count_only(true);
    if (auto done = rpc_->call(then, then_found); !done) return done.error();
    if (newer_found.count() != then_found.count()) return {};
    report(target_);
    settle();
    return {};
  }
  void settle() {
    target_ = 0;
    const std::lock_guard lock(mutex_);
    asked_ = false;
  }

  const std::shared_ptr<Rpc> rpc_;
  const std::string prefix_;
  Revision seen_;        // everything up to it was reported
  Revision target_ = 0;  // up to where somebody wants to know
  const Watcher watcher_;

  std::mutex mutex_;
  std::unique_ptr<Stream> stream_;  // only this thread sets it
  bool created_ = false;
  bool asked_ = false;
};

class EtcdWatch final : public Watch {
 public:
  explicit EtcdWatch(std::shared_ptr<Runner> runner)
      : runner_(std::move(runner)), thread_([runner = runner_](const std::stop_token& stop) { runner->run(stop); }) {}

  ~EtcdWatch() override {
    thread_.request_stop();
    runner_->cancel();
    if (std::this_thread::get_id() == thread_.get_id())
      thread_.detach();
    else
      thread_.join();
  }

  void request_progress() override { runner_->ask(); }

 private:
  std::shared_ptr<Runner> runner_;
  std::jthread thread_;
};

}  // namespace

std::unique_ptr<Watch> start_watch(std::shared_ptr<Rpc> rpc, std::string prefix, Revision after, Watcher watcher) {
  return std::make_unique<EtcdWatch>(
      std::make_shared<Runner>(std::move(rpc), std::move(prefix), after, std::move(watcher)));
}

}  // namespace weft::store::etcd
