#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace weft::table {

/// Hands a T from one thread to another. A new one merges into one still waiting, so memory is bounded by
/// the number of keys and a slow reader sees the newest state once. T has `merge(T later)`.
template <class T>
class Mailbox {
 public:
  /// `wake`, if given, is called after each send outside the lock (to wake an event loop).
  explicit Mailbox(std::function<void()> wake = {}) : wake_(std::move(wake)) {}

  void send(T later) {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_)
        waiting_->merge(std::move(later));
      else
        waiting_.emplace(std::move(later));
      ++depth_;
    }
    ready_.notify_one();
    if (wake_) wake_();
  }

  /// Waits for something and empties the box. False when `stop` was requested and nothing waits.
  bool take(T& out, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (!ready_.wait(lock, stop, [&] { return waiting_.has_value(); })) return false;
    depth_ = 0;
    out = *std::exchange(waiting_, std::nullopt);
    return true;
  }

  /// What waits now, without waiting for more.
  std::optional<T> poll() {
    const std::lock_guard lock(mutex_);
    depth_ = 0;
    return std::exchange(waiting_, std::nullopt);
  }

  /// How many were sent that nobody has taken; they wait as one.
  std::size_t depth() const {
    const std::lock_guard lock(mutex_);
    return depth_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any ready_;
  std::optional<T> waiting_;
  std::size_t depth_ = 0;
  std::function<void()> wake_;
};

}  // namespace weft::table
