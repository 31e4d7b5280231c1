#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <list>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "base/fd.h"
#include "kernel/netns.h"
#include "net/ip.h"

/// Packets from one network namespace to another while something happens, and what became of them.
namespace weft::lab {

/// What was seen until stop(). IPv4.
struct Seen {
  int pings = 0, pings_lost = 0;
  std::size_t stream_bytes = 0;
  std::string stream_error;                       // reset, closed, other bytes than were sent
  int connections = 0, connections_troubled = 0;  // new ones to the open port: refused, or a SYN sent twice
  int refusals = 0, leaks = 0;                    // new ones to the closed port: that came through

  bool clean() const { return pings_lost == 0 && stream_error.empty() && connections_troubled == 0 && leaks == 0; }
  std::string text() const {
    return fmt::format("{} of {} pings lost; stream {} bytes, {}; {} of {} connections troubled; {} of {} came through",
                       pings_lost, pings, stream_bytes, stream_error.empty() ? "whole" : stream_error,
                       connections_troubled, connections, leaks, refusals);
  }
};

/// From the namespace `from` to the address `to` in the namespace `at`, every few milliseconds: an echo request, a
/// piece of a stream that is sent back, a new connection to a port that policy opens, one to a port that it closes.
class Traffic {
 public:
  static constexpr std::uint16_t open_port = 80, closed_port = 81;

