#include "agent/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/log.h"
#include "metrics/metrics.h"

namespace weft::agent {
namespace {

void refuse(const char* reason) {
  metrics::counter("weft_socket_refused", "Requests on the agent's socket that were cut off.", {{"reason", reason}})
      .add();
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(Code::invalid, path + ": too long for a unix socket");
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

/// Writes all of it within `patience`.
void answer(int fd, std::string_view text, std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!text.empty()) {
    const ssize_t n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
    if (n < 0 && errno == EAGAIN && left > 0 && ::poll(&waiting, 1, static_cast<int>(left)) > 0) continue;
    refuse("answer not read");
    return;
  }
}

/// Whether somebody answers there; a socket that nobody does is removed.
Result<> take_over(const std::string& path, const sockaddr_un& address) {
  struct stat there{};
  if (::lstat(path.c_str(), &there) != 0) return {};
  if (!S_ISSOCK(there.st_mode)) return fail(Code::exists, path + ": is there already and is no socket");
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return fail_errno(errno, "socket");
  const int connected = ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (connected == 0 || errno == EAGAIN) return fail(Code::exists, path + ": another agent answers there");
  return remove_file(path);
}

}  // namespace

struct Socket::Client {
  Fd fd;
  std::string request;
  loop::SourcePtr reading;
  loop::SourcePtr late;
};

Result<std::unique_ptr<Socket>> Socket::open(loop::Loop& loop, std::string path, Handler handle, const Limits& limits) {
  if (const auto slash = path.rfind('/'); slash != std::string::npos && slash > 0)
    TRY(make_directories(path.substr(0, slash)));
  const sockaddr_un address = TRY(address_of(path));
  TRY(take_over(path, address));
  Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return fail_errno(errno, "socket");
  // Who connects before the mode is set is refused by the credentials.
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(listener.get(), 512) != 0)
    return fail_errno(errno, path);
  return std::unique_ptr<Socket>(new Socket(loop, std::move(path), std::move(listener), std::move(handle), limits));
}

Socket::Socket(loop::Loop& loop, std::string path, Fd listener, Handler handle, const Limits& limits)
    : loop_(loop), path_(std::move(path)), listener_(std::move(listener)), handle_(std::move(handle)), limits_(limits) {
  listen();
  for (unsigned i = 0; i < limits.workers; ++i) workers_.emplace_back([this] { work(); });
}

Socket::~Socket() {
  accepting_.reset();
  ::unlink(path_.c_str());
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void Socket::listen() {
  accepting_ = loop_.on_fd(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
}

void Socket::accept() {
  Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd) {
    if (errno != EMFILE && errno != ENFILE) return;
    // Who asks waits in the queue; trying at once would only burn time.
    refuse("out of descriptors");
    accepting_ = loop_.after(std::chrono::milliseconds(100), [this] { listen(); });
    return;
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != limits_.user) {
    log::warning("refused a request: only root may ask the agent", {{"uid", peer.uid}, {"pid", peer.pid}});
    return refuse("not root");
  }
  if (clients_.size() >= limits_.clients) return refuse("too many at once");
  const int raw = fd.get();
  clients_.emplace_front(Client{.fd = std::move(fd), .request = {}, .reading = {}, .late = {}});
  const auto client = clients_.begin();
  client->reading = loop_.on_fd(raw, EPOLLIN, [this, client](std::uint32_t) { read(client); });
  client->late = loop_.after(limits_.patience, [this, client] {
    refuse("request not complete in time");
    finish(client, false);
  });
}

void Socket::read(std::list<Client>::iterator client) {
  char buffer[65536];
  const ssize_t n = ::read(client->fd.get(), buffer, sizeof buffer);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n > 0 && client->request.size() + static_cast<std::size_t>(n) <= limits_.bytes) {
    client->request.append(buffer, static_cast<std::size_t>(n));
    return;
  }
  if (n != 0) refuse(n > 0 ? "too large" : "connection broke");
  finish(client, n == 0);
}

/// The loop is done with this client. Its sources go before its descriptor is handed on.
void Socket::finish(std::list<Client>::iterator client, bool complete) {
  client->reading.reset();
  client->late.reset();
  if (complete) {
    static auto& requests = metrics::counter("weft_socket_requests", "Requests on the agent's socket.");
    requests.add();
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back({std::move(client->fd), std::move(client->request)});
    }
    ready_.notify_one();
  }
  clients_.erase(client);
}

std::size_t Socket::waiting() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

void Socket::work() {
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    answer(job.fd.get(), handle_(job.request), limits_.patience);
  }
}

}  // namespace weft::agent
