#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <thread>

#include "base/fd.h"

/// What tests that need network namespaces share. Nothing here touches the machine's own network.
namespace weft::test {

/// Runs a shell command in the network namespace of the calling thread.
struct Command {
  int status = 0;      // exit status
  std::string output;  // standard output and error
};
inline Command shell(const std::string& command) {
  FILE* pipe = popen(("{ " + command + "\n} 2>&1").c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("popen");
  Command out;
  char buffer[4096];
  for (std::size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.output.append(buffer, n);
  const int status = pclose(pipe);
  out.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return out;
}

/// A fresh network namespace with lo up; gone at the end of the scope, with everything in it.
class Netns {
 public:
  Netns() {
    in_thread([&] {
      if (unshare(CLONE_NEWNET) != 0) throw std::runtime_error("unshare: network tests need root");
      fd_.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
      shell("ip link set lo up");
    });
  }

  int fd() const { return fd_.get(); }
  /// A path that other processes can open it by, for as long as this lives.
  std::string path() const { return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd()); }

  /// Runs `work` inside, on a thread of its own.
  template <class Work>
  void in(Work&& work) const {
    in_thread([&] {
      enter();
      work();
    });
  }
  /// Runs a shell command inside.
  Command shell_in(const std::string& command) const {
    Command out;
    in([&] { out = shell(command); });
    return out;
  }
  /// Runs a shell command inside that has to succeed; its output.
  std::string run(const std::string& command) const {
    Command out = shell_in(command);
    EXPECT_EQ(out.status, 0) << command << ": " << out.output;
    return out.output;
  }
  /// Moves the calling thread inside.
  void enter() const {
    if (setns(fd(), CLONE_NEWNET) != 0) throw std::runtime_error("setns");
  }

 private:
  template <class Work>
  static void in_thread(Work&& work) {
    std::exception_ptr failed;
    std::thread([&] {
      try {
        work();
      } catch (...) {
        failed = std::current_exception();
      }
    }).join();
    if (failed) std::rethrow_exception(failed);
  }

  Fd fd_;
};

/// The calling thread lives in a fresh namespace until the end of the scope.
class InNetns : public Netns {
 public:
  InNetns() : before_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) { enter(); }
  ~InNetns() { setns(before_.get(), CLONE_NEWNET); }

 private:
  Fd before_;
};

/// Waits until the condition holds; false when it does not within the limit.
template <class Condition>
bool eventually(Condition&& condition, std::chrono::milliseconds limit = std::chrono::seconds(5)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace weft::test
