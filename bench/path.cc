// What policy costs the packets: from a pod on one node to a pod on another, with 10 to 1 000 policies on both pods,
// beside the same path without any rules. One thread sends and receives, so that a packet's whole way through both
// nodes is paid in its own system calls and no switch between threads is measured. In namespaces of its own; needs
// root.

#include <arpa/inet.h>
#include <fmt/core.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "dataplane/ruleset.h"
#include "kernel/netns.h"
#include "kernel/nft.h"
#include "kernel/nft_part.h"

namespace {

using namespace weft;
using Clock = std::chrono::steady_clock;

template <class T>
T or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

constexpr std::uint16_t port = 5201;
constexpr std::uint32_t client_ip = 0x0a010101, server_ip = 0x0a020101;  // 10.1.1.1 on node 1, 10.2.1.1 on node 2
constexpr const char* interface = "cali1";

// --- two nodes with a pod each

class Nodes {
 public:
  Nodes() {
    for (int i : {0, 1}) {
      pods_.push_back(or_throw(kernel::Netns::create()));
      nodes_.push_back(or_throw(kernel::Netns::create()));
    }
    for (int i : {0, 1}) in(nodes_[i], fmt::format("ip link set lo up && sysctl -qw net.ipv4.ip_forward=1"));
    in(nodes_[0],
       fmt::format("ip link add under type veth peer name under netns /proc/{}/fd/{}", ::getpid(), nodes_[1].fd()));
    for (int i : {0, 1}) {
      in(nodes_[i], fmt::format("ip addr add 192.168.0.{}/24 dev under && ip link set under up", i + 1));
      in(nodes_[i],
         fmt::format("ip link add cali1 type veth peer name eth0 netns /proc/{}/fd/{}", ::getpid(), pods_[i].fd()));
      in(nodes_[i],
         fmt::format("ip link set cali1 address ee:ee:ee:ee:ee:ee up && ip route add 10.{}.1.1 dev cali1", i + 1));
      in(nodes_[i], fmt::format("ip route add 10.{}.1.0/24 via 192.168.0.{}", 2 - i, 2 - i));
      in(pods_[i], fmt::format("ip addr add 10.{}.1.1/32 dev eth0 && ip link set eth0 up && ip link set lo up && "
                               "ip route add 169.254.1.1 dev eth0 && ip route add default via 169.254.1.1 && "
                               "ip neigh add 169.254.1.1 dev eth0 lladdr ee:ee:ee:ee:ee:ee",
                               i + 1));
    }
  }
  const kernel::Netns& node(int i) const { return nodes_[i]; }
  const kernel::Netns& pod(int i) const { return pods_[i]; }

