#include "lab/demo.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "base/process.h"
#include "base/strings.h"
#include "lab/lab.h"
#include "lab/probe.h"
#include "lab/spaces.h"

namespace weft::lab {
namespace {

constexpr const char* lab_name = "demo";
constexpr const char *bold = "\033[1m", *dim = "\033[2m", *red = "\033[31m", *plain = "\033[0m";

constexpr std::string_view policies = R"(apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata:
  name: default-deny
spec:
  order: 1000
  selector: projectcalico.org/namespace == 'guestbook'
  types: [Ingress]
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata:
  name: redis
  namespace: guestbook
spec:
  order: 100
  selector: app == 'redis'
  types: [Ingress]
  ingress:
    - action: Allow
      protocol: TCP
      source:
        selector: app == 'frontend'
      destination:
        ports: [redis]
    - action: Allow
      protocol: TCP
      source:
        selector: app == 'redis'
      destination:
        ports: [6379]
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata:
  name: frontend
  namespace: guestbook
spec:
  order: 100
  selector: app == 'frontend'
  types: [Ingress]
  ingress:
    - action: Allow
      protocol: TCP
      destination:
        ports: [80]
    - action: Allow
      protocol: ICMP
)";

/// The demo, step by step. Each step says what is shown, runs commands that a reader can type, and prints what they
/// print.
class Demo {
 public:
  explicit Demo(const DemoOptions& options) : options_(options), colours_(::isatty(STDOUT_FILENO) == 1) {}

  int run();

 private:
  void step(std::string_view sentence);
  /// Runs a shell line with the lab's name in the environment and prints it with its output. `weft` is this program.
  std::string show(const std::string& line, std::size_t most_lines = 40);
  std::string quiet(const std::string& line, std::string_view input = {});
  void expect(bool held, const std::string& what);
  std::string pod(const std::string& words);

  void cluster();
  void routing();
  void guestbook();
  void one_pod();
  void policy();
  void kill_agent();

  /// Escape sequence of a style, on a terminal only.
  const char* style(const char* sequence) const { return colours_ ? sequence : ""; }

