#pragma once

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <charconv>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "test/netns.h"
#include "test/wire.h"

/// A node, its pods and the world outside, in namespaces, for many packets at once.
namespace weft::wire {

/// The thread that makes it lives in the node's namespace until it is gone, as an agent does. Pods' interfaces are
/// cali1, cali2, … and what is outside lies behind eth0; their other ends have no addresses and answer nothing: what is
/// sent there goes in as it was built, what comes out is seen as it is.
class Lab {
 public:
  static constexpr auto node_v4 = "192.0.2.254", node_v6 = "2001:db8::fe";
  static constexpr auto pod_mac = "02:00:00:00:00:01";

  explicit Lab(int pods) {
    node_.run(
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 "
        "net.ipv4.conf.default.rp_filter=0 net.ipv6.conf.default.accept_dad=0");
    for (int i = 0; i <= pods; ++i) ends_.push_back(end(i == 0 ? "eth0" : "cali" + std::to_string(i)));
    node_.run(fmt::format(
        "ip addr add {}/32 dev eth0 && ip addr add {}/128 dev eth0 nodad && ip neigh add 169.254.1.1 lladdr {} dev "
        "eth0 && ip neigh add fe80::1 lladdr {} dev eth0 && ip route add default via 169.254.1.1 dev eth0 onlink && ip "
        "route add default via fe80::1 dev eth0",
        node_v4, node_v6, pod_mac, pod_mac));
    wait_for_links(node_);
    for (const auto& end : ends_) wait_for_links(end->netns);
    node_.enter();
    for (auto& end : ends_) end->node_index = static_cast<int>(if_nametoindex(end->interface.c_str()));
    marker_.reset(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    for (const auto family : {AF_INET, AF_INET6}) {
      (family == AF_INET ? out4_ : out6_).reset(socket(family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
      for (const std::uint8_t protocol : node_protocols) {
        if (net::Protocol{protocol} == (family == AF_INET ? net::icmpv6 : net::icmp)) continue;
        Fd fd(socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
        grow(fd);
        const int on = 1;
        if (family == AF_INET6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
        ears_.push_back({std::move(fd), family, {protocol}});
      }
    }
  }
  ~Lab() { setns(before_.get(), CLONE_NEWNET); }

  const test::Netns& node() const { return node_; }

  /// Something that is sent: where it comes in ("cali1", "eth0"; empty: the node itself sends it), and its packets.
  struct Shot {
    std::string from;
    std::vector<Bytes> packets;
  };
  /// A packet whose tail says `token` came out of the interface; empty: it is the node's.
  struct Arrival {
    std::uint32_t token = 0;
    std::string at;
    Seen seen;
  };
  static constexpr std::size_t tail_size = 12;
  static std::string tail(std::uint32_t token) { return fmt::format("weft{:08x}", token); }

  /// Sends in this order, waits until nothing is on its way any more, and tells what came where.
  ///
  /// All of it happens on one processor. Each has a queue of its own for packets that go from one end of a veth to the
  /// other, first in, first out: when markers have gone through it once for each hop of the longest way, everything
  /// before them is through.
  std::vector<Arrival> exchange(const std::vector<Shot>& shots) {
    cpu_set_t before, one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    sched_getaffinity(0, sizeof before, &before);
    sched_setaffinity(0, sizeof one, &one);
    std::vector<Arrival> arrivals;
    std::size_t waiting = 0;
    for (const auto& shot : shots) {
      send(shot);
      waiting += shot.packets.size();
      if (waiting < batch) continue;  // the queue and the sockets hold so many
      drain(arrivals);
      waiting = 0;
    }
    drain(arrivals);
    sched_setaffinity(0, sizeof before, &before);
    return arrivals;
  }

  /// Puts one packet on its way without waiting.
  void send(const Shot& shot) {
    for (const auto& packet : shot.packets) {
      if (shot.from.empty())
        send_from_node(packet);
      else
        send_into(of(shot.from), packet);
    }
  }
  /// Takes what has come so far.
  void collect(std::vector<Arrival>& arrivals) {
    for (auto& end : ends_) read(*end, arrivals);
    for (auto& ear : ears_) read(ear, arrivals);
  }

 private:
  static constexpr std::uint8_t node_protocols[] = {1, 4, 6, 17, 47, 58, 132, 200};
  static constexpr std::size_t batch = 200;
  static constexpr std::uint16_t marker_type = 0x88b5;  // for experiments

  struct End {
    std::string interface;  // of the node
    test::Netns netns;
    Fd fd;
    int node_index = 0;
    std::uint32_t marker = 0;  // the last that came
  };
  /// What the node itself is given of a protocol.
  struct Ear {
    Fd fd;
    int family = AF_INET;
    net::Protocol protocol;
  };

  /// A link whose other end came up drops what it is given until the kernel's watcher has been there.
  static void wait_for_links(const test::Netns& netns) {
    EXPECT_TRUE(
        test::eventually([&] { return netns.shell_in("ip -o link show up").output.find("DOWN") == std::string::npos; },
                         std::chrono::seconds(20)));
  }

  static void grow(const Fd& fd) {
    const int bytes = 8 << 20;
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  }

  std::unique_ptr<End> end(const std::string& interface) {
    auto out = std::make_unique<End>();
    out->interface = interface;
    out->netns.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
    node_.run(fmt::format(
        "ip link add {} address ee:ee:ee:ee:ee:ee type veth peer name eth0 address {} netns {} && ip link set {} up",
        interface, pod_mac, out->netns.path(), interface));
    out->netns.run("ip link set eth0 up");
    out->netns.in([&] {
      out->fd.reset(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      const int on = 1;
      setsockopt(out->fd.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
      grow(out->fd);
      sockaddr_ll here{};
      here.sll_family = AF_PACKET, here.sll_protocol = htons(ETH_P_ALL);
      here.sll_ifindex = static_cast<int>(if_nametoindex("eth0"));
      EXPECT_EQ(0, bind(out->fd.get(), reinterpret_cast<sockaddr*>(&here), sizeof here));
    });
    return out;
  }

  End& of(const std::string& interface) {
    for (auto& end : ends_) {
      if (end->interface == interface) return *end;
    }
    throw std::runtime_error("no interface " + interface);
  }

  static void send_into(const End& end, const Bytes& packet) {
    Bytes frame(14 + packet.size());
    std::fill_n(frame.begin(), 6, 0xee);
    frame[6] = 2, frame[11] = 1;
    put16(frame, 12, packet[0] >> 4 == 4 ? ETH_P_IP : ETH_P_IPV6);
    std::ranges::copy(packet, frame.begin() + 14);
    if (::send(end.fd.get(), frame.data(), frame.size(), 0) < 0) ADD_FAILURE() << "send: " << std::strerror(errno);
  }

  void send_from_node(const Bytes& packet) const {
    const auto seen = wire::read(packet);
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    const bool is_v4 = seen->destination.is_v4();
    std::memcpy(is_v4 ? static_cast<void*>(&v4.sin_addr) : static_cast<void*>(&v6.sin6_addr),
                seen->destination.bytes().data(), seen->destination.bytes().size());
    const auto* to = is_v4 ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
    const int fd = is_v4 ? out4_.get() : out6_.get();
    if (sendto(fd, packet.data(), packet.size(), 0, to, is_v4 ? sizeof v4 : sizeof v6) < 0 && errno != EPERM)
      ADD_FAILURE() << "sendto: " << std::strerror(errno);
  }

  void drain(std::vector<Arrival>& arrivals) {
    for (int hop = 0; hop < 4; ++hop) {
      ++marker_number_;
      for (const auto& end : ends_) mark(*end);
      for (auto& end : ends_) {
        int patience = 100;
        for (read(*end, arrivals); end->marker != marker_number_; read(*end, arrivals)) {
          pollfd wait{end->fd.get(), POLLIN, 0};
          if (poll(&wait, 1, 100) > 0) continue;
          if (--patience == 0) throw std::runtime_error("no marker comes through to " + end->interface);
          mark(*end);  // a later one says the same
        }
      }
    }
    for (auto& ear : ears_) read(ear, arrivals);
  }

  void mark(const End& end) const {
    Bytes frame(14 + 46);
    std::fill_n(frame.begin(), 6, 0xff);
    put16(frame, 12, marker_type);
    std::memcpy(&frame[14], &marker_number_, sizeof marker_number_);
    sockaddr_ll to{};
    to.sll_family = AF_PACKET, to.sll_ifindex = end.node_index, to.sll_halen = 6;
    EXPECT_GT(sendto(marker_.get(), frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }

  static std::optional<std::uint32_t> token_of(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < tail_size) return std::nullopt;
    const std::string text(bytes.end() - tail_size, bytes.end());
    std::uint32_t token = 0;
    const auto read = std::from_chars(text.data() + 4, text.data() + text.size(), token, 16);
    if (!text.starts_with("weft") || read.ptr != text.data() + text.size()) return std::nullopt;
    return token;
  }

  static void read(End& end, std::vector<Arrival>& arrivals) {
    std::uint8_t buffer[4096];
    for (ssize_t size = 0; (size = recv(end.fd.get(), buffer, sizeof buffer, 0)) > 0;) {
      const std::span<const std::uint8_t> frame(buffer, static_cast<std::size_t>(size));
      if (frame.size() < 14) continue;
      if (get16(frame, 12) == marker_type) {
        std::memcpy(&end.marker, &frame[14], sizeof end.marker);
        continue;
      }
      const auto token = token_of(frame);
      const auto seen = wire::read(frame.subspan(14));
      if (token && seen) arrivals.push_back({*token, end.interface, *seen});
    }
  }

  static void read(Ear& ear, std::vector<Arrival>& arrivals) {
    std::uint8_t buffer[4096], control[256];
    sockaddr_in6 from{};
    for (;;) {
      iovec data{buffer, sizeof buffer};
      msghdr message{};
      message.msg_name = &from, message.msg_namelen = sizeof from;
      message.msg_iov = &data, message.msg_iovlen = 1;
      message.msg_control = control, message.msg_controllen = sizeof control;
      const auto size = recvmsg(ear.fd.get(), &message, 0);
      if (size <= 0) return;
      const std::span<const std::uint8_t> bytes(buffer, static_cast<std::size_t>(size));
      const auto token = token_of(bytes);
      if (!token) continue;
      if (ear.family == AF_INET) {
        if (const auto seen = wire::read(bytes)) arrivals.push_back({*token, "", *seen});
        continue;
      }
      Seen seen{net::Ip::from_bytes({reinterpret_cast<const std::uint8_t*>(&from.sin6_addr), 16}), {}, ear.protocol};
      for (auto* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_type == IPV6_PKTINFO) seen.destination = net::Ip::from_bytes({CMSG_DATA(part), 16});
      }
      arrivals.push_back({*token, "", seen});
    }
  }

  Fd before_{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  test::Netns node_;
  std::vector<std::unique_ptr<End>> ends_;
  std::vector<Ear> ears_;
  Fd marker_, out4_, out6_;
  std::uint32_t marker_number_ = 0;
};

}  // namespace weft::wire
