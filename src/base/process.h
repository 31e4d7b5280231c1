#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace weft {

/// A program to start.
struct Command {
  std::vector<std::string> argv;  // argv[0] is looked up in PATH when it has no slash

  std::optional<std::vector<std::string>> env;  // "NAME=value"; nullopt: this process' own
  std::vector<std::string> env_more;            // added to it, replacing the same names
  std::string directory;                        // empty: as ours
  std::optional<uid_t> uid;                     // with this user, and group below, and no other groups
  std::optional<gid_t> gid;
  bool own_group = false;           // a process group of its own, so that a terminal's ^C does not reach it
  bool own_session = false;         // setsid(2): own group and no terminal
  bool ends_with_parent = false;    // gets a signal when the *thread* that started it ends (prctl(2), PR_SET_PDEATHSIG)
  int end_signal = 15;              // that signal; SIGTERM unless another is given
  int in = -1, out = -1, err = -1;  // its standard streams; -1: /dev/null for in, ours for out and err
  std::vector<int> keep;            // further descriptors that stay open under the same number
};

/// A started process. Not reaped here: waitpid(2) it, or give it to loop::Loop::on_exit.
struct Process {
  pid_t pid = 0;
  Fd pidfd;
};

/// Starts it. Signal mask and handlers are the default ones, all descriptors but the standard ones are closed.
/// @return  the error of the program's execve(2) too: Code::not_found when there is no such program
Result<Process> start(const Command& command);

/// How a process ended.
struct Finished {
  int status = 0;  // as waitpid(2) gives it
  std::string out;
  std::string err;

  bool ok() const { return status == 0; }
  /// The exit code; 128 + signal when a signal ended it, as shells say it.
  int exit_code() const;
};

/// "exit status 3", "killed by SIGKILL"
std::string describe_status(int status);

struct RunOptions {
  std::chrono::milliseconds timeout{30'000};
  std::string input;  // what it reads on its standard input
};

/// Runs it to its end and collects what it writes. A program that fails is not an error here: look at `status`.
/// @return  Code::timeout after `timeout`; the program has been killed then. `command`'s own streams are not looked at.
/// @thread  any; blocks
Result<Finished> run(const Command& command, const RunOptions& options = {});
Result<Finished> run(std::vector<std::string> argv,
                     std::chrono::milliseconds timeout = std::chrono::milliseconds(30'000));

/// run(), and a program that fails is an error that has its command line and what it wrote to standard error.
/// @return  what it wrote to standard output
Result<std::string> run_ok(std::vector<std::string> argv,
                           std::chrono::milliseconds timeout = std::chrono::milliseconds(30'000));

}  // namespace weft
