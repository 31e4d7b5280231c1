#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "base/process.h"
#include "loop/loop.h"

namespace weft::loop {

/// A child process on a loop. Owned by one object on the loop's thread. Destroying it kills the process with SIGKILL
/// and reaps it; what its own children do is their affair unless it has its own group (then they are killed too).
class Child {
 public:
  struct Callbacks {
    /// A line it wrote, without the newline; a line longer than 64 KiB comes in pieces. Empty: its stream is ours.
    std::function<void(std::string_view line)> out;
    std::function<void(std::string_view line)> err;
    /// It has ended, with its wait status; all its lines came before. May destroy the Child.
    std::function<void(int status)> ended;
  };

  /// @param command  its `out` and `err` are used only where the callback is empty
  static Result<std::unique_ptr<Child>> start(Loop& loop, Command command, Callbacks callbacks);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// 0 once it has ended.
  int pid() const;
  /// Sends a signal; nothing when it has ended.
  void signal(int number);
  /// Asks it to end with `first`, and kills it when it has not after `grace`. `ended` says when it is over.
  void stop(std::chrono::milliseconds grace, int first);
  void stop(std::chrono::milliseconds grace);  // with SIGTERM

 private:
  struct Inner;
  explicit Child(std::unique_ptr<Inner> inner);
  std::unique_ptr<Inner> inner_;
};

}  // namespace weft::loop
