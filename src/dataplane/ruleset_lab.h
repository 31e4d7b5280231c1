#pragma once

#include <arpa/inet.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "dataplane/ruleset.h"
#include "net/cidr.h"
#include "net/port.h"
#include "test/netns.h"

/// For tests with real packets: a node in its namespace, pods behind veths, a machine outside. Packets are built by
/// hand, so that any source, protocol, type and code can be sent.
namespace weft::dataplane::lab {

using namespace std::chrono_literals;

inline net::Ip ip(const std::string& text) { return *net::Ip::parse(text); }
inline net::Cidr cidr(const std::string& text) { return *net::Cidr::parse_loose(text); }

struct Packet {
  net::Protocol protocol = net::udp;
  std::uint16_t port = 0;           // destination
  std::uint16_t source_port = 0;    // 0: a fresh one
  std::optional<net::Ip> source;    // instead of the sender's own
  std::uint8_t type = 8, code = 0;  // of ICMP
};

inline std::uint16_t checksum(const std::vector<std::uint8_t>& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i] << 8) | (i + 1 < bytes.size() ? bytes[i + 1] : 0u);
  }
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

inline void put16(std::vector<std::uint8_t>& out, std::size_t at, std::uint16_t value) {
  out[at] = static_cast<std::uint8_t>(value >> 8);
  out[at + 1] = static_cast<std::uint8_t>(value);
}

