#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/program.h"
#include "base/result.h"

/// Processes and the namespaces they live in. A lab, and each node in it, is a process id namespace with an init of
/// ours: killing that one process ends everything inside, so nothing can be left behind.
namespace weft::lab {

/// A process to start. Standard streams are those given; -1: /dev/null.
struct Spawn {
  std::vector<std::string> argv;         // argv[0] is looked up in PATH inside the namespaces
  std::vector<std::string> environment;  // NAME=value, all of it
  pid_t inside = 0;                      // in the namespaces of this process; 0: in ours
  std::string network;                   // path of a network namespace, seen from inside; empty: that of `inside`
  bool new_network = false;              // in a fresh network namespace
  bool new_space = false;    // in fresh process, mount, network and host-name namespaces: argv is their init
  bool new_session = false;  // detached from our terminal
  int in = -1, out = -1, err = -1;
  std::vector<std::pair<int, int>> descriptors;  // ours -> its, besides the three
  std::string folder = "/";                      // working directory; a missing one becomes /
  bool die_with_us = false;
};

/// Starts it; the error is that of the step that failed, exec included.
/// @return its process id in our namespace; the caller waits for it
Result<pid_t> spawn(const Spawn& what);

/// The same, waited for, with its output.
struct Finished {
  int status = 0;  // as waitpid(2) gives it
  std::string out;
  std::string err;
  bool good() const;
  std::string how() const;  // "exit status 3", "killed by signal 9"
};
Result<Finished> run(Spawn what, std::string_view input = {});

/// Waits and passes our signals on until it ends; then ends the same way: returns its exit status, or dies of its
/// signal.
int become(pid_t pid);

/// Makes a named network namespace /run/netns/<name> in the mount namespace of `inside`, loopback up.
Result<> add_network(pid_t inside, const std::string& name);
Result<> remove_network(pid_t inside, const std::string& name);

/// Runs `task` on a thread that has entered the network namespace of a process (or at `path` below its root).
Result<> in_network(pid_t pid, const std::string& path, const std::function<Result<>()>& task);

/// Processes whose network namespace is the file's.
std::vector<pid_t> processes_in_network(const std::string& path);

/// When a process began (clock ticks after boot): with the id it names a process for good. nullopt: it is gone.
std::optional<std::string> start_time(pid_t pid);

}  // namespace weft::lab