  DemoOptions options_;
  bool colours_;
  int step_ = 0;
  std::vector<std::string> broken_;
  std::string leader_, follower_1_, follower_2_, frontend_1_, frontend_2_;
};

void Demo::step(std::string_view sentence) {
  if (options_.pause && step_ > 0) {
    fmt::print("\n[Enter] ");
    std::fflush(stdout);
    while (true) {
      const int c = std::getchar();
      if (c == '\n' || c == EOF) break;
    }
  }
  fmt::print("\n{}{}. {}{}\n", style(bold), ++step_, sentence, style(plain));
  std::fflush(stdout);
}

std::string Demo::quiet(const std::string& line, std::string_view input) {
  const std::string program = own_program();
  const std::string folder = program.substr(0, program.rfind('/'));
  Command command{.argv = {"/bin/sh", "-c", line}};
  command.env_more = {
      std::string("WEFT_LAB=") + lab_name,
      "PATH=" + folder + ":" + (std::getenv("PATH") ? std::getenv("PATH") : "/usr/sbin:/usr/bin:/sbin:/bin")};
  const auto finished = weft::run(command, {.timeout = std::chrono::seconds(90), .input = std::string(input)});
  if (!finished) {
    expect(false, line + ": " + finished.error().message);
    return {};
  }
  if (!finished->ok()) expect(false, fmt::format("{}: {}\n{}", line, describe_status(finished->status), finished->err));
  return finished->out;
}

std::string Demo::show(const std::string& line, std::size_t most_lines) {
  fmt::print("{}$ {}{}\n", style(dim), line, style(plain));
  std::fflush(stdout);
  const std::string out = quiet(line + " 2>&1");
  const auto lines = split(trim(out), '\n');
  for (std::size_t i = 0; i < std::min(lines.size(), most_lines); ++i) fmt::print("  {}\n", lines[i]);
  if (lines.size() > most_lines) fmt::print("  … {} more lines\n", lines.size() - most_lines);
  std::fflush(stdout);
  return out;
}

void Demo::expect(bool held, const std::string& what) {
  if (held) return;
  fmt::print("{}  NOT AS IT SHOULD BE: {}{}\n", style(red), what, style(plain));
  broken_.push_back(what);
}

std::string Demo::pod(const std::string& words) {
  const auto lines = split(trim(show("weft lab pod add " + words)), '\n');
  return lines.empty() ? std::string() : lines.back();
}

void Demo::cluster() {
  step("Three nodes come up, each in its own network, mount and process namespaces, with an etcd between them.");
  show("weft lab up --nodes 3");
  step("The cluster's state is in etcd, under Calico's keys.");
  show("eval \"$(weft lab env)\"; etcdctl get --prefix --keys-only /calico/ | grep . | grep -v -e ipam/v2/handle");
  step("On a node, `weft node` watches over three processes: the agent, confd and BIRD.");
  show("weft lab exec node1 -- ps -eo pid,rss,etimes,args");
}

void Demo::routing() {
  step("BIRD's configuration was rendered by confd. This part of it keeps single addresses of a block from leaking.");
  show(
      "weft lab exec node1 -- sed -n -e '/^function advertised4/,/^}/p' -e '/^filter to_peers4/,/^}/p' "
      "/etc/calico/confd/config/bird.cfg",
      30);
  step("The nodes peer with each other.");
  show("weft lab exec node1 -- weft node status");
}

void Demo::guestbook() {
  step("What `weft cni install` wrote for the container runtime.");
  show("weft lab exec node1 -- cat /etc/cni/net.d/10-calico.conflist", 30);
  step("A guestbook: a redis leader, two followers, two frontends. Each pod gets its network from the CNI plug-in.");
  const std::string redis =
      "redis-server --port 6379 --save '' --protected-mode no --repl-diskless-sync-delay 0 --dir /tmp";
  leader_ = pod("guestbook/leader --node node1 --labels app=redis,role=leader --port redis=TCP:6379 -- " + redis);
  follower_1_ =
      pod(fmt::format("guestbook/follower-1 --node node2 --labels app=redis,role=follower --port redis=TCP:6379 -- {} "
                      "--replicaof {} 6379",
                      redis, leader_));
  follower_2_ =
      pod(fmt::format("guestbook/follower-2 --node node3 --labels app=redis,role=follower --port redis=TCP:6379 -- {} "
                      "--replicaof {} 6379",
                      redis, leader_));
  frontend_1_ =
      pod(fmt::format("guestbook/frontend-1 --node node1 --labels app=frontend --port http=TCP:80 -- weft lab frontend "
                      "--leader {} --follower {}",
                      leader_, follower_1_));
  frontend_2_ =
      pod(fmt::format("guestbook/frontend-2 --node node2 --labels app=frontend --port http=TCP:80 -- weft lab frontend "
                      "--leader {} --follower {}",
                      leader_, follower_2_));
  pod("other/stranger --node node3 --labels app=stranger");
  step(
      "Each node has a block of addresses. The others learn it over BGP (proto bird); its own is a blackhole with the "
      "pods' routes in it.");
  show("weft lab wait; weft lab exec node1 -- weft ipam show --show-blocks", 20);
  show(
      "for n in node1 node2 node3; do echo $n; weft lab exec $n -- ip route | grep -v -e ^default -e eth0.*kernel; "
      "done");
  step(
      "Somebody signs the book at one frontend and reads it at the other. The entry went through the leader to a "
      "follower.");
  const std::string sign = fmt::format(
      "weft lab exec node3 -- curl -s --retry 20 --retry-all-errors --retry-delay 1 -d 'weft was here' http://{}/",
      frontend_1_);
  show(sign);
  std::string read;
  for (int i = 0; i < 50 && read.find("weft was here") == std::string::npos; ++i) {
    if (i > 0) ::usleep(100'000);
    read = quiet(fmt::format("weft lab exec node1 -- curl -s --max-time 3 http://{}/ || true", frontend_2_));
  }
  show(fmt::format("weft lab exec node1 -- curl -s http://{}/", frontend_2_));
  expect(read.find("weft was here") != std::string::npos, "the entry is read back at the other frontend");
  step("Every pod answers every node and every pod.");
  show("weft lab ping --all");
}

void Demo::one_pod() {
  step("One pod from both sides: its interface and gateway; its route and neighbour on the node; its rules.");
  show("weft lab exec guestbook/leader -- ip -br address; weft lab exec guestbook/leader -- ip route");
  show(fmt::format("weft lab exec node1 -- ip route get {0}; weft lab exec node1 -- ip neighbour show {0}", leader_));
  show("weft lab exec node1 -- nft list table inet weft", 60);
}

void Demo::policy() {
  step("Before policy: who can open a TCP connection to whom.");
  const auto lab = Lab::find(lab_name);
  if (!lab) return expect(false, lab.error().message);
  const std::vector<Probe> probes = {{"guestbook/leader", leader_, 6379},
                                     {"guestbook/follower-1", follower_1_, 6379},
                                     {"guestbook/frontend-1", frontend_1_, 80}};
  const auto before = connect_all(*lab, probes);
  if (!before) return expect(false, before.error().message);
  fmt::print("{}", to_text(*before));
  expect(before->count() == before->from.size() * probes.size(), "without policy everybody reaches everything");
  step(
      "Policy: nothing reaches the guestbook but what is said; frontends and redis reach redis on its port, everybody "
      "reaches port 80.");
  fmt::print("{}", policies);
  fmt::print("{}$ weft lab apply -f - < policies.yaml; weft lab wait{}\n", style(dim), style(plain));
  fmt::print("{}", quiet("weft lab apply -f -", policies));
  quiet("weft lab wait");
  const auto after = connect_all(*lab, probes);
  if (!after) return expect(false, after.error().message);
  fmt::print("{}", to_text(*after));
  for (std::size_t i = 0; i < after->from.size(); ++i) {
    const auto& who = after->from[i];
    const bool own = who.starts_with("guestbook/");
    // A node always reaches its own pods (probes of a kubelet rely on it); the leader and frontend-1 live on node1.
    for (std::size_t k = 0; k < probes.size(); ++k) {
      const bool local = (k != 1 && who == "node1") || (k == 1 && who == "node2");
      const bool wanted = k == 2 || own || local;
      expect(after->open[i][k] == wanted,
             fmt::format("{} {} {}", who, wanted ? "reaches" : "does not reach", probes[k].name));
    }
  }
  step("The rules in force for redis on node1, with the policies' names in them.");
  show("weft lab exec node1 -- nft list table inet weft | grep -A12 'chain.*redis'", 30);
}

void Demo::kill_agent() {
  step("The agent of node1 is killed under traffic: a ping every 5 ms from another node's pod. Nobody notices.");
  const std::string rules = "weft lab exec node1 -- nft -a list table inet weft | grep handle | md5sum";
  const std::string before = quiet(rules);
  const std::string out =
      show(fmt::format("(sleep 0.5; weft lab node kill node1 agent >&2) & weft lab exec guestbook/frontend-2 -- ping "
                       "-q -i 0.005 -c 400 {}; wait",
                       frontend_1_));
  expect(out.find(" 0% packet loss") != std::string::npos, "no packet is lost while the agent is away");
  show("weft lab wait; weft lab exec node1 -- ps -C weft -o pid,etimes,args");
  expect(before == quiet(rules), "the new agent took up the rules as they were: their handles are the same");
  fmt::print("  rules before and after have the same handles: they were adopted, not written again\n");
}

int Demo::run() {
  const auto begin = std::chrono::steady_clock::now();
  if (::geteuid() != 0) {
    fmt::print(stderr, "weft demo: needs root, because it makes network namespaces: sudo ./dev demo\n");
    return 1;
  }
  if (auto gone = Lab(lab_name).down(); !gone) {
    fmt::print(stderr, "weft demo: an earlier demo is still there: {}\n", gone.error().message);
    return 1;
  }
  for (const auto& part :
       {&Demo::cluster, &Demo::routing, &Demo::guestbook, &Demo::one_pod, &Demo::policy, &Demo::kill_agent}) {
    (this->*part)();
    // Without a cluster nothing else can be shown.
    if (!broken_.empty() && step_ <= 3) break;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  if (options_.keep) {
    step("The lab stays. Try:");
    fmt::print(R"--(  export WEFT_LAB=demo
  weft lab status
  weft lab pod add default/mine --labels app=frontend -- sleep 1000
  weft lab exec default/mine -- sh
  weft lab logs node1 agent -f
  eval "$(weft lab env)"; weft get nodes -o wide; weft get workloadendpoints -A
  weft lab down
)--");
  } else {
    step("Tidy up: one process is ended, and everything in it with it.");
    show("weft lab down; ls /run/weft-lab/demo 2>/dev/null || echo nothing is left");
  }
  if (broken_.empty()) {
    fmt::print("\nEverything held. {:.1f} s\n", took.count());
    return 0;
  }
  fmt::print("\n{} thing{} did not hold:\n", broken_.size(), broken_.size() == 1 ? "" : "s");
  for (const auto& what : broken_) fmt::print("  {}\n", what);
  return 1;
}

}  // namespace

int demo(const DemoOptions& options) { return Demo(options).run(); }

}  // namespace weft::lab