 private:
  static void in(const kernel::Netns& netns, const std::string& line) {
    or_throw(kernel::run_in(netns, [&]() -> Result<> {
      const auto finished = TRY(run(Command{.argv = {"/bin/sh", "-c", line}}));
      return finished.ok() ? Result<>{} : fail(Code::internal, line + ": " + finished.out + finished.err);
    }));
  }
  std::vector<kernel::Netns> nodes_, pods_;
};

// --- what is in force on them

/// Five rules as people write them: three by selector and port, one by prefix and port, none of which match; the last
/// policy allows. So every policy is asked, which is the worst case.
plan::Policy policy(int i, int count) {
  plan::Policy out{.id = {"NetworkPolicy", "default", fmt::format("policy-{}", i)}, .tier = "default"};
  const auto rule = [&](int set, std::uint16_t to) {
    plan::Rule rule{.protocol = net::tcp};
    rule.source.sets = {fmt::format("s:{}", set % 50)};
    rule.destination.ports = {{to, to}};
    return rule;
  };
  out.ingress = {rule(i, 8080), rule(i + 1, 443), rule(i + 2, 9090)};
  plan::Rule by_net{.protocol = net::tcp};
  by_net.source.nets = {net::Cidr(net::Ip::v4(0xac100000 + (static_cast<std::uint32_t>(i) << 8)), 24)};
  by_net.destination.ports = {{10'000, 10'000}};
  out.ingress.push_back(by_net);
  out.ingress.push_back(rule(i + 3, 5432));
  if (i + 1 == count) out.ingress.push_back({});
  out.egress = out.ingress;
  return out;
}

plan::Changes rules(int count, std::uint32_t address) {
  plan::Changes out;
  plan::TierPolicies tier{.tier = "default"};
  for (int i = 0; i < count; ++i) {
    out.policies.put(policy(i, count));
    tier.policies.push_back(policy(i, count).id);
  }
  for (int i = 0; i < 50; ++i) {
    out.sets.put({.id = fmt::format("s:{}", i), .type = plan::SetType::net, .note = {}});
    for (std::uint32_t m = 0; m < 200; ++m)
      out.members.put({fmt::format("s:{}", i), net::Cidr::host(net::Ip::v4(0x0b000000 + i * 256 + m))});
  }
  plan::Endpoint endpoint{.id = {"k8s", "default/pod", "eth0"},
                          .interface = interface,
                          .mac = {},
                          .addresses = {net::Cidr::host(net::Ip::v4(address))}};
  endpoint.ingress = endpoint.egress = {tier};
  out.endpoints.put(endpoint);
  out.settings = plan::Settings{};
  return out;
}

/// Puts `count` policies on both pods.
void enforce(const Nodes& nodes, int count) {
  for (int i : {0, 1}) {
    or_throw(kernel::run_in(nodes.node(i), [&]() -> Result<> {
      dataplane::Ruleset ruleset;
      ruleset.on(rules(count, i == 0 ? client_ip : server_ip));
      const auto refused = TRY(ruleset.sync());
      return refused.empty() ? Result<>{} : std::unexpected(refused.front().error);
    }));
  }
}
void enforce_nothing(const Nodes& nodes) {
  for (int i : {0, 1}) or_throw(kernel::run_in(nodes.node(i), [] { return dataplane::Ruleset::remove(); }));
}
/// Connections are tracked and asked for, and that is all: what any stateful rule costs.
void only_track(const Nodes& nodes) {
  for (int i : {0, 1}) {
    or_throw(kernel::run_in(nodes.node(i), []() -> Result<> {
      namespace nft = kernel::nft;
      auto socket = TRY(kernel::Socket::open(NETLINK_NETFILTER));
      nft::Transaction tx{"weft"};
      tx.add_table();
      const nft::Chain chain{.name = "forward", .hook = nft::Hook{"filter", 2, 0}, .comment = {}, .rules = {}};
      tx.add(chain);
      const std::vector<nft::Part> parts = {nft::ct_state(2 | 4), nft::accept()};
      tx.add("forward", nft::rule(parts));
      const auto refused = TRY(nft::commit(socket, tx));
      return refused.empty() ? Result<>{} : std::unexpected(refused.front().error);
    }));
  }
}

// --- packets

sockaddr_in at(std::uint32_t ip, std::uint16_t number) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(ip);
  out.sin_port = htons(number);
  return out;
}

Fd socket_in(const kernel::Netns& netns, int type) {
  Fd out;
  or_throw(kernel::run_in(netns, [&]() -> Result<> {
    out = Fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    return out ? Result<>{} : fail_errno(errno, "socket");
  }));
  return out;
}

double us(Clock::duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }
double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

