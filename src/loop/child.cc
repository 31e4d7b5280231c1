#include "loop/child.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

namespace weft::loop {
namespace {

// One output stream, cut into lines.
class Lines {
 public:
  /// @return the end the child writes to; none when nobody listens
  Result<Fd> open(Loop& loop, std::function<void(std::string_view)> each) {
    if (!each) return Fd();
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
    each_ = std::move(each);
    fd_.reset(ends[0]);
    ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
    source_ = loop.on_fd(fd_.get(), EPOLLIN, [this](std::uint32_t) { read_some(); });
    return Fd(ends[1]);
  }

  /// Reads what is there; an unfinished last line counts as a line.
  void drain() {
    while (fd_ && read_some()) {
    }
    close();
  }

 private:
  static constexpr std::size_t longest = 65536;

  bool read_some() {
    char buffer[16384];
    const ssize_t n = ::read(fd_.get(), buffer, sizeof buffer);
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR) close();
      return errno == EINTR;
    }
    if (n == 0) {
      close();
      return false;
    }
    waiting_.append(buffer, static_cast<std::size_t>(n));
    std::size_t start = 0;
    for (std::size_t at; (at = waiting_.find('\n', start)) != std::string::npos; start = at + 1)
      each_(std::string_view(waiting_).substr(start, at - start));
    waiting_.erase(0, start);
    if (waiting_.size() >= longest) {
      each_(waiting_);
      waiting_.clear();
    }
    return true;
  }

  void close() {
    if (!waiting_.empty()) each_(std::exchange(waiting_, {}));
    source_.reset();
    fd_.reset();
  }

  std::function<void(std::string_view)> each_;
  std::string waiting_;
  Fd fd_;
  SourcePtr source_;
};

}  // namespace

struct Child::Inner {
  Loop& loop;
  Callbacks callbacks;
  bool own_group = false;
  Process process;
  bool running = false;
  Lines out, err;
  SourcePtr end, patience;

  void kill(int number) const {
    if (running) ::kill(own_group ? -process.pid : process.pid, number);
  }

  void on_end(int status) {
    if (own_group) ::kill(-process.pid, SIGKILL);  // what is left of its group
    running = false;
    patience.reset();
    out.drain();
    err.drain();
    const auto ended = std::move(callbacks.ended);
    if (ended) ended(status);
  }
};

Result<std::unique_ptr<Child>> Child::start(Loop& loop, Command command, Callbacks callbacks) {
  auto inner = std::make_unique<Inner>(loop);
  inner->own_group = command.own_group || command.own_session;
  const Fd out = TRY(inner->out.open(loop, callbacks.out));
  const Fd err = TRY(inner->err.open(loop, callbacks.err));
  if (out) command.out = out.get();
  if (err) command.err = err.get();
  inner->callbacks = std::move(callbacks);
  inner->process = TRY(weft::start(command));
  inner->running = true;
  inner->end = loop.on_exit(inner->process.pid, [self = inner.get()](int status) { self->on_end(status); });
  return std::unique_ptr<Child>(new Child(std::move(inner)));
}

Child::Child(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}

Child::~Child() {
  if (!inner_->running) return;
  inner_->end.reset();
  inner_->kill(SIGKILL);
  while (::waitpid(inner_->process.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

int Child::pid() const { return inner_->running ? inner_->process.pid : 0; }

void Child::signal(int number) {
  if (inner_->running) ::kill(inner_->process.pid, number);
}

void Child::stop(std::chrono::milliseconds grace, int first) {
  signal(first);
  inner_->patience = inner_->loop.after(grace, [self = inner_.get()] { self->kill(SIGKILL); });
}

void Child::stop(std::chrono::milliseconds grace) { stop(grace, SIGTERM); }

}  // namespace weft::loop
