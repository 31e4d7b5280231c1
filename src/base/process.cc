#include "base/process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "base/strings.h"

namespace weft {
namespace {

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> env;
  if (command.env)
    env = *command.env;
  else
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) env.emplace_back(*entry);
  for (const auto& more : command.env_more) {
    const std::string name = more.substr(0, more.find('=') + 1);
    std::erase_if(env, [&](const std::string& entry) { return entry.starts_with(name); });
    env.push_back(more);
  }
  return env;
}

std::string_view path_variable(const std::vector<std::string>& env) {
  for (const auto& entry : env)
    if (entry.starts_with("PATH=")) return std::string_view(entry).substr(5);
  return "/usr/sbin:/usr/bin:/sbin:/bin";
}

// Looked up before the fork: afterwards only async-signal-safe calls are allowed.
Result<std::string> find_program(const std::string& name, const std::vector<std::string>& env) {
  if (name.find('/') != std::string::npos) return name;
  for (const auto& folder : split(path_variable(env), ':')) {
    const std::string path = (folder.empty() ? "." : folder) + "/" + name;
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return fail(Code::not_found, fmt::format("{}: no such program in PATH", name));
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (auto& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

void close_all_but(const std::vector<int>& kept) {  // kept: sorted, all > 2
  unsigned from = 3;
  for (const int fd : kept) {
    const auto number = static_cast<unsigned>(fd);
    if (number > from) ::syscall(SYS_close_range, from, number - 1, 0);
    from = number + 1;
  }
  ::syscall(SYS_close_range, from, ~0U, 0);
}

// In the child, between vfork and exec: in the parent's memory, so it only calls the kernel. (glibc's setuid and its
// like would tell the parent's threads.)
[[noreturn]] void become(const Command& command, const char* program, char* const* argv, char* const* env, int report,
                         const std::vector<int>& kept, pid_t parent) {
  const auto give_up = [&] {
    const int number = errno;
    [[maybe_unused]] const auto n = ::write(report, &number, sizeof number);
    ::_exit(127);
  };
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  // Above the standard numbers first, so that one stream's target is not another's source.
  std::array<int, 3> streams{command.in, command.out, command.err};
  for (int& fd : streams)
    if (fd >= 0 && (fd = ::fcntl(fd, F_DUPFD, 10)) < 0) give_up();
  if (streams[0] < 0 && (streams[0] = ::open("/dev/null", O_RDONLY)) < 0) give_up();
  for (int number = 0; number < 3; ++number)
    if (streams[static_cast<std::size_t>(number)] >= 0 && ::dup2(streams[static_cast<std::size_t>(number)], number) < 0)
      give_up();

  if (command.own_session && ::setsid() < 0) give_up();
  if (command.own_group && !command.own_session && ::setpgid(0, 0) != 0) give_up();
  if (!command.directory.empty() && ::chdir(command.directory.c_str()) != 0) give_up();
  if (command.gid && (::syscall(SYS_setgroups, 0, nullptr) != 0 || ::syscall(SYS_setgid, *command.gid) != 0)) give_up();
  if (command.uid && ::syscall(SYS_setuid, *command.uid) != 0) give_up();
  if (command.ends_with_parent) {  // after setuid, which clears it
    if (::prctl(PR_SET_PDEATHSIG, command.end_signal) != 0) give_up();
    if (::getppid() != parent) ::_exit(127);
  }
  for (const int fd : command.keep) ::fcntl(fd, F_SETFD, 0);
  close_all_but(kept);
  ::execve(program, argv, env);
  give_up();
  ::_exit(127);
}

}  // namespace

Result<Process> start(const Command& command) {
  CHECK(!command.argv.empty());
  std::vector<std::string> env_texts = environment_of(command);
  const std::string program = TRY(find_program(command.argv[0], env_texts));
  std::vector<std::string> argv_texts = command.argv;
  const auto argv = pointers(argv_texts);
  const auto env = pointers(env_texts);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, command.argv[0]);
  const Fd report(ends[0]);
  // Moved up, so that no standard stream's number can hit it.
  Fd reporter(::fcntl(ends[1], F_DUPFD_CLOEXEC, 10));
  ::close(ends[1]);
  std::vector<int> kept = command.keep;
  kept.push_back(reporter.get());
  std::erase_if(kept, [](int fd) { return fd < 3; });
  std::sort(kept.begin(), kept.end());

  const pid_t parent = ::getpid();
  // What a fork would copy of a large process takes longer than all the rest; posix_spawn knows no signal at the
  // parent's end.
  const pid_t pid = ::vfork();  // NOLINT(bugprone-unsafe-functions)
  if (pid < 0) return fail_errno(errno, command.argv[0]);
  if (pid == 0) become(command, program.c_str(), argv.data(), env.data(), reporter.get(), kept, parent);

  reporter.reset();
  int number = 0;
  ssize_t n = 0;
  while ((n = ::read(report.get(), &number, sizeof number)) < 0 && errno == EINTR) {
  }
  if (n != 0) {
    ::waitpid(pid, nullptr, 0);
    return fail_errno(n == sizeof number ? number : EIO, program);
  }
  Process process{.pid = pid, .pidfd = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)))};
  CHECK(process.pidfd);  // it is our child and not reaped: only a lack of descriptors can be in the way
  return process;
}

