// What packets see while the agent is at work: the old verdict or the new one, never a third.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "policy/generator.h"
#include "test/oracle_lab.h"

namespace weft::wire {
namespace {

constexpr int pods = 4;
// No rule tells the ports from here on apart.
constexpr std::uint16_t first_source_port = 20000;

/// Sends the same packets every millisecond, each time as new connections, and holds what becomes of them against what
/// each state of the cluster says.
///
/// Prober and agent share one processor. The kernel decides about a packet in several steps (egress, ingress, lookups
/// in sets), each by the ruleset that is in force at that moment; a commit on another processor between two steps of
/// one packet is the kernel's matter, not ours. On one processor a packet is through before anything else happens.
class Prober {
 public:
  struct Breach {
    std::size_t shot = 0;
    int from = 0, to = 0;
    bool arrived = false;
  };

  /// @param allowed  what may become of each packet in each state: bit 0: it may be lost, bit 1: it may arrive
  using Allowed = std::vector<std::vector<int>>;
  static constexpr int lost = 1, arrives = 2;

  Prober(Lab& lab, std::vector<Shot> shots, std::vector<std::string> ends, Allowed allowed)
      : lab_(lab), shots_(std::move(shots)), ends_(std::move(ends)), allowed_(std::move(allowed)) {
    cpu_set_t one;
    sched_getaffinity(0, sizeof before_, &before_);
    while (!CPU_ISSET(cpu_, &before_)) ++cpu_;
    CPU_ZERO(&one);
    CPU_SET(cpu_, &one);
    sched_setaffinity(0, sizeof one, &one);  // the thread inherits it
    thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
  }
  ~Prober() {
    finish();
    sched_setaffinity(0, sizeof before_, &before_);
  }

  /// State `state + 1` is being made from now on.
  void begin_next() { ++phase_; }
  /// It is in force: only its verdicts count for packets that are sent from now on. Waits for some.
  void settled() {
    ++phase_;
    pass();
  }
  /// Waits for some packets.
  void pass() {
    const auto rounds = rounds_.load();
    EXPECT_TRUE(test::eventually([&] { return rounds_ >= rounds + 2; }, std::chrono::seconds(20)));
  }
  const std::vector<Breach>& finish() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
    return breaches_;
  }
  int rounds() const { return rounds_; }

 private:
  void run(std::stop_token stop) {
    lab_.node().enter();
    auto due = std::chrono::steady_clock::now();
    while (!stop.stop_requested()) {
      round();
      ++rounds_;
      due = std::max(due + std::chrono::milliseconds(1), std::chrono::steady_clock::now());
      std::this_thread::sleep_until(due);
    }
  }

  void round() {
    std::vector<Lab::Shot> out;
    const auto first = token_ + 1;
    for (auto shot : shots_) {
      shot.packet.source_port = static_cast<std::uint16_t>(first_source_port + (++token_ % 40000));
      out.push_back({shot.from, {build(shot.packet, Lab::tail(token_))}});
    }
    const int before = phase_;
    const auto arrivals = lab_.exchange(out);
    const int after = phase_;
    std::vector<bool> arrived(shots_.size());
    for (const auto& arrival : arrivals) {
      const std::size_t i = arrival.token - first;
      if (i < shots_.size() && arrival.at == ends_[i]) arrived[i] = true;
    }
    for (std::size_t i = 0; i < shots_.size(); ++i) {
      int may = 0;
      for (int state = before / 2; state <= (after + 1) / 2; ++state)
        may |= allowed_[static_cast<std::size_t>(state)][i];
      if ((may & (arrived[i] ? arrives : lost)) == 0) breaches_.push_back({i, before, after, arrived[i]});
    }
  }

