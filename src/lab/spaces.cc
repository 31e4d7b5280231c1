#include "lab/spaces.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <future>
#include <memory>
#include <thread>

#include <fmt/core.h>

#include "base/file.h"
#include "base/strings.h"

namespace weft::lab {
namespace {

constexpr int all_spaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS;

/// The mount namespace of a process. setns(2) wants a thread that shares its root with no other; a sanitizer has
/// threads.
int enter_mounts(int process) { return ::unshare(CLONE_FS) != 0 ? -1 : ::setns(process, CLONE_NEWNS); }

Result<Fd> open_process(pid_t pid) {
  Fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) return fail_errno(errno, fmt::format("process {}", pid));
  return fd;
}

/// What a child reports when it cannot become the program.
struct Failure {
  int number;
  int step;
};
constexpr std::array<const char*, 6> steps = {"",
                                              "enter the mount namespace",
                                              "enter the network namespace",
                                              "make a network namespace",
                                              "standard streams",
                                              "run the program"};

/// In the child, after fork: system calls only.
[[noreturn]] void give_up(int report, int step) {
  const Failure failure{errno, step};
  [[maybe_unused]] const auto n = ::write(report, &failure, sizeof failure);
  ::_exit(127);
}

struct Prepared {
  std::vector<char*> argv, environment;
  int process = -1;
};

[[noreturn]] void child(const Spawn& what, const Prepared& ready, int report) {
  if (what.die_with_us) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (ready.process >= 0 && enter_mounts(ready.process) != 0) give_up(report, 1);
  if (ready.process >= 0 && what.new_space && ::unshare(CLONE_NEWNS) != 0) give_up(report, 1);  // a copy of that one
  if (!what.network.empty()) {
    const int network = ::open(what.network.c_str(), O_RDONLY | O_CLOEXEC);
    if (network < 0 || ::setns(network, CLONE_NEWNET) != 0) give_up(report, 2);
  }
  if (what.new_network && ::unshare(CLONE_NEWNET) != 0) give_up(report, 3);
  if (::chdir(what.folder.c_str()) != 0 && ::chdir("/") != 0) give_up(report, 4);
  if (what.new_session) ::setsid();

  const int nothing = ::open("/dev/null", O_RDWR);
  const int streams[3] = {what.in, what.out, what.err};
  for (int i = 0; i < 3; ++i) {
    const int from = streams[i] >= 0 ? streams[i] : nothing;
    if (from == i ? ::fcntl(i, F_SETFD, 0) != 0 : ::dup2(from, i) < 0) give_up(report, 4);
  }
  for (const auto& [ours, its] : what.descriptors) {
    if (ours == its ? ::fcntl(its, F_SETFD, 0) != 0 : ::dup2(ours, its) < 0) give_up(report, 4);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD}) ::signal(signal, SIG_DFL);
  ::execvpe(ready.argv[0], ready.argv.data(), ready.environment.data());
  give_up(report, 5);
}

/// Id, as we see it, of the process behind a pidfd.
pid_t process_of(int pidfd) {
  const auto info = read_file(fmt::format("/proc/self/fdinfo/{}", pidfd));
  const auto at = info ? info->find("Pid:") : std::string::npos;
  return at == std::string::npos ? -1 : std::atoi(info->c_str() + at + 4);
}

