#include "lab/ping.h"

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <random>

#include <fmt/core.h>

#include "lab/spaces.h"

namespace weft::lab {
namespace {

using Clock = std::chrono::steady_clock;

std::uint16_t checksum(std::span<const std::uint8_t> bytes) {  // RFC 1071
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += static_cast<std::uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons(static_cast<std::uint16_t>(~sum));
}

/// Raw ICMP or ICMPv6 of one family; `id` tells our answers from others'.
class Pinger {
 public:
  Pinger(net::Family family, std::uint16_t id) : family_(family), id_(id) {
    fd_.reset(family == net::Family::v4 ? ::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMP)
                                        : ::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6));
  }
  int fd() const { return fd_.get(); }

  void send(const net::Ip& target, std::uint16_t sequence) const {
    // Type, code, checksum, id, sequence: the same layout in both families. The kernel fills in ICMPv6's checksum.
    std::array<std::uint8_t, 16> packet{};
    packet[0] = family_ == net::Family::v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST;
    const std::uint16_t words[2] = {htons(id_), htons(sequence)};
    std::memcpy(packet.data() + 4, words, 4);
    if (family_ == net::Family::v4) {
      const std::uint16_t sum = checksum(packet);
      std::memcpy(packet.data() + 2, &sum, 2);
      sockaddr_in to{};
      to.sin_family = AF_INET;
      std::memcpy(&to.sin_addr, target.bytes().data(), 4);
      (void)::sendto(fd_.get(), packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    } else {
      sockaddr_in6 to{};
      to.sin6_family = AF_INET6;
      std::memcpy(&to.sin6_addr, target.bytes().data(), 16);
      (void)::sendto(fd_.get(), packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    }
  }

  static constexpr int nothing = -1, not_ours = -2;
  /// Sequence of one answer to us.
  int receive() const {
    std::array<std::uint8_t, 512> packet;
    const ssize_t n = ::recv(fd_.get(), packet.data(), packet.size(), 0);
    if (n < 0) return nothing;
    const std::size_t header = family_ == net::Family::v4 && n > 0 ? static_cast<std::size_t>(packet[0] & 15) * 4 : 0;
    if (static_cast<std::size_t>(n) < header + 8) return not_ours;
    const std::uint8_t* icmp = packet.data() + header;
    std::uint16_t words[2];
    std::memcpy(words, icmp + 4, 4);
    const bool reply = icmp[0] == (family_ == net::Family::v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY);
    return reply && ntohs(words[0]) == id_ ? ntohs(words[1]) : not_ours;
  }

 private:
  net::Family family_;
  std::uint16_t id_;
  Fd fd_;
};

}  // namespace

Result<std::vector<std::optional<std::chrono::microseconds>>> ping(const std::vector<net::Ip>& targets,
                                                                   std::chrono::milliseconds patience) {
  const auto id = static_cast<std::uint16_t>(std::random_device{}());
  const Pinger v4(net::Family::v4, id), v6(net::Family::v6, id);
  if (v4.fd() < 0) return fail_errno(errno, "raw ICMP socket");
  std::vector<std::optional<std::chrono::microseconds>> trips(targets.size());
  std::vector<Clock::time_point> sent(targets.size());
  const auto begin = Clock::now();
  constexpr int rounds = 3;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (trips[i]) continue;
      sent[i] = Clock::now();
      (targets[i].is_v4() ? v4 : v6).send(targets[i], static_cast<std::uint16_t>(i));
    }
    const auto end = begin + patience * (round + 1) / rounds;
    while (!std::ranges::all_of(trips, [](const auto& trip) { return trip.has_value(); })) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
      pollfd fds[2] = {{v4.fd(), POLLIN, 0}, {v6.fd(), POLLIN, 0}};
      if (left <= 0 || ::poll(fds, v6.fd() >= 0 ? 2 : 1, static_cast<int>(left)) <= 0) break;
      for (const auto* pinger : {&v4, &v6}) {
        for (int answer = pinger->receive(); answer != Pinger::nothing; answer = pinger->receive()) {
          const auto i = static_cast<std::size_t>(answer);
          if (answer >= 0 && i < trips.size() && !trips[i])
            trips[i] = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - sent[i]);
        }
      }
    }
  }
  return trips;
}

std::size_t Matrix::lost() const {
  std::size_t count = 0;
  for (const auto& row : round_trips)
    count += static_cast<std::size_t>(std::ranges::count_if(row, [](const auto& trip) { return !trip; }));
  return count;
}

Result<Matrix> ping_all(const Lab& lab, std::chrono::milliseconds patience) {
  const auto nodes = TRY(lab.nodes());
  const auto pods = TRY(lab.pods());
  Matrix matrix;
  std::vector<net::Ip> targets;
  for (const auto& pod : pods) {
    for (const auto& address : pod.addresses) {
      targets.push_back(TRY(net::Ip::parse(address)));
      matrix.to.push_back(pod.full_name() + ' ' + address);
    }
  }
  const auto from = [&](const std::string& name, pid_t init, const std::string& network) -> Result<> {
    matrix.from.push_back(name);
    return within(in_network(init, network,
                             [&]() -> Result<> {
                               matrix.round_trips.push_back(TRY(ping(targets, patience)));
                               return {};
                             }),
                  name);
  };
  for (const auto& node : nodes) TRY(from(node.name, node.init, ""));
  for (const auto& pod : pods) {
    const auto node = std::ranges::find(nodes, pod.node, &NodeState::name);
    if (node == nodes.end())
      return fail(Code::not_found, fmt::format("{}: its node {} is gone", pod.full_name(), pod.node));
    TRY(from(pod.full_name(), node->init, "/run/netns/" + pod.container));
  }
  return matrix;
}

std::string to_text(const Matrix& matrix) {
  std::size_t width = 4;
  for (const auto& name : matrix.from) width = std::max(width, name.size());
  std::string text = fmt::format("{:{}}", "from", width);
  for (std::size_t i = 0; i < matrix.to.size(); ++i) text += fmt::format("  {:>6}", fmt::format("[{}]", i + 1));
  text += '\n';
  for (std::size_t row = 0; row < matrix.from.size(); ++row) {
    text += fmt::format("{:{}}", matrix.from[row], width);
    for (const auto& trip : matrix.round_trips[row]) {
      text += trip ? fmt::format("  {:4.2f}ms", static_cast<double>(trip->count()) / 1000) : "       -";
    }
    text += '\n';
  }
  for (std::size_t i = 0; i < matrix.to.size(); ++i) text += fmt::format("[{}] {}\n", i + 1, matrix.to[i]);
  return text;
}

}  // namespace weft::lab
