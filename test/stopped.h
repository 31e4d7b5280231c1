#pragma once

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <stdexcept>

#include <fcntl.h>

namespace weft::test {

/// Whether a system call changes something outside the process or asks somebody to: messages (to the kernel too), files
/// made, written, renamed, removed. What is said on standard error is not counted.
inline bool is_deed(const __ptrace_syscall_info& info) {
  const auto* args = info.entry.args;
  switch (info.entry.nr) {
    case SYS_write:
    case SYS_pwrite64:
    case SYS_writev: return args[0] != STDERR_FILENO;
    case SYS_openat: return (args[2] & O_CREAT) != 0;
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_renameat:
    case SYS_renameat2:
    case SYS_unlinkat:
    case SYS_mkdirat:
    case SYS_ftruncate: return true;
#ifdef SYS_rename
    case SYS_rename:
    case SYS_unlink:
    case SYS_mkdir: return true;
#endif
    default: return false;
  }
}

/// Runs `work` in a child process, which is killed (SIGKILL) right before its n-th deed, whichever of its threads is
/// about to do it: as a crash, or whoever runs out of memory, would end it. n = 0: it is not killed.
/// @return what `work` returned; nullopt: killed
inline std::optional<int> stopped_before(int n, const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    const int status = work();
    std::fflush(nullptr);
    ::_exit(status);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, __WALL) != child || !WIFSTOPPED(status)) throw std::runtime_error("fork");
  constexpr long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
  if (::ptrace(PTRACE_SETOPTIONS, child, nullptr, options) != 0) throw std::runtime_error("ptrace");
  ::ptrace(PTRACE_SYSCALL, child, nullptr, 0);
  for (int deeds = 0;;) {
    const pid_t who = ::waitpid(-1, &status, __WALL);
    if (who < 0) throw std::runtime_error("waitpid");
    if (who == child && WIFSIGNALED(status)) {
      if (WTERMSIG(status) != SIGKILL) throw std::runtime_error("the child ended by another signal");
      return std::nullopt;
    }
    if (who == child && WIFEXITED(status)) return WEXITSTATUS(status);
    if (!WIFSTOPPED(status)) continue;  // a thread ended
    long deliver = 0;
    const int signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) {
      __ptrace_syscall_info info{};
      ::ptrace(PTRACE_GET_SYSCALL_INFO, who, sizeof info, &info);
      if (info.op == PTRACE_SYSCALL_INFO_ENTRY && is_deed(info) && ++deeds == n) ::kill(child, SIGKILL);
    } else if (signal != SIGTRAP && signal != SIGSTOP) {
      deliver = signal;
    }
    ::ptrace(PTRACE_SYSCALL, who, nullptr, deliver);
  }
}

}  // namespace weft::test
