#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"

struct sd_event;

namespace weft::loop {

/// Something the loop calls back for; destroying it ends that. Destroy it on the loop's thread.
class Source {
 public:
  virtual ~Source() = default;
};
using SourcePtr = std::unique_ptr<Source>;

/// An event loop (sd-event). One thread owns it; only post() and stop() may be called from others.
class Loop {
 public:
  Loop();  // CHECKs: fails only without memory or descriptors
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Calls `ready(events)` when any of `events` (EPOLLIN, EPOLLOUT, …) holds; level-triggered.
  [[nodiscard]] SourcePtr on_fd(int fd, std::uint32_t events, std::function<void(std::uint32_t events)> ready);
  /// Calls once after a delay (monotonic clock).
  [[nodiscard]] SourcePtr after(std::chrono::microseconds delay, std::function<void()> due);
  /// Calls again and again.
  [[nodiscard]] SourcePtr every(std::chrono::microseconds interval, std::function<void()> due);
  /// Calls when a signal arrives; blocks the signal for this thread (call it before other threads start).
  [[nodiscard]] SourcePtr on_signal(int signal, std::function<void()> arrived);
  /// Calls once when the process ends, with its wait status (waitpid(2)); uses a pidfd, reaps the child.
  [[nodiscard]] SourcePtr on_exit(int pid, std::function<void(int status)> ended);

  /// Runs `task` on the loop's thread soon. From any thread.
  void post(std::function<void()> task);
  /// Runs until stop().
  void run();
  /// From any thread; run() returns after the callbacks in progress.
  void stop();

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace weft::loop