/// The init of a new process namespace below another one than ours: only a process that lives in that one can make it,
/// so a helper does, and hands us the child by a descriptor in the table that we share for that moment.
pid_t clone_below(const Spawn& what, const Prepared& ready, int report) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return -1;
  const Fd answer(ends[0]);
  Fd say(ends[1]);
  const pid_t helper =
      static_cast<pid_t>(::syscall(SYS_clone, CLONE_FILES | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (helper == 0) {
    int said[2] = {-1, 0};
    clone_args arguments{};
    arguments.flags = all_spaces | CLONE_PARENT | CLONE_PIDFD;
    arguments.pidfd = reinterpret_cast<std::uintptr_t>(&said[0]);
    const auto made = ::syscall(SYS_clone3, &arguments, sizeof arguments);
    if (made == 0) child(what, ready, report);
    if (made < 0) said[1] = errno;
    ::_exit(::write(say.get(), said, sizeof said) == sizeof said ? 0 : 1);
  }
  if (helper < 0) return -1;
  int status = 0, said[2] = {-1, EINTR};
  while (::waitpid(helper, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0 || ::read(answer.get(), said, sizeof said) != sizeof said) said[1] = EIO;
  const Fd process(said[0]);
  errno = said[1];
  return process ? process_of(process.get()) : -1;
}

pid_t fork_into(const Spawn& what, const Prepared& ready, int report) {
  // Process and network namespaces are those of the thread; the mount namespace must be entered by the child, which has
  // one thread only.
  if (ready.process >= 0 && ::setns(ready.process, CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS) != 0) return -1;
  if (what.new_space && ready.process >= 0) return clone_below(what, ready, report);
  const pid_t pid =
      what.new_space
          ? static_cast<pid_t>(::syscall(SYS_clone, all_spaces | SIGCHLD, nullptr, nullptr, nullptr, nullptr))
          : ::fork();
  if (pid == 0) child(what, ready, report);
  return pid;
}

}  // namespace

Result<pid_t> spawn(const Spawn& what) {
  CHECK(!what.argv.empty());
  Prepared ready;
  Fd process;
  if (what.inside > 0) {
    process = TRY(open_process(what.inside));
    ready.process = process.get();
  }
  for (const auto& word : what.argv) ready.argv.push_back(const_cast<char*>(word.c_str()));
  ready.argv.push_back(nullptr);
  for (const auto& variable : what.environment) ready.environment.push_back(const_cast<char*>(variable.c_str()));
  ready.environment.push_back(nullptr);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  const Fd listen(ends[0]);
  Fd report(ends[1]);
  // The child's descriptors must not collide with the report.
  report.reset(::fcntl(report.get(), F_DUPFD_CLOEXEC, 200));

  pid_t pid = -1;
  int why = 0;
  const auto fork_it = [&] {
    pid = fork_into(what, ready, report.get());
    why = errno;
  };
  // A thread of its own when it changes namespaces: they go with it.
  if (ready.process >= 0 && what.die_with_us) {
    // PR_SET_PDEATHSIG is about the thread that forked: that one stays until we end.
    const auto forked = std::make_shared<std::promise<void>>();
    std::thread([&fork_it, forked] {
      fork_it();
      forked->set_value();
      while (true) ::pause();
    }).detach();
    forked->get_future().wait();
  } else if (ready.process >= 0) {
    std::thread(fork_it).join();
  } else {
    fork_it();
  }
  report.reset();
  if (pid < 0) return fail_errno(why, what.argv[0]);

  Failure failure{};
  ssize_t n = 0;
  while ((n = ::read(listen.get(), &failure, sizeof failure)) < 0 && errno == EINTR) {
  }
  if (n == sizeof failure) {
    ::waitpid(pid, nullptr, 0);
    return fail_errno(failure.number, failure.step == 5 ? what.argv[0]
                                                        : fmt::format("{}: {}", what.argv[0],
                                                                      steps[static_cast<std::size_t>(failure.step)]));
  }
  return pid;
}

bool Finished::good() const { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }
std::string Finished::how() const {
  return WIFSIGNALED(status) ? fmt::format("killed by signal {}", WTERMSIG(status))
                             : fmt::format("exit status {}", WEXITSTATUS(status));
}

Result<Finished> run(Spawn what, std::string_view input) {
  int in[2], out[2], err[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0)
    return fail_errno(errno, "pipe");
  Fd in_read(in[0]), in_write(in[1]), out_read(out[0]), out_write(out[1]), err_read(err[0]), err_write(err[1]);
  what.in = in_read.get();
  what.out = out_write.get();
  what.err = err_write.get();
  const pid_t pid = TRY(spawn(what));
  in_read.reset();
  out_write.reset();
  err_write.reset();

  ::signal(SIGPIPE, SIG_IGN);
  Finished finished;
  while (in_write || out_read || err_read) {
    if (in_write && input.empty()) {
      in_write.reset();
      continue;
    }
    pollfd fds[3] = {{in_write.get(), POLLOUT, 0}, {out_read.get(), POLLIN, 0}, {err_read.get(), POLLIN, 0}};
    if (::poll(fds, 3, -1) < 0 && errno != EINTR) break;
    if (fds[0].revents) {
      const ssize_t n = ::write(in_write.get(), input.data(), input.size());
      if (n > 0)
        input.remove_prefix(static_cast<std::size_t>(n));
      else
        in_write.reset();
    }
    const auto take = [](Fd& fd, short events, std::string& text) {
      if (!events) return;
      char buffer[16384];
      const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
      if (n > 0)
        text.append(buffer, static_cast<std::size_t>(n));
      else if (n == 0 || errno != EINTR)
        fd.reset();
    };
    take(out_read, fds[1].revents, finished.out);
    take(err_read, fds[2].revents, finished.err);
  }
  while (::waitpid(pid, &finished.status, 0) < 0 && errno == EINTR) {
  }
  return finished;
}

namespace {
volatile pid_t followed = 0;
void pass_on(int signal) {
  if (followed > 0) ::kill(followed, signal);
}
}  // namespace

int become(pid_t pid) {
  followed = pid;
  // From the terminal the child has its own copy; from elsewhere it gets ours.
  for (const int signal : {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH}) ::signal(signal, pass_on);
  if (::isatty(STDIN_FILENO)) {
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGQUIT, SIG_IGN);
  } else {
    ::signal(SIGINT, pass_on);
    ::signal(SIGQUIT, pass_on);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    ::signal(WTERMSIG(status), SIG_DFL);
    ::raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
  }
  return WEXITSTATUS(status);
}

