#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <fmt/core.h>

#include "base/file.h"
#include "base/log.h"
#include "lab/lab.h"
#include "lab/spaces.h"

namespace weft::lab {
namespace {

Result<> mount_on(const char* what, const std::string& where, const char* type, unsigned long flags,
                  const std::string& options = {}) {
  if (::mount(what, where.c_str(), type, flags, options.empty() ? nullptr : options.c_str()) != 0) {
    return fail_errno(errno, fmt::format("mount {} on {}", type ? type : what, where));
  }
  return {};
}

/// The lab's own files lie in a tmpfs that nobody else sees.
Result<> make_lab_space(const std::string& folder) {
  TRY(mount_on("none", "/", nullptr, MS_REC | MS_PRIVATE));
  TRY(mount_on("weft-lab", folder, "tmpfs", 0, "mode=0700"));
  TRY(mount_on("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC));
  return make_directories(folder + "/nodes");
}

/// A node has its own /run and sees the machine's /etc, /var and /opt with its own changes on top.
Result<> make_node_space(const std::string& folder, const std::string& node) {
  TRY(mount_on("none", "/", nullptr, MS_REC | MS_PRIVATE));
  if (::sethostname(node.c_str(), node.size()) != 0) return fail_errno(errno, "host name");
  const std::string own = folder + "/nodes/" + node;
  for (const std::string part : {"etc", "var", "opt"}) {
    if (!file_exists("/" + part)) continue;
    const std::string upper = own + "/" + part, work = own + "/work-" + part;
    TRY(make_directories(upper));
    TRY(make_directories(work));
    TRY(mount_on("weft-lab", "/" + part, "overlay", 0,
                 fmt::format("lowerdir=/{},upperdir={},workdir={}", part, upper, work)));
  }
  TRY(mount_on("weft-lab", "/run", "tmpfs", 0, "mode=0755"));
  if (file_exists("/sys")) {
    // So that /sys/class/net is the node's; without it programs still have netlink.
    if (auto mounted = mount_on("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC); !mounted) {
      log::debug("no sysfs for the node", {{"reason", mounted.error().message}});
    }
  }
  TRY(mount_on("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC));
  for (const char* path : {"/run/lock", "/run/netns", "/run/calico", "/var/lib/calico", "/var/log/calico",
                           "/var/run/calico", "/etc/cni/net.d", "/etc/calico"}) {
    TRY(make_directories(path));
  }
  // What the machine itself may have there is not the node's.
  for (const char* path : {"/var/lib/calico/nodename", "/var/lib/calico/mtu", "/etc/calico/calicoctl.cfg",
                           "/etc/calico/felix.cfg", "/etc/cni/net.d/10-calico.conflist"}) {
    TRY(remove_file(path));
  }
  return {};
}

volatile sig_atomic_t stopping = 0;

pid_t start_node() {
  Spawn what;
  what.argv = {own_program(), "node"};
  for (char** variable = environ; *variable; ++variable) what.environment.emplace_back(*variable);
  what.out = STDOUT_FILENO;
  what.err = STDERR_FILENO;
  what.new_session = true;
  auto pid = spawn(what);
  if (pid) return *pid;
  log::error("cannot start the node", {{"reason", pid.error().message}});
  return -1;
}

/// Reaps whatever ends. On a node, keeps `weft node` running, as systemd does on a machine.
void reap(bool keep_node) {
  ::signal(SIGTERM, [](int) { stopping = 1; });
  pid_t node = keep_node ? start_node() : 0;
  while (true) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended < 0 && errno == EINTR && stopping) {
      if (node <= 0) return;
      ::kill(node, SIGTERM);
      continue;
    }
    if (ended < 0 && errno == ECHILD) {
      if (stopping) return;
      if (!keep_node) {
        ::pause();
        continue;
      }
    }
    if (keep_node && (ended == node || node <= 0)) {
      if (stopping) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      node = start_node();
    }
  }
}

}  // namespace

int init_main(const std::string& lab, const std::string& folder, const std::string& node, int ready_fd, int go_fd) {
  Fd ready(ready_fd), go(go_fd);
  ::fcntl(ready_fd, F_SETFD, FD_CLOEXEC);
  if (go_fd >= 0) ::fcntl(go_fd, F_SETFD, FD_CLOEXEC);
  log::set_part(node.empty() ? "lab " + lab : "lab " + lab + "/" + node);
  const auto made = node.empty() ? make_lab_space(folder) : make_node_space(folder, node);
  const std::string said = made ? std::string("ok") : made.error().message;
  [[maybe_unused]] const auto n = ::write(ready.get(), said.data(), said.size());
  ready.reset();
  if (!made) return 1;
  // A pid namespace's init gets only the signals it asked for; SIGCHLD ends pause().
  ::signal(SIGCHLD, [](int) {});
  if (go) {
    char c = 0;
    while (::read(go.get(), &c, 1) < 0 && errno == EINTR) {
    }
    if (c != 'g') return 1;  // whoever started us gave up
    go.reset();
  }
  reap(!node.empty());
  return 0;
}

}  // namespace weft::lab
