#include "lab/probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include <fmt/core.h>

#include "base/fd.h"
#include "lab/spaces.h"

namespace weft::lab {

std::size_t Reach::count() const {
  std::size_t sum = 0;
  for (const auto& row : open) sum += static_cast<std::size_t>(std::ranges::count(row, true));
  return sum;
}

Result<bool> connects(const Probe& to) {
  const auto ip = TRY(net::Ip::parse(to.address));
  sockaddr_storage where{};
  socklen_t size = sizeof(sockaddr_in6);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&where);
  if (ip.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&where);
    v4->sin_family = AF_INET;
    v4->sin_addr.s_addr = htonl(ip.v4_value());
    size = sizeof *v4;
  } else {
    v6->sin6_family = AF_INET6;
    std::copy(ip.bytes().begin(), ip.bytes().end(), v6->sin6_addr.s6_addr);
  }
  v6->sin6_port = htons(static_cast<std::uint16_t>(to.port));  // where sin_port is, too
  const Fd fd(::socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&where), size) == 0) return true;
  if (errno != EINPROGRESS) return false;
  pollfd waiting{.fd = fd.get(), .events = POLLOUT, .revents = 0};
  if (::poll(&waiting, 1, 400) <= 0) return false;
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  return error == 0;
}

Result<Reach> connect_all(const Lab& lab, const std::vector<Probe>& to) {
  const auto nodes = TRY(lab.nodes());
  Reach reach;
  reach.to = to;
  struct Place {
    pid_t init;
    std::string network;
  };
  std::vector<Place> places;
  for (const auto& node : nodes) {
    reach.from.push_back(node.name);
    places.push_back({node.init, ""});
  }
  for (const auto& pod : TRY(lab.pods())) {
    const auto node = std::ranges::find(nodes, pod.node, &NodeState::name);
    if (node == nodes.end()) continue;
    reach.from.push_back(pod.full_name());
    places.push_back({node->init, "/run/netns/" + pod.container});
  }
  std::vector<Result<>> outcomes(places.size());
  reach.open.assign(places.size(), std::vector<bool>(to.size()));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < places.size(); ++i) {
    threads.emplace_back([&, i] {
      outcomes[i] = in_network(places[i].init, places[i].network, [&]() -> Result<> {
        for (std::size_t k = 0; k < to.size(); ++k) reach.open[i][k] = TRY(connects(to[k]));
        return {};
      });
    });
  }
  for (auto& thread : threads) thread.join();
  for (auto& outcome : outcomes) TRY(outcome);
  return reach;
}

std::string to_text(const Reach& reach) {
  std::size_t width = 0;
  for (const auto& name : reach.from) width = std::max(width, name.size());
  std::string text = fmt::format("  {:{}}", "", width);
  for (const auto& to : reach.to) text += fmt::format("  {}:{}", to.name, to.port);
  text += '\n';
  for (std::size_t i = 0; i < reach.from.size(); ++i) {
    text += fmt::format("  {:{}}", reach.from[i], width);
    for (std::size_t k = 0; k < reach.to.size(); ++k) {
      text += fmt::format("  {:<{}}", reach.open[i][k] ? "open" : "-",
                          reach.to[k].name.size() + 1 + std::to_string(reach.to[k].port).size());
    }
    text += '\n';
  }
  return text;
}

}  // namespace weft::lab