  Lab& lab_;
  const std::vector<Shot> shots_;
  const std::vector<std::string> ends_;
  const Allowed allowed_;
  std::atomic<int> phase_ = 0;  // 2 * state, odd while the next one is made
  std::atomic<int> rounds_ = 0;
  std::vector<Breach> breaches_;
  std::uint32_t token_ = 0x40000000;
  cpu_set_t before_;
  int cpu_ = 0;
  std::jthread thread_;
};

/// Clusters whose pods keep their interfaces and addresses.
class Generator : public policy::testing::Generator {
 public:
  using policy::testing::Generator::Generator;

  policy::Cluster cluster() {
    policy::Cluster out;
    for (int i = 1; i <= pods; ++i) {
      api::WorkloadEndpoint row;
      auto& spec = row.spec;
      spec.node = "n1", spec.orchestrator = "k8s", spec.endpoint = "eth0", spec.container_id = "c";
      spec.pod = "p" + std::to_string(i), spec.interface_name = "cali" + std::to_string(i);
      spec.ip_networks = {cidr("10.0.0." + std::to_string(i)), cidr("fd00::" + std::to_string(i))};
      row.metadata.namespace_ = i % 2 == 0 ? "x" : "y";
      row.metadata.labels = labels();
      spec.profiles = {"kns." + row.metadata.namespace_};
      row.metadata.name = api::name_of(spec).value();
      put(out.endpoints, row);
    }
    fill(out, 3);
    return out;
  }
};

Shot shot(const std::string& from, const std::string& source, const std::string& to, net::Protocol protocol,
          std::uint16_t port) {
  Shot out;
  out.from = from;
  out.packet.source = *net::Ip::parse(source), out.packet.destination = *net::Ip::parse(to);
  out.packet.protocol = protocol, out.packet.port = port;
  out.packet.source_port = first_source_port;
  return out;
}

std::vector<Shot> probes() {
  return {shot("cali1", "10.0.0.1", "10.0.0.2", net::tcp, 80), shot("cali2", "10.0.0.2", "10.0.0.3", net::udp, 53),
          shot("cali3", "fd00::3", "fd00::4", net::tcp, 8080), shot("cali4", "10.0.0.4", "192.0.2.1", net::tcp, 443),
          shot("eth0", "192.0.2.1", "10.0.0.1", net::tcp, 80), shot("eth0", "2001:db8::1", "fd00::2", net::udp, 53)};
}

/// The verdicts of a cluster, for Prober.
std::vector<int> verdicts(const policy::Cluster& cluster, const std::vector<Shot>& shots) {
  const policy::Oracle oracle(cluster);
  std::vector<int> out;
  for (const auto& shot : shots) out.push_back(judge(oracle, shot).allowed ? Prober::arrives : Prober::lost);
  return out;
}
std::vector<std::string> ends(const policy::Cluster& cluster, const std::vector<Shot>& shots) {
  const policy::Oracle oracle(cluster);
  std::vector<std::string> out;
  for (const auto& shot : shots) out.push_back(judge(oracle, shot).at);
  return out;
}

void expect_none(Prober& prober) {
  const auto breaches = prober.finish();
  EXPECT_TRUE(breaches.empty()) << breaches.size() << " of " << prober.rounds() << " rounds";
  for (std::size_t i = 0; i < std::min<std::size_t>(breaches.size(), 10); ++i) {
    const auto& [shot, from, to, arrived] = breaches[i];
    ADD_FAILURE() << "packet " << shot << (arrived ? " came" : " was lost") << " in phases " << from << " to " << to;
  }
}

class AtomicNetTest : public testing::Test {
 protected:
  /// One half of what goes by allows, the other denies, by whatever means.
  static policy::Cluster even(std::uint32_t& seed, const std::vector<Shot>& shots) {
    for (;; ++seed) {
      auto cluster = Generator(seed).cluster();
      const auto may = verdicts(cluster, shots);
      if (std::ranges::count(may, Prober::arrives) >= 2 && std::ranges::count(may, Prober::lost) >= 2) return cluster;
    }
  }