  Traffic(const std::string& from, const std::string& at, const std::string& to) : from_(from) {
    address_.sin_family = AF_INET;
    if (::inet_pton(AF_INET, to.c_str(), &address_.sin_addr) != 1) throw std::runtime_error("address " + to);
    for (const auto port : {open_port, closed_port}) {
      Fd& listener = listeners_.emplace_back(socket_in(at, SOCK_STREAM, 0));
      sockaddr_in any{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
      const int on = 1;
      ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
      if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&any), sizeof any) != 0 ||
          ::listen(listener.get(), 1024) != 0)
        throw std::runtime_error(fmt::format("listening on {}", port));
    }
    server_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
    pinger_ = std::jthread([this](const std::stop_token& stop) { ping(stop); });
    streamer_ = std::jthread([this](const std::stop_token& stop) { stream(stop); });
    opener_ = std::jthread([this](const std::stop_token& stop) { open(stop); });
  }

  /// Ends it and waits for what is still on its way.
  Seen stop() {
    for (auto* thread : {&opener_, &streamer_, &pinger_, &server_}) {
      thread->request_stop();
      thread->join();
    }
    return seen_;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds pace{4};

  static Fd socket_in(const std::string& netns, int type, int protocol) {
    Fd fd;
    const auto opened = kernel::Netns::open(netns);
    if (!opened) throw std::runtime_error(opened.error().message);
    (void)kernel::run_in(*opened, [&]() -> Result<> {
      fd.reset(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
      return {};
    });
    if (!fd) throw std::runtime_error("socket in " + netns);
    return fd;
  }
  int connect_to(const Fd& fd, std::uint16_t port) const {
    sockaddr_in to = address_;
    to.sin_port = htons(port);
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
  }
  static bool writable(const Fd& fd, std::chrono::milliseconds patience) {
    pollfd waiting{.fd = fd.get(), .events = POLLOUT, .revents = 0};
    return ::poll(&waiting, 1, static_cast<int>(patience.count())) > 0;
  }

  /// Sends back what comes, on both ports.
  void serve(const std::stop_token& stop) {
    struct Client {
      Fd fd;
      std::string waiting;
    };
    std::list<Client> clients;
    while (!stop.stop_requested()) {
      std::vector<pollfd> fds;
      for (const auto& listener : listeners_) fds.push_back({listener.get(), POLLIN, 0});
      for (const auto& client : clients)
        fds.push_back({client.fd.get(), static_cast<short>(client.waiting.empty() ? POLLIN : POLLIN | POLLOUT), 0});
      if (::poll(fds.data(), fds.size(), 20) <= 0) continue;
      for (auto it = clients.begin(); it != clients.end();) {
        std::array<char, 65536> buffer;
        const ssize_t n = ::read(it->fd.get(), buffer.data(), buffer.size());
        if (n > 0) it->waiting.append(buffer.data(), static_cast<std::size_t>(n));
        const ssize_t sent =
            it->waiting.empty() ? 0 : ::send(it->fd.get(), it->waiting.data(), it->waiting.size(), MSG_NOSIGNAL);
        if (sent > 0) it->waiting.erase(0, static_cast<std::size_t>(sent));
        const bool over = n == 0 || (n < 0 && errno != EAGAIN);
        it = over ? clients.erase(it) : std::next(it);
      }
      for (const auto& listener : listeners_) {
        while (true) {
          Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
          if (!fd) break;
          clients.push_back({std::move(fd), {}});
        }
      }
    }
  }

  void ping(const std::stop_token& stop) {
    const Fd fd = socket_in(from_, SOCK_RAW, IPPROTO_ICMP);
    const int large = 4 << 20;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof large);
    std::set<std::uint32_t> waiting;
    const auto receive = [&](std::chrono::milliseconds patience) {
      pollfd ready{.fd = fd.get(), .events = POLLIN, .revents = 0};
      if (::poll(&ready, 1, static_cast<int>(patience.count())) <= 0) return;
      std::array<std::uint8_t, 512> packet;
      while (true) {
        const ssize_t n = ::recv(fd.get(), packet.data(), packet.size(), 0);
        if (n < 0) return;
        const std::size_t header = static_cast<std::size_t>(packet[0] & 15) * 4;
        if (static_cast<std::size_t>(n) < header + 12 || packet[header] != ICMP_ECHOREPLY) continue;
        std::uint32_t number;
        std::memcpy(&number, packet.data() + header + 8, sizeof number);
        waiting.erase(number);
      }
    };
    for (std::uint32_t number = 0; !stop.stop_requested(); ++number) {
      std::array<std::uint8_t, 12> packet{ICMP_ECHO, 0, 0, 0, 0x77, 0x66};
      std::memcpy(packet.data() + 8, &number, sizeof number);
      std::uint32_t sum = 0;
      for (std::size_t i = 0; i < packet.size(); i += 2)
        sum += static_cast<std::uint32_t>(packet[i] << 8 | packet[i + 1]);
      sum = ~((sum & 0xffff) + (sum >> 16));
      packet[2] = static_cast<std::uint8_t>(sum >> 8);
      packet[3] = static_cast<std::uint8_t>(sum);
      if (::sendto(fd.get(), packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&address_),
                   sizeof address_) > 0) {
        waiting.insert(number);
      } else {
        ++seen_.pings_lost;  // no route, not permitted
      }
      ++seen_.pings;
      receive(pace);
      std::this_thread::sleep_for(pace);
    }
    for (const auto end = Clock::now() + std::chrono::seconds(3); !waiting.empty() && Clock::now() < end;)
      receive(std::chrono::milliseconds(20));
    seen_.pings_lost += static_cast<int>(waiting.size());
  }

  void stream(const std::stop_token& stop) {
    const Fd fd = socket_in(from_, SOCK_STREAM, 0);
    connect_to(fd, open_port);
    if (!writable(fd, std::chrono::seconds(10))) {
      seen_.stream_error = "does not open";
      return;
    }
    std::size_t sent = 0, received = 0;
    const auto end_of_it = [&](const char* what) {
      seen_.stream_error = fmt::format("{} after {} bytes: {}", what, received, std::strerror(errno));
    };
    auto last = Clock::now();
    while (!stop.stop_requested() || received < sent) {
      std::array<char, 512> piece;
      if (!stop.stop_requested()) {
        for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<char>((sent + i) % 251);
        const ssize_t n = ::send(fd.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) return end_of_it("broke");
        if (n > 0) sent += static_cast<std::size_t>(n);
      }
      while (true) {
        const ssize_t n = ::recv(fd.get(), piece.data(), piece.size(), 0);
        if (n == 0) return end_of_it("was closed");
        if (n < 0 && errno != EAGAIN) return end_of_it("broke");
        if (n < 0) break;
        last = Clock::now();
        for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i, ++received) {
          if (piece[i] != static_cast<char>(received % 251)) return end_of_it("brought something else");
        }
      }
      if (Clock::now() - last > std::chrono::seconds(20)) return end_of_it("stands still");
      std::this_thread::sleep_for(pace);
    }
    seen_.stream_bytes = received;
  }

  void open(const std::stop_token& stop) {
    std::list<std::pair<Fd, Clock::time_point>> closed;
    const auto look = [&](const Fd& fd) {
      sockaddr_in peer{};
      socklen_t size = sizeof peer;
      if (::getpeername(fd.get(), reinterpret_cast<sockaddr*>(&peer), &size) == 0) ++seen_.leaks;
    };
    while (!stop.stop_requested()) {
      const Fd fd = socket_in(from_, SOCK_STREAM, 0);
      const int error = connect_to(fd, open_port);
      tcp_info info{};
      socklen_t size = sizeof info;
      const bool opened = (error == 0 || error == EINPROGRESS) && writable(fd, std::chrono::seconds(5)) &&
                          ::getsockopt(fd.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
      ++seen_.connections;
      if (!opened || info.tcpi_state != TCP_ESTABLISHED || info.tcpi_total_retrans != 0) ++seen_.connections_troubled;
      const linger at_once{.l_onoff = 1, .l_linger = 0};
      ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);

      Fd shut = socket_in(from_, SOCK_STREAM, 0);
      connect_to(shut, closed_port);
      ++seen_.refusals;
      closed.emplace_back(std::move(shut), Clock::now());
      while (!closed.empty() && Clock::now() - closed.front().second > std::chrono::milliseconds(500)) {
        look(closed.front().first);
        closed.pop_front();
      }
      std::this_thread::sleep_for(pace);
    }
    for (const auto& [fd, when] : closed) look(fd);
  }

  const std::string from_;
  sockaddr_in address_{};
  std::list<Fd> listeners_;
  Seen seen_;  // each thread has members of its own
  std::jthread server_, pinger_, streamer_, opener_;
};

}  // namespace weft::lab
