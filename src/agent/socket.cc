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

constexpr std::size_t most_bytes = 16u << 20;
constexpr std::size_t most_clients = 1024;
constexpr auto patience = std::chrono::seconds(10);  // for a request to arrive, and for an answer to be read

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
void answer(int fd, std::string_view text) {
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

}  // namespace

struct Socket::Client {
  Fd fd;
  std::string request;
  loop::SourcePtr reading;
  loop::SourcePtr late;
  bool done = false;
};

Result<std::unique_ptr<Socket>> Socket::open(loop::Loop& loop, std::string path, Handler handle, unsigned workers) {
  if (const auto slash = path.rfind('/'); slash != std::string::npos && slash > 0)
    TRY(make_directories(path.substr(0, slash)));
  const sockaddr_un address = TRY(address_of(path));
  const auto* where = reinterpret_cast<const sockaddr*>(&address);

  Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(probe.get(), where, sizeof address) == 0)
    return fail(Code::exists, path + ": another agent answers there");
  TRY(remove_file(path));

  Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return fail_errno(errno, "socket");
  const mode_t before = ::umask(0177);
  const int bound = ::bind(listener.get(), where, sizeof address);
  const int why = errno;
  ::umask(before);
  if (bound != 0) return fail_errno(why, path);
  if (::listen(listener.get(), 512) != 0) return fail_errno(errno, path);
  return std::unique_ptr<Socket>(new Socket(loop, std::move(path), std::move(listener), std::move(handle), workers));
}

Socket::Socket(loop::Loop& loop, std::string path, Fd listener, Handler handle, unsigned workers)
    : loop_(loop), path_(std::move(path)), listener_(std::move(listener)), handle_(std::move(handle)) {
  accepting_ = loop_.on_fd(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept(); });
  for (unsigned i = 0; i < workers; ++i) workers_.emplace_back([this] { work(); });
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

void Socket::accept() {
  Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd) return;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != 0) {
    log::warning("refused a request: only root may ask the agent", {{"uid", peer.uid}, {"pid", peer.pid}});
    return refuse("not root");
  }
  if (clients_.size() >= most_clients) return refuse("too many at once");
  const int raw = fd.get();
  clients_.emplace_front(Client{.fd = std::move(fd), .request = {}, .reading = {}, .late = {}, .done = false});
  const auto client = clients_.begin();
  client->reading = loop_.on_fd(raw, EPOLLIN, [this, client](std::uint32_t) { read(client); });
  client->late = loop_.after(patience, [this, client] {
    if (client->done) return;
    refuse("request not complete in time");
    finish(client, false);
  });
}

void Socket::read(std::list<Client>::iterator client) {
  if (client->done) return;
  char buffer[65536];
  const ssize_t n = ::read(client->fd.get(), buffer, sizeof buffer);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n > 0 && client->request.size() + static_cast<std::size_t>(n) <= most_bytes) {
    client->request.append(buffer, static_cast<std::size_t>(n));
    return;
  }
  if (n != 0) refuse(n > 0 ? "too large" : "connection broke");
  finish(client, n == 0);
}

/// The loop is done with this client. Its sources go before its descriptor is handed on, and not inside their own
/// callback.
void Socket::finish(std::list<Client>::iterator client, bool complete) {
  client->done = true;
  loop_.post([this, client, complete] {
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
  });
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
    answer(job.fd.get(), handle_(job.request));
  }
}

}  // namespace weft::agent
