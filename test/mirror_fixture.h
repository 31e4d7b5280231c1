#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "store/mirror.h"

namespace weft::store {

/// What a mirror's user has: the rows as told. Can hold the mirror's thread in its callback, as a slow user would.
class Followed {
 public:
  using Rows = std::map<std::string, std::string>;

  ~Followed() {
    release();
    mirror.reset();
  }

  void start(Store& store, std::string prefix, std::function<bool(std::string_view)> wanted = {}) {
    mirror =
        std::make_unique<Mirror>(store, MirrorOptions{.prefix = std::move(prefix), .wanted = std::move(wanted)},
                                 [this](std::span<const Event> events, Revision, bool sync) { take(events, sync); });
  }

  Rows rows() const {
    const std::lock_guard lock(mutex_);
    return rows_;
  }
  std::size_t events_seen() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  bool becomes(const Rows& rows) const {
    return eventually([&](const auto&) { return in_sync && this->rows() == rows; });
  }
  bool is_connected() const {
    return eventually([](const Followed& f) { return f.mirror->state().connected; });
  }
  template <class Condition>
  bool eventually(Condition condition) const {
    for (int i = 0; i < 2'000; ++i) {
      if (condition(*this)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

  void hold() {
    const std::lock_guard lock(mutex_);
    hold_ = true;
  }
  bool is_held() const {
    return eventually([this](const auto&) {
      const std::lock_guard lock(mutex_);
      return held_;
    });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    hold_ = false;
    released_.notify_all();
  }

  std::unique_ptr<Mirror> mirror;
  std::atomic<bool> in_sync = false;

 private:
  void take(std::span<const Event> events, bool sync) {
    std::unique_lock lock(mutex_);
    held_ = hold_;
    released_.wait(lock, [&] { return !hold_; });
    held_ = false;
    for (const auto& event : events) {
      if (event.value)
        rows_[event.key] = *event.value;
      else
        rows_.erase(event.key);
    }
    events_ += events.size();
    in_sync = sync;
  }

  mutable std::mutex mutex_;
  std::condition_variable released_;
  Rows rows_;
  std::size_t events_ = 0;
  bool hold_ = false;
  bool held_ = false;
};

}  // namespace weft::store