/// From sendto to recvfrom, of a new flow each time: what the first packet of a connection pays; then of one more of
/// the same flow. Medians of 300, in microseconds.
struct Packets {
  double first = 0, next = 0;
};
Packets packets(const Nodes& nodes) {
  const Fd server = socket_in(nodes.pod(1), SOCK_DGRAM);
  const auto there = at(server_ip, port);
  if (::bind(server.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0)
    throw std::runtime_error("bind");
  const timeval patience{.tv_sec = 2, .tv_usec = 0};
  ::setsockopt(server.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::vector<double> first, next;
  for (int i = -20; i < 300; ++i) {  // the first ones resolve neighbours and warm caches
    const Fd client = socket_in(nodes.pod(0), SOCK_DGRAM);
    ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    for (auto* list : {&first, &next}) {
      char byte = 0;
      sockaddr_in from{};
      socklen_t size = sizeof from;
      auto* sender = reinterpret_cast<sockaddr*>(&from);
      const auto start = Clock::now();
      if (::sendto(client.get(), &byte, 1, 0, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 1 ||
          ::recvfrom(server.get(), &byte, 1, 0, sender, &size) != 1)
        throw std::runtime_error("a packet did not arrive");
      if (i >= 0) list->push_back(us(Clock::now() - start));
      // Answered, it is a connection: from then on its packets are let through by their state.
      if (::sendto(server.get(), &byte, 1, 0, sender, size) != 1 || ::recv(client.get(), &byte, 1, 0) != 1)
        throw std::runtime_error("an answer did not arrive");
    }
  }
  return {median(first), median(next)};
}

/// A TCP stream for a fifth of a second, sent and received by this thread. @return Gbit/s
double stream(const Nodes& nodes) {
  const Fd listener = socket_in(nodes.pod(1), SOCK_STREAM);
  const auto there = at(server_ip, port);
  const int one = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0 ||
      ::listen(listener.get(), 1) != 0)
    throw std::runtime_error("listen");
  const Fd client = socket_in(nodes.pod(0), SOCK_STREAM);
  if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0)
    throw std::runtime_error("connect");
  const Fd server(::accept(listener.get(), nullptr, nullptr));
  static std::vector<char> buffer(256 << 10);
  const auto run = [&](std::chrono::milliseconds time) {
    std::size_t bytes = 0;
    const auto start = Clock::now();
    while (Clock::now() - start < time) {
      if (::send(client.get(), buffer.data(), buffer.size(), MSG_DONTWAIT) < 0 && errno != EAGAIN)
        throw std::runtime_error("send");
      for (ssize_t n = 0; (n = ::recv(server.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) > 0;)
        bytes += static_cast<std::size_t>(n);
    }
    return static_cast<double>(bytes) * 8 / us(Clock::now() - start) / 1000;
  };
  run(std::chrono::milliseconds(100));  // until the window is open
  return run(std::chrono::milliseconds(200));
}

struct Way {
  std::string name;
  std::function<void(const Nodes&)> enforce;
  int policies = 0;
  std::vector<double> first = {}, next = {}, throughput = {};
};

void measure_all(int rounds) {
  const Nodes nodes;
  std::vector<Way> ways = {{"without rules", enforce_nothing},
                           {"connections tracked, nothing else", [](const Nodes& n) { only_track(n); }}};
  for (const int count : {1, 10, 30, 100, 300, 1000})
    ways.push_back(
        {fmt::format("{} policies of 5 rules", count), [count](const Nodes& n) { enforce(n, count); }, count});
  // In turns, so that what else the machine does meets all of them alike.
  for (int round = 0; round < rounds; ++round) {
    for (auto& way : ways) {
      enforce_nothing(nodes);
      way.enforce(nodes);
      const auto [first, next] = packets(nodes);
      way.first.push_back(first);
      way.next.push_back(next);
      way.throughput.push_back(stream(nodes));
    }
  }
  fmt::print("{:<36} {:>14} {:>8} {:>16} {:>8} {:>14} {:>8}\n", "pod to pod, on two nodes", "first packet", "",
             "next packet", "", "stream", "");
  const auto against = [](double value, double base) { return fmt::format("{:+.0f} %", (value / base - 1) * 100); };
  const double first = median(ways[0].first), next = median(ways[0].next), throughput = median(ways[0].throughput);
  for (const auto& way : ways) {
    fmt::print("{:<36} {:>11.2f} µs {:>8} {:>13.2f} µs {:>8} {:>7.1f} Gbit/s {:>8}\n", way.name, median(way.first),
               against(median(way.first), first), median(way.next), against(median(way.next), next),
               median(way.throughput), against(median(way.throughput), throughput));
  }
  const auto& few = ways[2];
  const auto& many = ways.back();
  const double each = (median(many.first) - median(few.first)) / (many.policies - few.policies);
  fmt::print(
      "\neach policy adds {:.3f} µs to the first packet, egress and ingress together: 5 % of the path without rules "
      "are {:.1f} policies\n",
      each, first * 0.05 / each);
}

}  // namespace

int main(int argc, char** argv) {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) {
    std::fprintf(stderr, "path: needs root\n");
    return 0;
  }
  log::set_level(log::Level::error);
  try {
    measure_all(argc > 1 ? std::max(1, std::atoi(argv[1])) : 5);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "path: %s\n", error.what());
    return 1;
  }
}