int Finished::exit_code() const { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

std::string describe_status(int status) {
  if (WIFEXITED(status)) return fmt::format("exit status {}", WEXITSTATUS(status));
  const char* name = ::sigabbrev_np(WTERMSIG(status));
  return name != nullptr ? fmt::format("killed by SIG{}", name) : fmt::format("killed by signal {}", WTERMSIG(status));
}

namespace {

struct Stream {
  Fd fd;
  std::string* text;
};

bool read_some(Stream& stream) {
  char buffer[65536];
  const ssize_t n = ::read(stream.fd.get(), buffer, sizeof buffer);
  if (n > 0) stream.text->append(buffer, static_cast<std::size_t>(n));
  return n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN));
}

Result<Fd> pipe_to(Fd& near_end, bool child_reads) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  near_end.reset(ends[child_reads ? 1 : 0]);
  ::fcntl(near_end.get(), F_SETFL, O_NONBLOCK);
  return Fd(ends[child_reads ? 0 : 1]);
}

// Feeds and drains until the process has ended. What its own children still hold open is not waited for.
bool exchange(const Process& process, Fd in, std::string_view input, std::array<Stream, 2>& streams,
              std::chrono::steady_clock::time_point deadline) {
  bool ended = false;
  while (true) {
    std::array<pollfd, 4> fds{pollfd{in.get(), POLLOUT, 0}, pollfd{streams[0].fd.get(), POLLIN, 0},
                              pollfd{streams[1].fd.get(), POLLIN, 0}, pollfd{process.pidfd.get(), POLLIN, 0}};
    if (input.empty()) in.reset(), fds[0].fd = -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0 && !ended) return false;
    const int ready = ::poll(fds.data(), ended ? 3 : 4, ended ? 0 : static_cast<int>(left));
    if (ready < 0 && errno != EINTR) return false;
    if (ended && ready <= 0) return true;
    if (fds[0].revents != 0) {
      const ssize_t n = ::write(in.get(), input.data(), input.size());
      if (n >= 0)
        input.remove_prefix(static_cast<std::size_t>(n));
      else if (errno != EAGAIN && errno != EINTR)
        input = {};  // it does not read: its affair
    }
    for (std::size_t i = 0; i < 2; ++i)
      if (fds[i + 1].revents != 0 && !read_some(streams[i])) streams[i].fd.reset();
    if (!ended && fds[3].revents != 0) ended = true;
  }
}

}  // namespace

Result<Finished> run(const Command& command, const RunOptions& options) {
  Command piped = command;
  Fd in;
  std::array<Stream, 2> streams;
  Finished finished;
  streams[0].text = &finished.out;
  streams[1].text = &finished.err;
  {
    Fd child_in, child_out, child_err;
    if (!options.input.empty()) child_in = TRY(pipe_to(in, true));
    child_out = TRY(pipe_to(streams[0].fd, false));
    child_err = TRY(pipe_to(streams[1].fd, false));
    piped.in = child_in.get();
    piped.out = child_out.get();
    piped.err = child_err.get();
    const auto deadline = std::chrono::steady_clock::now() + options.timeout;
    const Process process = TRY(start(piped));
    child_in.reset(), child_out.reset(), child_err.reset();

    // A program that ends without reading its input must not end us.
    sigset_t broken_pipe, before;
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
    const bool in_time = exchange(process, std::move(in), options.input, streams, deadline);
    if (!options.input.empty() && ::sigismember(&before, SIGPIPE) == 0) {
      const timespec at_once{};
      ::sigtimedwait(&broken_pipe, nullptr, &at_once);
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

    if (!in_time) ::kill(piped.own_group || piped.own_session ? -process.pid : process.pid, SIGKILL);
    while (::waitpid(process.pid, &finished.status, 0) < 0 && errno == EINTR) {
    }
    if (!in_time) {
      return fail(Code::timeout,
                  fmt::format("{}: no end after {} ms", join(command.argv, " "), options.timeout.count()));
    }
  }
  return finished;
}

Result<Finished> run(std::vector<std::string> argv, std::chrono::milliseconds timeout) {
  return run(Command{.argv = std::move(argv)}, RunOptions{.timeout = timeout});
}

Result<std::string> run_ok(std::vector<std::string> argv, std::chrono::milliseconds timeout) {
  const std::string line = join(argv, " ");
  Finished finished = TRY(run(std::move(argv), timeout));
  if (finished.ok()) return std::move(finished.out);
  return fail(Code::internal, fmt::format("{}: {}: {}", line, describe_status(finished.status), trim(finished.err)));
}

}  // namespace weft
