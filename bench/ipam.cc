// What an allocation costs, with a real etcd on loopback: allocations per second of one process and of sixteen, and how
// often etcd is asked for each, beside a raw transaction of the same size. Limits are shares of what that takes.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "api/codec.h"
#include "api/ip_pool.h"
#include "api/node.h"
#include "base/log.h"
#include "base/process.h"
#include "ipam/ipam.h"
#include "store/etcd/open.h"
#include "test/counting_store.h"
#include "test/etcd.h"

namespace {

using namespace weft;
using Clock = std::chrono::steady_clock;

constexpr auto duration = std::chrono::milliseconds(2'000);
constexpr int most_held = 400;  // then they are given back, which is not measured

struct Figures {
  double per_second = 0;
  double trips = 0;        // round trips of an allocation, on average
  double in_one_trip = 0;  // share of those that took one
};

void must(bool good, const std::string& what) {
  if (good) return;
  fmt::print(stderr, "{}\n", what);
  std::_Exit(1);
}

/// As large as an allocation: a block that changes, a handle that appears.
Figures raw(store::Store& store, int number) {
  const std::string block = fmt::format("/bench/block{}", number);
  const std::string value(1'600, 'x');
  auto revision = store.put(block, value).value();
  long done = 0;
  const auto start = Clock::now();
  for (; Clock::now() - start < duration; ++done) {
    const store::Op ops[] = {{store::Op::Kind::update, block, value, revision},
                             {store::Op::Kind::create, fmt::format("/bench/handle{}-{}", ::getpid(), done),
                              R"({"block":{"10.65.0.0/26":1}})"}};
    revision = store.commit(ops).value();
  }
  const std::chrono::duration<double> took = Clock::now() - start;
  return {static_cast<double>(done) / took.count(), 1, 1};
}

Figures allocate(store::Store& below, int number) {
  test::CountingStore store(below);
  const auto asked = [&] { return store.reads + store.commits; };
  ipam::Ipam ipam(store);
  const std::string node = "node" + std::to_string(number);
  std::vector<std::string> held;
  Clock::duration took{};
  long asked_for = 0, done = 0, trips = 0, single = 0;
  for (const auto start = Clock::now(); done < 60 || Clock::now() - start < duration;) {
    const std::string handle = fmt::format("k8s-pod-network.{:032x}{:032x}", number, asked_for);
    const long before = asked();
    const auto begun = Clock::now();
    const auto given = ipam.assign({.node = node,
                                    .owner = {handle, {{"namespace", "default"}, {"node", node}, {"pod", "web"}}},
                                    .v4 = {1, {}},
                                    .v6 = {},
                                    .namespace_labels = {}});
    must(given.has_value(), given ? "" : given.error().message);
    held.push_back(handle);
    if (++asked_for <= 2) continue;  // a process that begins reads what it will remember
    took += Clock::now() - begun;
    ++done;
    trips += asked() - before;
    single += asked() - before == 1 ? 1 : 0;
    if (held.size() < most_held) continue;
    for (const auto& each : held) must(ipam.release_handles({each}).has_value(), "release");
    held.clear();
  }
  const auto n = static_cast<double>(done);
  return {n / std::chrono::duration<double>(took).count(), static_cast<double>(trips) / n,
          static_cast<double>(single) / n};
}

/// Each in a process of its own, all at once; sums of rates, means of the rest.
Figures all_at_once(int processes, const std::string& endpoint, const std::string& work) {
  int pipes[2];
  must(::pipe2(pipes, O_CLOEXEC) == 0, "pipe");
  std::vector<Process> started;
  for (int i = 0; i < processes; ++i) {
    auto process = start({.argv = {"/proc/self/exe", work, std::to_string(i), endpoint}, .out = pipes[1]});
    must(process.has_value(), process ? "" : process.error().message);
    started.push_back(std::move(*process));
  }
  ::close(pipes[1]);
  Figures sum;
  for (int i = 0; i < processes; ++i) {
    Figures one;
    must(::read(pipes[0], &one, sizeof one) == sizeof one, "a process failed");
    sum.per_second += one.per_second;
    sum.trips += one.trips / processes;
    sum.in_one_trip += one.in_one_trip / processes;
  }
  for (const auto& process : started) ::waitpid(process.pid, nullptr, 0);
  ::close(pipes[0]);
  return sum;
}

void prepare(store::Store& store) {
  api::IpPool pool;
  pool.metadata.name = "pool";
  pool.spec = {.cidr = *net::Cidr::parse("10.64.0.0/12"),
               .block_size = 26,
               .node_selector = "all()",
               .namespace_selector = "",
               .allowed_uses = {"Workload"},
               .assignment_mode = "Automatic",
               .extra = {}};
  must(store.put(api::path_of(pool), api::to_json(pool)).has_value(), "pool");
  for (int i = 0; i < 16; ++i) {
    api::Node node;
    node.metadata.name = "node" + std::to_string(i);
    must(store.put(api::path_of(node), api::to_json(node)).has_value(), "node");
  }
}

/// One of many processes: its figures go to the standard output.
int work(const std::string& what, int number, const std::string& endpoint) {
  const auto store = store::open({.etcd_endpoints = {endpoint, "bench"}}).value();
  const Figures figures = what == "raw" ? raw(*store, number) : allocate(*store, number);
  must(::write(STDOUT_FILENO, &figures, sizeof figures) == sizeof figures, "write");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  log::set_level(log::Level::warning);
  if (argc == 4) return work(argv[1], std::atoi(argv[2]), argv[3]);
  test::Etcd etcd;
  prepare(*store::open({.etcd_endpoints = {etcd.endpoint(), "bench"}}).value());
  fmt::print("{:<36} {:>10} {:>12} {:>14}\n", "", "per second", "round trips", "in one trip");
  bool good = true;
  for (const int processes : {1, 16}) {
    const Figures limit = all_at_once(processes, etcd.endpoint(), "raw");
    const Figures figures = all_at_once(processes, etcd.endpoint(), "allocate");
    const std::string who = processes == 1 ? "1 process" : fmt::format("{} processes", processes);
    fmt::print("{:<36} {:>10.0f}\n", "raw transactions, " + who, limit.per_second);
    // Half of the raw rate: an allocation's transaction has conditions, and its block is read and written as JSON.
    // One in 64 claims a new block, which takes more than ten round trips.
    const bool fast = figures.per_second >= limit.per_second / 2 && figures.in_one_trip > 0.95;
    fmt::print("{:<36} {:>10.0f} {:>12.2f} {:>13.1f}%  limits {:.0f}, 95%: {}\n", "allocations, " + who,
               figures.per_second, figures.trips, figures.in_one_trip * 100, limit.per_second / 2,
               fast ? "ok" : "EXCEEDED");
    std::fflush(stdout);
    good = good && fast;
  }
  return good ? 0 : 1;
}
