// The whole agent, from a change in etcd to the kernel: `weft agent`, the real program, in a network namespace of its
// own with an etcd of its own, in a cluster of a known size. Each figure stands beside its limit (what a program
// without any logic would need: measured in the same run), our aim, and what Felix was recorded to need. Needs root.

#include <fmt/core.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

#include "api/codec.h"
#include "base/file.h"
#include "base/log.h"
#include "base/program.h"
#include "bench/agent/cluster.h"
#include "bench/agent/figures.h"
#include "bench/agent/limits.h"
#include "bench/agent/machine.h"
#include "bench/agent/pods.h"
#include "cli/command.h"
#include "http/server.h"
#include "kernel/link.h"
#include "store/etcd/open.h"

namespace weft::bench {

namespace {

using namespace std::chrono_literals;

/// One that was built with us.
std::string program(const char* name) {
  return (std::filesystem::path(own_program()).parent_path().parent_path() / "bin" / name).string();
}

struct Choice {
  std::string size = "small", agent = program("weft");
  std::vector<std::string> parts;
  bool disk = false, log = false;
  int rounds = 200, idle = 60, changes = 10'000, pods = 50, starts = 3;

  bool has(const std::string& part) const { return parts.empty() || std::ranges::count(parts, part) > 0; }
};

double ms(Clock::duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }
double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

class Run {
 public:
  explicit Run(const Choice& choice);
  void all();

 private:
  void start();
  void remote();
  void policy();
  void local();
  void idle();
  void pods();
  void growth();
  /// Says where the changes since the last call spent their time in the agent.
  void stages();

  void put(const api::WorkloadEndpoint& row) { check(store_->put(api::path_of(row), api::to_json(row))); }
  void remove(const api::WorkloadEndpoint& row) { check(store_->remove(api::path_of(row))); }
  template <class T>
  static void check(const Result<T>& result) {
    if (!result) throw std::runtime_error(result.error().message);
  }
  void veth(const std::string& name);
  /// Waits until the agent has put everything into force that is in the store.
  void settle();
  std::string limit(std::initializer_list<const Sample*> parts) const;

