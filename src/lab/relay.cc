#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <list>
#include <string>

#include "base/fd.h"
#include "base/log.h"
#include "lab/lab.h"
#include "loop/loop.h"

namespace weft::lab {
namespace {

/// One direction of a connection: what was read and is not written yet.
struct Pipe {
  int from, to;
  std::string waiting;
  bool ended = false;   // the reading side has ended
  bool closed = false;  // and the writing side knows
};

struct Pair {
  Fd client, server;
  Pipe there, back;
  loop::SourcePtr client_source, server_source;
  bool broken = false;
};

constexpr std::size_t most_waiting = 1u << 20;

/// Moves what can be moved. False: the connection is over.
bool pump(Pipe& pipe) {
  std::array<char, 65536> buffer;
  while (true) {
    while (!pipe.waiting.empty()) {
      const ssize_t n = ::send(pipe.to, pipe.waiting.data(), pipe.waiting.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN) break;
      if (n < 0) return false;
      pipe.waiting.erase(0, static_cast<std::size_t>(n));
    }
    if (pipe.ended && pipe.waiting.empty() && !pipe.closed) {
      ::shutdown(pipe.to, SHUT_WR);
      pipe.closed = true;
    }
    if (pipe.ended || pipe.waiting.size() >= most_waiting) return true;
    const ssize_t n = ::read(pipe.from, buffer.data(), buffer.size());
    if (n < 0) return errno == EAGAIN;
    if (n == 0) {
      pipe.ended = true;
      continue;
    }
    pipe.waiting.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace

int relay_main(int listener_fd, int network_fd, const std::string& host, int port) {
  ::signal(SIGPIPE, SIG_IGN);
  log::set_part("relay");
  // The listener stays where it was made; connections go out from the other side.
  if (::setns(network_fd, CLONE_NEWNET) != 0) {
    log::error("cannot enter the network namespace", {{"errno", errno}});
    return 1;
  }
  ::close(network_fd);
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, host.c_str(), &target.sin_addr) != 1) return 2;

  loop::Loop loop;
  std::list<Pair> pairs;
  ::fcntl(listener_fd, F_SETFL, O_NONBLOCK);
  const auto accepting = loop.on_fd(listener_fd, EPOLLIN, [&](std::uint32_t) {
    Fd client(::accept4(listener_fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client) return;
    Fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(server.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0 && errno != EINPROGRESS)
      return;
    pairs.emplace_back();
    const auto pair = std::prev(pairs.end());
    pair->there = {client.get(), server.get(), {}};
    pair->back = {server.get(), client.get(), {}};
    pair->client = std::move(client);
    pair->server = std::move(server);
    const auto move = [&, pair](std::uint32_t events) {
      if (pair->broken) return;
      const bool alive = !(events & EPOLLERR) && pump(pair->there) && pump(pair->back);
      if (alive && !(pair->there.closed && pair->back.closed)) return;
      pair->broken = true;
      loop.post([&pairs, pair] {
        pair->client_source.reset();
        pair->server_source.reset();
        pairs.erase(pair);
      });
    };
    constexpr std::uint32_t both = EPOLLIN | EPOLLOUT | static_cast<std::uint32_t>(EPOLLET);
    pair->client_source = loop.on_fd(pair->client.get(), both, move);
    pair->server_source = loop.on_fd(pair->server.get(), both, move);
  });
  loop.run();
  return 0;
}

}  // namespace weft::lab
