#include "bench/agent/limits.h"

#include <fmt/core.h>
#include <linux/netlink.h>
#include <time.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <stdexcept>

#include "base/process.h"
#include "bench/bench.h"
#include "kernel/link.h"
#include "kernel/netns.h"
#include "kernel/nft.h"
#include "kernel/nft_part.h"
#include "kernel/route.h"

namespace weft::bench {

namespace {

namespace nft = kernel::nft;

constexpr int rounds = 100;

template <class Work>
double once(Work work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// CPU of this thread, in milliseconds: what the kernel does in its calls is in it.
double thread_cpu() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

void commit_all(kernel::Socket& socket, const nft::Transaction& tx) {
  const auto refused = nft::commit(socket, tx);
  if (!refused || !refused->empty())
    throw std::runtime_error(refused ? refused->front().error.message : refused.error().message);
}

void measure_store(Limits& out, store::Store& store) {
  std::mutex mutex;
  std::condition_variable changed;
  store::Revision seen = 0;
  const auto watch = store.watch("/bench/", 0,
                                 {.on_events =
                                      [&](std::span<const store::Event>, store::Revision revision) {
                                        const std::lock_guard lock(mutex);
                                        seen = revision;
                                        changed.notify_all();
                                      },
                                  .on_end = [](const Error&) {}});
  const std::string value(1200, 'x');
  for (int i = 0; i < rounds; ++i) {
    store::Revision revision = 0;
    const double put = once([&] { revision = store.put("/bench/a", value).value(); });
    const double rest = once([&] {
      std::unique_lock lock(mutex);
      changed.wait_for(lock, std::chrono::seconds(5), [&] { return seen >= revision; });
    });
    if (i < 10) continue;  // the watch has to stand first
    out.put.add(put);
    out.watch.add(rest);
  }
  store::Listing all;
  out.list = once([&] { all = store.list("/calico/").value(); });
  std::size_t bytes = 0;
  for (const auto& entry : all.entries) bytes += entry.value.size();
  std::string copy(bytes, '\0');
  out.copy = once([&] {
    std::size_t at = 0;
    for (const auto& entry : all.entries) {
      std::memcpy(copy.data() + at, entry.value.data(), entry.value.size());
      at += entry.value.size();
    }
    keep(copy);
  });
  out.values_mib = static_cast<double>(bytes) / (1 << 20);
}

nft::Chain chain_of_five(std::string name, std::uint16_t port) {
  nft::Chain chain{.name = std::move(name), .hook = {}, .comment = {}, .rules = {}};
  for (std::uint16_t i = 0; i < 5; ++i) {
    const net::PortRange range{static_cast<std::uint16_t>(port + i), static_cast<std::uint16_t>(port + i)};
    const nft::Part parts[] = {nft::protocol(net::tcp, false, false),
                               nft::ports(nft::End::destination, {{range}}, "tcp"), nft::accept()};
    chain.rules.push_back(nft::rule(parts, "limit"));
  }
  return chain;
}

void measure_kernel(Limits& out, std::size_t elements) {
  auto socket = kernel::Socket::open(NETLINK_NETFILTER).value();
  auto routes = kernel::Socket::open(NETLINK_ROUTE).value();
  const nft::Set set{.name = "addresses", .key_type = nft::type_ipv4, .key_length = 4};
  const nft::Set map{.name = "interfaces", .key_type = nft::type_ifname, .key_length = 16, .verdicts = true};
  nft::Transaction first{"limit"};
  first.add_table();
  first.add(set);
  first.add(map);
  const auto changing = chain_of_five("changing", 1000);
  first.add(changing);
  for (const auto& rule : changing.rules) first.add(changing.name, rule);
  commit_all(socket, first);

  std::vector<nft::Element> many;
  for (std::uint32_t i = 0; i < elements; ++i) many.push_back({.key = nft::key(net::Ip::v4(0x0b000000 + i))});
  out.element_count = elements;
  out.elements = once([&] {
    nft::Transaction tx{"limit"};
    tx.add(set, many);
    commit_all(socket, tx);
  });
  double cpu = thread_cpu();
  for (std::uint32_t i = 0; i < rounds; ++i) {
    nft::Transaction tx{"limit"};
    tx.add(set, std::vector<nft::Element>{{.key = nft::key(net::Ip::v4(0x0c000000 + i))}});
    out.element.add(once([&] { commit_all(socket, tx); }));
  }
  out.element_cpu = (thread_cpu() - cpu) / rounds;
  for (std::uint16_t i = 0; i < rounds; ++i) {
    nft::Transaction tx{"limit"};
    tx.flush("changing");
    for (const auto& rule : chain_of_five("changing", 2000 + i).rules) tx.add("changing", rule);
    out.chain.add(once([&] { commit_all(socket, tx); }));
  }
  if (!kernel::create_veth(routes, {.name = "limit0", .peer_name = "limit1", .up = true})) return;
  const int device = kernel::get_link(routes, "limit0").value().index;
  cpu = thread_cpu();
  for (std::uint32_t i = 0; i < rounds; ++i) {
    out.endpoint.add(once([&] {
      nft::Transaction tx{"limit"};
      for (const char* way : {"from", "to"}) {
        const auto name = fmt::format("{}-{}", way, i);
        const auto chain = chain_of_five(name, 3000);
        tx.add(chain);
        for (const auto& rule : chain.rules) tx.add(name, rule);
        tx.add(map, std::vector<nft::Element>{{.key = nft::key(name), .until = {}, .chain = name}});
      }
      commit_all(socket, tx);
      (void)routes.request(kernel::put_route(
          {.dst = net::Cidr::host(net::Ip::v4(0x0d000000 + i)), .scope = RT_SCOPE_LINK, .device = device}));
    }));
  }
  out.endpoint_cpu = (thread_cpu() - cpu) / rounds;
  (void)kernel::delete_link(routes, device);
  const auto pod = kernel::Netns::create().value();
  for (int i = 0; i < rounds / 4; ++i) {
    out.veth.add(once([&] {
      (void)kernel::create_veth(routes, {.name = "limit0", .peer_name = "eth0", .peer_netns = pod.fd(), .up = true});
    }));
    out.no_veth.add(once([&] { (void)kernel::delete_link(routes, kernel::get_link(routes, "limit0").value().index); }));
  }
  nft::Transaction last{"limit"};
  last.remove_table();
  commit_all(socket, last);
}

}  // namespace

Limits measure_limits(store::Store& store, std::size_t elements) {
  Limits out;
  measure_store(out, store);
  measure_kernel(out, elements);
  for (int i = 0; i < rounds / 4; ++i) out.program.add(once([] { (void)weft::run({"/bin/true"}); }));
  return out;
}

std::string to_string(const Limits& limits) {
  std::string out;
  const auto say = [&](std::string_view what, const Sample& sample) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", what, milliseconds(sample));
  };
  say("etcd put", limits.put);
  say("its watch", limits.watch);
  say("nftables element", limits.element);
  say("chain of five rules", limits.chain);
  say("two chains, elements and a route", limits.endpoint);
  say("program started", limits.program);
  say("veth", limits.veth);
  say("veth gone", limits.no_veth);
  return out;
}

std::size_t count_elements() {
  auto socket = kernel::Socket::open(NETLINK_NETFILTER).value();
  const auto snapshot = nft::read(socket, "weft");
  std::size_t count = 0;
  if (snapshot) {
    for (const auto& [name, set] : snapshot->sets) count += set.elements.size();
  }
  return count;
}

}  // namespace weft::bench