  /// One state after the other, under the prober's eyes.
  void live_through(
      const std::vector<policy::Cluster>& states, const Prober::Allowed& allowed,
      const std::function<void()>& before_each = [] {}) {
    world_.become(states[0]);
    Prober prober(world_.lab, shots_, ends(states[0], shots_), allowed);
    prober.pass();
    for (std::size_t i = 1; i < states.size(); ++i) {
      prober.begin_next();
      before_each();
      world_.become(states[i]);
      prober.settled();
    }
    expect_none(prober);
  }

  World world_{pods};
  const std::vector<Shot> shots_ = probes();
};

TEST_F(AtomicNetTest, UnderChangesAPacketMeetsTheOldStateOrTheNew) {
  std::uint32_t seed = 1;
  std::vector<policy::Cluster> states;
  Prober::Allowed allowed;
  for (int i = 0; i < 150; ++i, ++seed) {
    states.push_back(even(seed, shots_));
    allowed.push_back(verdicts(states.back(), shots_));
  }
  live_through(states, allowed);
}

TEST_F(AtomicNetTest, AnAgentThatTakesOverChangesNothing) {
  std::uint32_t seed = 1000;
  std::vector<policy::Cluster> states;
  Prober::Allowed allowed;
  for (int i = 0; i < 30; ++i, ++seed) {
    // Now and then the cluster has changed while no agent was there.
    states.push_back(i > 0 && i % 3 != 0 ? states.back() : even(seed, shots_));
    allowed.push_back(verdicts(states.back(), shots_));
  }
  live_through(states, allowed, [&] { world_.restart(); });
}

// Routes are there, of another agent or of a CNI plug-in; policy is not yet.
TEST_F(AtomicNetTest, TheFirstStartLosesNothingThatPolicyAllows) {
  std::uint32_t seed = 2000;
  for (int i = 0; i < 5; ++i, ++seed) {
    const auto cluster = even(seed, shots_);
    const auto final = verdicts(cluster, shots_);
    world_.become(cluster);
    world_.restart();
    ASSERT_EQ(test::shell("nft delete table inet weft").status, 0);
    Prober prober(world_.lab, shots_, ends(cluster, shots_), {std::vector<int>(shots_.size(), Prober::arrives), final});
    prober.pass();
    prober.begin_next();
    world_.become(cluster);
    prober.settled();
    expect_none(prober);
  }
}

// Nothing is there. What policy denies never comes, not for a moment; what it allows comes and goes on to come.
TEST_F(AtomicNetTest, AfterABootPolicyIsThereBeforeAnythingLeadsToAPod) {
  std::uint32_t seed = 3000;
  for (int i = 0; i < 5; ++i, ++seed) {
    World world(pods);
    const auto cluster = even(seed, shots_);
    const auto final = verdicts(cluster, shots_);
    auto at_first = final;
    const auto where = ends(cluster, shots_);
    for (std::size_t j = 0; j < shots_.size(); ++j) {
      if (where[j] == "eth0")
        at_first[j] = Prober::arrives | Prober::lost;  // a pod that nobody made yet
      else
        at_first[j] = Prober::lost | (final[j] & Prober::arrives);
    }
    Prober prober(world.lab, shots_, where, {at_first, final});
    prober.pass();
    prober.begin_next();
    world.become(cluster);
    prober.settled();
    expect_none(prober);
  }
}

// What cannot be mended is made anew, in one transaction.
TEST_F(AtomicNetTest, ATableThatIsMadeAnewIsThereAllTheTime) {
  std::uint32_t seed = 4000;
  const auto cluster = even(seed, shots_);
  const auto may = verdicts(cluster, shots_);
  world_.become(cluster);
  Prober prober(world_.lab, shots_, ends(cluster, shots_), Prober::Allowed(1, may));
  prober.pass();
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(
        test::shell("nft 'add chain inet weft foreign { type filter hook forward priority 5; policy accept; }'").status,
        0);
    world_.restart();
    world_.become(cluster);
    EXPECT_NE(test::shell("nft list chain inet weft foreign").status, 0);
  }
  expect_none(prober);
}

}  // namespace
}  // namespace weft::wire