Result<> add_network(pid_t inside, const std::string& name) {
  const Fd process = TRY(open_process(inside));
  const std::string path = "/run/netns/" + name;
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "fork");
  if (pid == 0) {
    if (enter_mounts(process.get()) != 0 || ::unshare(CLONE_NEWNET) != 0) ::_exit(errno);
    ::mkdir("/run/netns", 0755);
    const int file = ::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    if (file < 0) ::_exit(errno);
    // /proc belongs to the node's process namespace, where this child is not: the thread's own entry of the host's is
    // out of reach, so the namespace goes in by descriptor.
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int space = socket < 0 ? -1 : ::ioctl(socket, SIOCGSKNS);
    ifreq up{};
    std::strcpy(up.ifr_name, "lo");
    up.ifr_flags = IFF_UP;
    if (space < 0 || ::ioctl(socket, SIOCSIFFLAGS, &up) != 0) ::_exit(errno);
    const int tree = static_cast<int>(::syscall(SYS_open_tree, space, "", AT_EMPTY_PATH | 1 /* OPEN_TREE_CLONE */));
    if (tree < 0 || ::syscall(SYS_move_mount, tree, "", AT_FDCWD, path.c_str(), 4 /* MOVE_MOUNT_F_EMPTY_PATH */) != 0) {
      const int why = errno;
      ::unlink(path.c_str());
      ::_exit(why);
    }
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail_errno(WIFEXITED(status) ? WEXITSTATUS(status) : EINTR, path);
  return {};
}

Result<> remove_network(pid_t inside, const std::string& name) {
  const Fd process = TRY(open_process(inside));
  const std::string path = "/run/netns/" + name;
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "fork");
  if (pid == 0) {
    if (enter_mounts(process.get()) != 0) ::_exit(errno);
    ::umount2(path.c_str(), MNT_DETACH);
    ::_exit(::unlink(path.c_str()) != 0 && errno != ENOENT ? errno : 0);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail_errno(WIFEXITED(status) ? WEXITSTATUS(status) : EINTR, path);
  return {};
}

Result<> in_network(pid_t pid, const std::string& path, const std::function<Result<>()>& task) {
  const std::string file =
      path.empty() ? fmt::format("/proc/{}/ns/net", pid) : fmt::format("/proc/{}/root{}", pid, path);
  const Fd network(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!network) return fail_errno(errno, file);
  Result<> outcome;
  std::thread([&] {
    if (::setns(network.get(), CLONE_NEWNET) != 0)
      outcome = fail_errno(errno, file);
    else
      outcome = task();
  }).join();
  return outcome;
}

std::vector<pid_t> processes_in_network(const std::string& path) {
  std::vector<pid_t> found;
  struct stat wanted{};
  if (::stat(path.c_str(), &wanted) != 0) return found;
  DIR* folder = ::opendir("/proc");
  if (!folder) return found;
  while (const dirent* entry = ::readdir(folder)) {
    const pid_t pid = std::atoi(entry->d_name);
    struct stat its{};
    if (pid > 0 && ::stat(fmt::format("/proc/{}/ns/net", pid).c_str(), &its) == 0 && its.st_ino == wanted.st_ino &&
        its.st_dev == wanted.st_dev) {
      found.push_back(pid);
    }
  }
  ::closedir(folder);
  return found;
}

std::optional<std::string> start_time(pid_t pid) {
  const auto stat = read_file(fmt::format("/proc/{}/stat", pid));
  if (!stat) return std::nullopt;
  // The second field is in parentheses and may hold anything; the start time is field 22, state is field 3.
  const auto close = stat->rfind(')');
  if (close == std::string::npos || close + 2 >= stat->size()) return std::nullopt;
  const auto fields = split(std::string_view(*stat).substr(close + 2), ' ');
  if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X") return std::nullopt;
  return fields[19];
}

}  // namespace weft::lab
