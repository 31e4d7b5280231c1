// What a node runs is killed at random moments, while pods come and go, policies change and packets flow.
// WEFT_KILL_ROUNDS: how many times (10), WEFT_KILL_SEED: for which moments.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include <fmt/core.h>

#include "api/policy.h"
#include "base/env.h"
#include "client/resources.h"
#include "lab/kernel_fixture.h"
#include "lab/lab_fixture.h"
#include "lab/pods.h"
#include "lab/traffic_fixture.h"
#include "lab/wait.h"

namespace weft::lab {
namespace {

using namespace std::chrono_literals;

constexpr const char* policies = R"(
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: server, namespace: default}
spec:
  order: 100
  selector: app == 'server'
  ingress:
  - {action: Allow, protocol: TCP, source: {selector: app == 'friend'}, destination: {ports: [80]}}
  - {action: Allow, protocol: ICMP}
)";

/// Pods that come and go and policies that change, as often as it gets to it.
class Churn {
 public:
  Churn(Lab lab, unsigned seed) : lab_(std::move(lab)), random_(seed) {
    pods_ = std::jthread([this](const std::stop_token& stop) { churn_pods(stop); });
    policies_ = std::jthread([this](const std::stop_token& stop) { churn_policies(stop); });
  }
  /// Stops; pods that are there stay.
  void stop() {
    for (auto* thread : {&pods_, &policies_}) {
      thread->request_stop();
      thread->join();
    }
  }
  std::vector<std::string> troubles() const { return troubles_; }
  int pods() const { return pod_changes_; }
  int policies() const { return policy_changes_; }

 private:
  unsigned pick(unsigned below) {
    const std::lock_guard lock(mutex_);
    return static_cast<unsigned>(random_() % below);
  }
  void trouble(const Error& error) {
    const std::lock_guard lock(mutex_);
    troubles_.push_back(error.message);
  }

  void churn_pods(const std::stop_token& stop) {
    for (int number = 0; !stop.stop_requested(); ++number) {
      const std::string name = fmt::format("churn-{}", number);
      const auto added =
          add_pod(lab_, {.full_name = name,
                         .node = fmt::format("node{}", 1 + pick(2)),
                         .ip = {},
                         .labels = {{"app", pick(2) ? "friend" : "other"}, {"n", std::to_string(number)}},
                         .ports = {},
                         .command = {}});
      if (added) ++pod_changes_;
      // "Try again later" is the right answer of an agent that is not there.
      if (!added && added.error().code != Code::unavailable) trouble(added.error());
      auto pods = lab_.pods();
      if (!pods) continue;
      std::erase_if(*pods, [](const PodState& pod) { return !pod.name.starts_with("churn-"); });
      if (pods->size() < 8) continue;
      const PodState& goes = (*pods)[pick(static_cast<unsigned>(pods->size()))];
      auto deleted = delete_pod(lab_, goes);
      for (int again = 0; !deleted && deleted.error().code == Code::unavailable && again < 1000; ++again) {
        std::this_thread::sleep_for(20ms);
        deleted = delete_pod(lab_, goes);
      }
      if (!deleted) trouble(deleted.error());
    }
  }

  void churn_policies(const std::stop_token& stop) {
    const auto store = lab_.open_store();
    if (!store) return trouble(store.error());
    while (!stop.stop_requested()) {
      api::NetworkPolicy policy;
      policy.metadata.namespace_ = "default";
      policy.metadata.name = fmt::format("churn-{}", pick(6));
      policy.spec.order = pick(200);
      policy.spec.selector = pick(2) ? "all()" : "app == 'server'";
      policy.spec.ingress = {api::Rule{.action = api::Action::allow,
                                       .protocol = api::parse_protocol("TCP").value(),
                                       .source = {.selector = fmt::format("n == '{}'", pick(40))},
                                       .destination = {.ports = {api::parse_port("9000").value()}}}};
      const auto done = pick(3) ? client::apply(**store, policy)
                                : client::remove<api::NetworkPolicy>(**store, policy.metadata.name, "default");
      if (!done && done.error().code != Code::not_found) trouble(done.error());
      ++policy_changes_;
      std::this_thread::sleep_for(5ms);
    }
  }

  Lab lab_;
  std::mutex mutex_;
  std::mt19937 random_;
  std::vector<std::string> troubles_;
  std::atomic<int> pod_changes_ = 0, policy_changes_ = 0;
  std::jthread pods_, policies_;
};

class KillTest : public LabTest {
 protected:
  const unsigned seed = static_cast<unsigned>(std::atoi(env_or("WEFT_KILL_SEED", "1").c_str()));
  const int rounds = std::max(1, std::atoi(env_or("WEFT_KILL_ROUNDS", "10").c_str()));