/// The whole IP packet, with `token` as payload.
inline std::vector<std::uint8_t> build(const Packet& packet, const net::Ip& source, const net::Ip& destination,
                                       std::uint16_t source_port, const std::string& token) {
  std::vector<std::uint8_t> body;
  std::size_t sum_at = 0;
  const auto number = packet.protocol.number;
  if (number == 6) {
    body.resize(20);
    put16(body, 0, source_port), put16(body, 2, packet.port);
    body[12] = 5 << 4, body[13] = 2;  // SYN
    put16(body, 14, 1024);
    sum_at = 16;
  } else if (number == 17) {
    body.resize(8);
    put16(body, 0, source_port), put16(body, 2, packet.port);
    put16(body, 4, static_cast<std::uint16_t>(8 + token.size()));
    sum_at = 6;
  } else if (number == 1 || number == 58) {
    body.resize(8);
    body[0] = packet.type, body[1] = packet.code;
    put16(body, 4, source_port);
    sum_at = 2;
  }
  body.insert(body.end(), token.begin(), token.end());
  if (sum_at != 0) {
    std::vector<std::uint8_t> summed;
    if (number != 1) {
      for (const auto* address : {&source, &destination})
        summed.insert(summed.end(), address->bytes().begin(), address->bytes().end());
      summed.insert(summed.end(),
                    {0, number, static_cast<std::uint8_t>(body.size() >> 8), static_cast<std::uint8_t>(body.size())});
    }
    summed.insert(summed.end(), body.begin(), body.end());
    put16(body, sum_at, checksum(summed));
  }
  std::vector<std::uint8_t> out(source.is_v4() ? 20 : 40);
  if (source.is_v4()) {
    out[0] = 0x45, out[8] = 64, out[9] = number;
    put16(out, 2, static_cast<std::uint16_t>(20 + body.size()));
    std::memcpy(&out[12], source.bytes().data(), 4);
    std::memcpy(&out[16], destination.bytes().data(), 4);
    put16(out, 10, checksum({out.begin(), out.begin() + 20}));
  } else {
    out[0] = 0x60, out[6] = number, out[7] = 64;
    put16(out, 4, static_cast<std::uint16_t>(body.size()));
    std::memcpy(&out[8], source.bytes().data(), 16);
    std::memcpy(&out[24], destination.bytes().data(), 16);
  }
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

/// A namespace with one interface, eth0.
struct Machine {
  test::Netns netns;
  std::string interface;  // the node's end
  net::Ip v4, v6;
  std::string mac;
  const net::Ip& address(net::Family family) const { return family == net::Family::v4 ? v4 : v6; }
};

class Lab {
 public:
  Lab() {
    node.run(
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 "
        "net.ipv4.conf.default.rp_filter=0");
    outside = machine("eth0", "192.0.2.1", "2001:db8::1");
    node.run("ip addr add 192.0.2.254/32 dev eth0; ip addr add 2001:db8::fe/128 dev eth0 nodad");
  }

  /// A pod: its veth, routes and neighbours, but no policy.
  Machine& pod(const std::string& interface, const std::string& v4, const std::string& v6) {
    return *pods.emplace_back(machine(interface, v4, v6));
  }

  std::unique_ptr<Machine> machine(const std::string& interface, const std::string& v4, const std::string& v6) {
    auto out = std::make_unique<Machine>();
    out->interface = interface;
    out->v4 = ip(v4), out->v6 = ip(v6);
    out->mac = fmt::format("02:00:00:00:00:{:02x}", ++count_);
    node.run(
        fmt::format("ip link add {0} address ee:ee:ee:ee:ee:ee type veth peer name eth0 address {1} netns {2} && ip "
                    "link set {0} up && "
                    "ip route add {3} dev {0} && ip neigh add {3} lladdr {1} dev {0} && ip route add {4} dev {0} && ip "
                    "neigh add {4} lladdr {1} dev {0}",
                    interface, out->mac, out->netns.path(), v4, v6));
    out->netns.run(fmt::format(
        "ip link set eth0 up && ip addr add {}/32 dev eth0 && ip addr add {}/128 dev eth0 nodad && "
        "ip route add 169.254.1.1 dev eth0 && ip route add default via 169.254.1.1 && ip neigh add 169.254.1.1 lladdr "
        "ee:ee:ee:ee:ee:ee dev eth0 && "
        "ip neigh add fe80::1 lladdr ee:ee:ee:ee:ee:ee dev eth0 && ip route add default via fe80::1 dev eth0",
        v4, v6));
    return out;
  }

  /// Whether the packet comes out at the other machine.
  bool reaches(const Machine& from, const Machine& to, Packet packet, net::Family family = net::Family::v4) {
    return arrives(from.netns, packet.source.value_or(from.address(family)), to, packet, family).has_value();
  }
  /// From the node itself.
  bool node_reaches(const Machine& to, Packet packet) {
    return arrives(node, ip("192.0.2.254"), to, packet, net::Family::v4).has_value();
  }

  /// The source address that the packet has when it comes out; nullopt: it does not.
  std::optional<net::Ip> arrives(const test::Netns& from, const net::Ip& source, const Machine& to,
                                 const Packet& packet, net::Family family) {
    std::optional<net::Ip> seen;
    const auto token = next_token();
    Fd receiver;
    to.netns.in([&] { receiver.reset(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL))); });
    send(from, source, to.address(family), packet, token);
    // The node may always talk to its machines: when this one is there, the other should be too.
    const auto marker = next_token();
    send(node, ip(family == net::Family::v4 ? "192.0.2.254" : "2001:db8::fe"), to.address(family), {.port = 9}, marker);
    auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      pollfd wait{receiver.get(), POLLIN, 0};
      if (left.count() <= 0 || poll(&wait, 1, static_cast<int>(left.count())) <= 0) return seen;
      std::uint8_t bytes[2048];
      const auto size = recv(receiver.get(), bytes, sizeof bytes, MSG_DONTWAIT);
      if (size < 20) continue;
      const std::string_view text(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
      const bool v4 = bytes[0] >> 4 == 4;
      const auto protocol = v4 ? bytes[9] : bytes[6];
      if (text.find(marker) != std::string_view::npos && protocol == 17) {
        end = std::min(end, std::chrono::steady_clock::now() + grace);
      }
      // Errors quote the packet; only the packet itself counts.
      if (text.find(token) == std::string_view::npos || protocol != packet.protocol.number) continue;
      return net::Ip::from_bytes(v4 ? std::span<const std::uint8_t>(bytes + 12, 4)
                                    : std::span<const std::uint8_t>(bytes + 8, 16));
    }
  }

  /// Whether UDP from the machine reaches a socket of the node.
  bool reaches_node(const Machine& from, net::Family family = net::Family::v4,
                    std::optional<net::Ip> source = std::nullopt) {
    const bool v4 = family == net::Family::v4;
    Fd receiver;
    std::uint16_t port = 0;
    node.in([&] {
      receiver.reset(socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
      sockaddr_in6 any6{};
      any6.sin6_family = AF_INET6;
      sockaddr_in any4{};
      any4.sin_family = AF_INET;
      EXPECT_EQ(0, bind(receiver.get(), v4 ? reinterpret_cast<sockaddr*>(&any4) : reinterpret_cast<sockaddr*>(&any6),
                        v4 ? sizeof any4 : sizeof any6));
      sockaddr_in6 own{};
      socklen_t length = sizeof own;
      getsockname(receiver.get(), reinterpret_cast<sockaddr*>(&own), &length);
      port = ntohs(own.sin6_port);  // at the same place in both
    });
    const auto token = next_token();
    send(from.netns, source.value_or(from.address(family)), ip(v4 ? "192.0.2.254" : "2001:db8::fe"),
         {.protocol = net::udp, .port = port}, token);
    pollfd wait{receiver.get(), POLLIN, 0};
    return poll(&wait, 1, static_cast<int>(4 * grace.count())) > 0;
  }

  test::Netns node;
  std::unique_ptr<Machine> outside;
  std::vector<std::unique_ptr<Machine>> pods;
  std::chrono::milliseconds patience = 2s;  // for a packet that has to come
  std::chrono::milliseconds grace = 25ms;   // for one behind it

 private:
  std::string next_token() { return fmt::format("weft-token-{:06}-", ++tokens_); }

  void send(const test::Netns& from, const net::Ip& source, const net::Ip& to, const Packet& packet,
            const std::string& token) {
    const auto port = packet.source_port != 0 ? packet.source_port : static_cast<std::uint16_t>(20000 + tokens_);
    const auto bytes = build(packet, source, to, port, token);
    from.in([&] {
      const Fd raw(socket(to.is_v4() ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
      sockaddr_in6 v6{};
      v6.sin6_family = AF_INET6;
      sockaddr_in v4{};
      v4.sin_family = AF_INET;
      std::memcpy(to.is_v4() ? static_cast<void*>(&v4.sin_addr) : static_cast<void*>(&v6.sin6_addr), to.bytes().data(),
                  to.bytes().size());
      const auto* target = to.is_v4() ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
      if (sendto(raw.get(), bytes.data(), bytes.size(), 0, target, to.is_v4() ? sizeof v4 : sizeof v6) < 0 &&
          errno != EPERM) {
        ADD_FAILURE() << "sendto: " << std::strerror(errno);
      }
    });
  }

  int count_ = 0;
  int tokens_ = 0;
};

}  // namespace weft::dataplane::lab