  const Choice& choice_;
  const Size size_;
  PrivateEtcd etcd_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Agent> agent_;
  Observer observer_;
  kernel::Socket rtnl_ = kernel::Socket::open(NETLINK_ROUTE).value();
  Limits limits_;
  Table table_{size_.name};
  std::map<std::string, std::pair<double, double>> stages_;  // seconds and changes so far
};

std::string load() { return read_file("/proc/loadavg").value_or("").substr(0, 14); }

Size size_of(const Choice& choice) {
  auto size = size_named(choice.size);
  if (!size) throw std::invalid_argument(size.error().message);
  return *size;
}

Run::Run(const Choice& choice) : choice_(choice), size_(size_of(choice)), etcd_(choice.disk) {
  store_ = store::open({.etcd_endpoints = {etcd_.endpoint(), "bench"}}).value();
  agent_ = std::make_unique<Agent>(choice.agent, etcd_);
}

std::string Run::limit(std::initializer_list<const Sample*> parts) const {
  double p50 = 0, p99 = 0;
  for (const auto* part : parts) {
    p50 += part->p50();
    p99 += part->p99();
  }
  return fmt::format("{:.2f} / {:.2f} ms", p50, p99);
}

void Run::veth(const std::string& name) {
  check(kernel::create_veth(rtnl_, {.name = name, .peer_name = "p" + name.substr(4), .up = true}));
}

void Run::settle() {
  const auto revision = store_->commit({}).value();
  const auto state = agent_->ask("wait", fmt::format(R"({{"revision":{},"timeout":120}})", revision));
  if (state.at("revision") == nullptr) throw std::runtime_error("the agent does not reach the store's revision");
}

void Run::all() {
  fmt::print("{}: {} policies of 5 rules, {} remote and {} local endpoints; etcd {}; load at start {}\n", size_.name,
             size_.policies, size_.remote, size_.local, choice_.disk ? "on disk" : "in memory", load());
  std::fflush(stdout);
  check(fill(*store_, size_));
  for (unsigned i = 0; i < size_.local; ++i) veth(local_interface(i));
  agent_->start();
  while (!agent_->ready()) std::this_thread::sleep_for(20ms);
  settle();
  limits_ = measure_limits(*store_, count_elements());
  fmt::print("limits of this machine: {}\n", to_string(limits_));
  table_.head();
  if (choice_.has("start")) start();
  stages();
  if (choice_.has("remote")) remote();
  if (choice_.has("policy")) policy();
  if (choice_.has("local")) local();
  if (choice_.has("pods")) pods();
  if (choice_.has("idle")) idle();
  if (choice_.has("growth")) growth();
  if (choice_.log) fmt::print("{}", agent_->log());
  fmt::print("load at end {}; agent's peak {:.0f} MB\n", load(), agent_->peak_mib());
}

void Run::stages() {
  constexpr const char* names[] = {"decode", "graph_queue", "graph", "dataplane_queue", "policy", "routes"};
  const auto answer = http::get("127.0.0.1", 9091, "/metrics");
  if (!answer) return;
  std::string line;
  for (const std::string name : names) {
    const auto value = [&](const char* what) {
      const auto key = fmt::format("weft_change_seconds_{}{{stage=\"{}\"}} ", what, name);
      const auto at = answer->body.find(key);
      return at == std::string::npos ? 0.0 : std::strtod(answer->body.c_str() + at + key.size(), nullptr);
    };
    const std::pair now(value("sum"), value("count"));
    const auto before = std::exchange(stages_[name], now);
    const double count = now.second - before.second;
    line += fmt::format("{}{} {:.3f}", line.empty() ? "" : ", ", name,
                        count > 0 ? (now.first - before.first) / count * 1000 : 0.0);
  }
  fmt::print("  in the agent, mean ms: {}\n", line);
}

/// Each time into an empty kernel, as after a reboot.
void Run::start() {
  std::vector<double> wall, cpu, resident;
  for (int i = 0; i < choice_.starts; ++i) {
    agent_->stop();
    check(weft::run({"nft", "delete", "table", "inet", "weft"}));
    check(weft::run({"ip", "route", "flush", "proto", "80"}));
    observer_.forget();
    const auto begun = Clock::now();
    agent_->start();
    Observer::Last last;
    for (;;) {
      auto more = observer_.until_quiet(300ms, [&] { return agent_->cpu_seconds() * 1000; });
      if (more.at) last = more;
      if (last.at && agent_->ready()) break;
      if (Clock::now() - begun > 120s) throw std::runtime_error("the agent does not become ready:\n" + agent_->log());
    }
    wall.push_back(ms(*last.at - begun));
    cpu.push_back(last.sample);
    std::this_thread::sleep_for(2s);
    resident.push_back(agent_->resident_mib());
  }
  table_.row("start: until the last rule and route", milliseconds(median(wall)),
             fmt::format("{:.0f} read + {:.0f} ms {} elements", limits_.list, limits_.elements, limits_.element_count));
  table_.row("start: CPU until then", milliseconds(median(cpu)), fmt::format("{:.1f} ms values copied", limits_.copy));
  table_.row("resident memory, settled", fmt::format("{:.1f} MB", median(resident)),
             fmt::format("{:.1f} MB of values", limits_.values_mib));
}

void Run::remote() {
  Sample appears;
  const double cpu = agent_->cpu_seconds();
  for (int i = 0; i < choice_.rounds; ++i) {
    const auto guest = remote_guest(static_cast<unsigned>(i));
    const auto bytes = guest.spec.ip_networks[0].ip().bytes();
    const std::string key(bytes.begin(), bytes.end());
    observer_.forget();
    put(guest);
    const auto replied = Clock::now();
    const auto seen = observer_.until([&](const Observer::Event& event) {
      return !event.route && event.type == NFT_MSG_NEWSETELEM && event.says(key);
    });
    if (!seen) throw std::runtime_error("a remote endpoint did not reach the kernel");
    appears.add(ms(*seen - replied));
  }
  settle();
  const double used = (agent_->cpu_seconds() - cpu) * 1000 / choice_.rounds;
  table_.row("remote endpoint appears, p50 / p99", milliseconds(appears), limit({&limits_.watch, &limits_.element}));
  table_.row("CPU per remote endpoint", milliseconds(used), fmt::format("{:.2f} ms element", limits_.element_cpu));
  stages();
  for (int i = 0; i < choice_.rounds; ++i) remove(remote_guest(static_cast<unsigned>(i)));
  settle();
}

void Run::policy() {
  Sample changes;
  const double cpu = agent_->cpu_seconds();
  for (int i = 0; i < choice_.rounds; ++i) {
    const auto policy = policy_of_one(size_, static_cast<std::uint16_t>(20'000 + i));
    observer_.forget();
    check(store_->put(api::path_of(policy), api::to_json(policy)));
    const auto replied = Clock::now();
    const auto seen = observer_.until([&](const Observer::Event& event) {
      return !event.route && event.type == NFT_MSG_NEWRULE && event.says(policy_of_one_name);
    });
    if (!seen) throw std::runtime_error("a policy did not reach the kernel");
    changes.add(ms(*seen - replied));
  }
  settle();
  table_.row("policy of one pod changes, p50 / p99", milliseconds(changes), limit({&limits_.watch, &limits_.chain}));
  table_.row("CPU per policy", milliseconds((agent_->cpu_seconds() - cpu) * 1000 / choice_.rounds), "");
  stages();
}

void Run::local() {
  Sample appears, goes;
  const unsigned rounds = static_cast<unsigned>(std::min(choice_.rounds, 200));
  for (unsigned i = 0; i < rounds; ++i) veth(local_guest(size_, i).spec.interface_name);
  std::this_thread::sleep_for(1s);
  settle();
  const double cpu = agent_->cpu_seconds();
  for (const bool there : {true, false}) {
    for (unsigned i = 0; i < rounds; ++i) {
      const auto guest = local_guest(size_, i);
      observer_.forget();
      if (there)
        put(guest);
      else
        remove(guest);
      const auto replied = Clock::now();
      bool route = false;
      int elements = 0;
      const auto seen = observer_.until([&](const Observer::Event& event) {
        route = route || (event.route && event.type == (there ? RTM_NEWROUTE : RTM_DELROUTE));
        if (!event.route && event.type == (there ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM) &&
            event.says(guest.spec.interface_name))
          ++elements;
        return route && elements >= 3;
      });
      if (!seen) throw std::runtime_error("a local endpoint did not reach the kernel");
      (there ? appears : goes).add(ms(*seen - replied));
    }
  }
  settle();
  const double used = (agent_->cpu_seconds() - cpu) * 1000 / (2 * rounds);
  table_.row("local endpoint appears, p50 / p99", milliseconds(appears), limit({&limits_.watch, &limits_.endpoint}));
  table_.row("local endpoint removed, p50 / p99", milliseconds(goes), limit({&limits_.watch, &limits_.endpoint}));
  table_.row("CPU per local endpoint", milliseconds(used), fmt::format("{:.2f} ms rows", limits_.endpoint_cpu));
  stages();
  for (unsigned i = 0; i < rounds; ++i)
    check(kernel::delete_link(rtnl_, kernel::get_link(rtnl_, local_guest(size_, i).spec.interface_name)->index));
}

void Run::idle() {
  std::this_thread::sleep_for(3s);
  const double before = agent_->cpu_seconds();
  std::this_thread::sleep_for(std::chrono::seconds(choice_.idle));
  table_.row("idle, of one core", fmt::format("{:.2f} %", (agent_->cpu_seconds() - before) / choice_.idle * 100),
             fmt::format("over {} s", choice_.idle));
}

void Run::pods() {
  Pods pods(program("weft-cni"), static_cast<std::size_t>(choice_.pods));
  const auto serial = pods.one_by_one(observer_);
  table_.row("CNI ADD, one after another, p50 / p99", milliseconds(serial.add),
             limit({&limits_.program, &limits_.put, &limits_.veth, &limits_.watch, &limits_.endpoint}));
  table_.row("from ADD's return until in force, p50 / p99", milliseconds(serial.in_force), "");
  table_.row("CNI DEL, p50 / p99", milliseconds(serial.del), limit({&limits_.program, &limits_.no_veth, &limits_.put}));
  std::this_thread::sleep_for(1s);
  const double rate = pods.eight_at_once();
  table_.row("CNI ADD, eight at once", fmt::format("{:.0f} per s", rate), "");
  pods.remove_all();
}

void Run::growth() {
  const auto change = [&](int count) {
    std::vector<store::Op> ops;
    for (int i = 0; i < count; ++i) {
      auto guest = remote_guest(static_cast<unsigned>(i % 1000));
      const bool there = i / 1000 % 2 == 0;
      ops.push_back({.kind = there ? store::Op::Kind::put : store::Op::Kind::remove, .key = api::path_of(guest)});
      if (there) ops.back().value = api::to_json(guest);
      if (ops.size() < 50 && i + 1 < count) continue;
      check(store_->commit(ops));
      ops.clear();
    }
    settle();
    std::this_thread::sleep_for(1s);
    return agent_->resident_mib();
  };
  const int changes = choice_.changes / 2000 * 2000;
  const double before = change(4'000), after = change(changes);
  table_.row("memory growth over 10 000 changes", fmt::format("{:+.2f} MB", after - before),
             fmt::format("{} changes: {:.1f} -> {:.1f} MB", changes, before, after));
}

int run(const Choice& choice) {
  log::set_level(log::Level::error);
  if (const auto left = leave_the_machine(); !left) {
    fmt::print(stderr, "agent: {}\n", left.error().message);
    return 0;
  }
  try {
    Run(choice).all();
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "agent: {}\n", error.what());
    return 1;
  }
}

}  // namespace

}  // namespace weft::bench

int main(int argc, char** argv) {
  using namespace weft;
  bench::Choice choice;
  auto root = cli::Command::root(
      "agent",
      "Measure weft agent and the CNI plug-in in a cluster of a known size, beside the limits of the machine.");
  root.option("--size", choice.size, "small (the default), medium or large");
  root.option("--part", choice.parts, "only these: start, remote, policy, local, pods, idle, growth");
  root.flag("--disk", choice.disk, "etcd's data on disk, not in memory");
  root.option("--agent", choice.agent, "another weft, to compare");
  root.option("--rounds", choice.rounds, "changes of a kind, 200");
  root.option("--starts", choice.starts, "starts of the agent, 3; the median is shown");
  root.option("--pods", choice.pods, "containers added and deleted, 50");
  root.option("--idle", choice.idle, "seconds of doing nothing, 60");
  root.option("--changes", choice.changes, "changes for the growth of memory, 10000");
  root.flag("--log", choice.log, "show the agent's log at the end");
  int status = 0;
  root.run([&] { return status = bench::run(choice); });
  return root.parse_and_run(argc, argv);
}