  Lab lab() { return Lab::find(name).value(); }
  std::string netns(const PodState& pod) {
    return Lab::file_of(lab().node(pod.node).value(), "/run/netns/" + pod.container);
  }
  void begin() {
    ok("lab up --nodes 2");
    add_pod("default/server --node node1 --labels app=server");
    add_pod("default/friend --node node2 --labels app=friend");
    ok("lab apply -f -", policies);
    ok("lab wait");
  }
  std::unique_ptr<Traffic> traffic() {
    const auto from = lab().pod("friend").value(), to = lab().pod("server").value();
    return std::make_unique<Traffic>(netns(from), netns(to), to.addresses.at(0));
  }
  void settle() {
    const auto progress = lab::wait(lab(), 30s);
    ASSERT_TRUE(progress) << progress.error().message;
    for (const auto& node : *progress) EXPECT_EQ(join(node.lacks, ", "), "") << node.node;
  }
  /// A node's agent is killed, everything of ours taken out of the kernel before the next one looks.
  void begin_afresh(const NodeState& node) {
    const auto agents = lab().component(node, "agent");
    ASSERT_EQ(agents.size(), 1u);
    ::kill(agents[0], SIGSTOP);
    on_node(node,
            "nft delete table inet weft; ip route flush proto 80; ip -6 route flush proto 80; for d in "
            "$(ls /proc/sys/net/ipv4/conf | grep ^cali); do ip neigh flush dev $d nud permanent; done");
    ::kill(agents[0], SIGKILL);
    ASSERT_TRUE(eventually([&] {
      const auto now = lab().component(node, "agent");
      return !now.empty() && now != agents;
    }));
  }
};

TEST_F(KillTest, AgentsLoseNoPacketAndEndWithWhatAFreshOneWrites) {
  begin();
  const auto nodes = lab().nodes().value();
  const auto flow = traffic();
  Churn churn(lab(), seed);
  std::mt19937 random(seed);
  int killed = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto& node = nodes[static_cast<std::size_t>(round % 2)];
    EXPECT_TRUE(eventually([&] { return !lab().component(node, "agent").empty(); })) << "it is started again";
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 300));
    for (const pid_t pid : lab().component(node, "agent")) killed += ::kill(pid, SIGKILL) == 0;
  }
  std::this_thread::sleep_for(300ms);
  churn.stop();
  settle();
  const Seen seen = flow->stop();
  fmt::print("{} agents killed; {} pods added, {} policies changed; {}\n", killed, churn.pods(), churn.policies(),
             seen.text());

  EXPECT_TRUE(seen.clean()) << seen.text();
  EXPECT_EQ(killed, rounds);
  EXPECT_GT(churn.pods(), 0);
  for (const auto& trouble : churn.troubles()) ADD_FAILURE() << trouble;
  EXPECT_EQ(weft("lab exec node1 -- weft ipam check").status, 0);
  for (const auto& node : nodes) {
    const auto after_churn = kernel_of(node);
    begin_afresh(node);
    settle();
    expect_same(after_churn, kernel_of(node), node.name);
  }
}

TEST_F(KillTest, ConfdBirdAndTheNodeItselfLoseNoPacketAndNoRoute) {
  begin();
  const auto nodes = lab().nodes().value();
  settle();
  const auto flow = traffic();
  Churn churn(lab(), seed);
  std::mt19937 random(seed);
  int killed = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto& node = nodes[random() % 2];
    const char* const component = std::array{"confd", "bird", "node"}[static_cast<std::size_t>(round % 3)];
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 500));
    const auto pids = lab().component(node, component);
    EXPECT_EQ(pids.size(), 1u) << component;
    for (const pid_t pid : pids) killed += ::kill(pid, SIGKILL) == 0;
    // One BIRD after the other: what one that is gone has told lives on in its neighbour until it is told anew.
    if (component != std::string_view("confd")) settle();
  }
  churn.stop();
  settle();
  const Seen seen = flow->stop();
  fmt::print("{} killed; {} pods added, {} policies changed; {}\n", killed, churn.pods(), churn.policies(),
             seen.text());

  EXPECT_TRUE(seen.clean()) << seen.text();
  EXPECT_EQ(killed, rounds);
  for (const auto& trouble : churn.troubles()) ADD_FAILURE() << trouble;
  for (const auto& node : nodes) {
    const auto after_churn = kernel_of(node);
    begin_afresh(node);
    settle();
    expect_same(after_churn, kernel_of(node), node.name);
  }
}

}  // namespace
}  // namespace weft::lab
