// The kernel against the oracle: random clusters, put into force by the agent's own code, and random packets, sent for
// real. By hand: WEFT_SEED, WEFT_PACKETS, WEFT_SCENARIO (test/README.md).
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "base/env.h"
#include "base/file.h"
#include "policy/generator.h"
#include "test/nft_table.h"
#include "test/oracle_lab.h"

namespace weft::wire {
namespace {

constexpr int pods = 6;
constexpr int packets_per_cluster = 100;

/// Clusters of the lab's node n1 and of another, n2, and packets that may mean something to them.
class Generator : public policy::testing::Generator {
 public:
  using policy::testing::Generator::Generator;

  policy::Cluster cluster() {
    policy::Cluster out;
    for (int i = 1; i <= pods; ++i) {
      if (!chance(8)) put(out.endpoints, endpoint("n1", i));
    }
    if (chance(4)) put(out.endpoints, twin());
    for (int i = 1; i <= 3; ++i) put(out.endpoints, endpoint("n2", i));
    fill(out, 1 + below(4));
    for (unsigned i = below(3); i > 0; --i) put(out.host_endpoints, host_endpoint());
    for (unsigned i = below(3); i > 0; --i) put(out.felix_configurations, configuration());
    for (unsigned i = below(3); i > 0; --i) put(out.pools, pool());
    for (unsigned i = below(3); i > 0; --i) put(out.nodes, node());
    return out;
  }

  Shot shot(const policy::Cluster& cluster) {
    Shot out;
    auto& packet = out.packet;
    const bool v4 = !chance(3);
    const auto family = v4 ? net::Family::v4 : net::Family::v6;
    out.from = from();
    packet.destination = destination(cluster, family);
    packet.source = source(cluster, out.from, family, is_node(packet.destination));
    static constexpr std::uint8_t protocols[] = {6, 6, 6, 6, 17, 17, 17, 1, 1, 132, 47, 4, 200};
    packet.protocol = {protocols[below(13)]};
    packet.port = port();
    const api::Rule* hint = chance(3) ? nullptr : some_rule(cluster);
    if (hint && hint->protocol) packet.protocol = hint->protocol->value;
    if (packet.protocol == net::icmp || packet.protocol == net::icmpv6) packet.protocol = v4 ? net::icmp : net::icmpv6;
    if (hint) {
      for (const auto& wanted : hint->destination.ports) {
        if (!wanted.is_named() && chance(2)) packet.port = chance(2) ? wanted.range.first : wanted.range.last;
      }
    }
    packet.source_port = chance(6) ? port() : static_cast<std::uint16_t>(20000 + below(40000));
    static constexpr std::uint8_t types4[] = {8, 8, 8, 13, 0, 3}, types6[] = {128, 128, 128, 129, 135, 1};
    packet.type = (v4 ? types4 : types6)[below(6)];
    packet.code = static_cast<std::uint8_t>(below(4) / 3);
    if (hint && hint->icmp && hint->icmp->type && chance(2)) {
      packet.type = static_cast<std::uint8_t>(*hint->icmp->type);
      packet.code = static_cast<std::uint8_t>(hint->icmp->code.value_or(0));
    }
    static constexpr std::uint8_t flags[] = {ack, ack, rst, syn | ack, fin | ack, 0, syn};
    packet.flags = flags[chance(6) ? below(6) : 6];
    return out;
  }

 private:
  api::WorkloadEndpoint endpoint(const std::string& node, int number) {
    api::WorkloadEndpoint out;
    auto& spec = out.spec;
    spec.node = node, spec.orchestrator = "k8s", spec.endpoint = "eth0";
    spec.pod = fmt::format("{}{}", node == "n1" ? "p" : "r", number);
    spec.container_id = "c";
    spec.interface_name = fmt::format("cali{}", number);
    const std::string v4 = node == "n1" ? "10.0.0" : "10.0.2", v6 = node == "n1" ? "fd00" : "fd00:2";
    if (!chance(8)) spec.ip_networks.push_back(cidr(fmt::format("{}.{}", v4, number)));
    if (!chance(3)) spec.ip_networks.push_back(cidr(fmt::format("{}::{}", v6, number)));
    if (chance(6)) spec.ip_networks.push_back(cidr(fmt::format("{}.{}", v4, 10 + number)));
    if (chance(10)) spec.allow_spoofed_source_prefixes = {cidr(pick({"10.9.0.0/16", "fd09::/64"}))};
    if (chance(30)) spec.interface_name.clear();
    spec.mac = Lab::pod_mac;
    out.metadata.namespace_ = a_namespace();
    out.metadata.labels = labels();
    if (!chance(4)) spec.service_account_name = pick({"s", "t"});
    if (!chance(6)) spec.profiles.push_back("kns." + out.metadata.namespace_);
    if (!spec.service_account_name.empty()) spec.profiles.push_back("ksa.x." + spec.service_account_name);
    if (chance(8)) spec.profiles.push_back(pick({"kns.y", "kns.x", "absent", "projectcalico-default-allow"}));
    if (chance(2)) spec.ports.push_back(port_of("http", net::tcp, chance(2) ? 80 : 8080));
    if (chance(3)) spec.ports.push_back(port_of("dns", net::udp, 53));
    if (chance(4)) spec.ports.push_back(port_of("http", net::udp, 8080));
    if (chance(3)) spec.ports.push_back(port_of("sig", net::sctp, 9000));
    out.metadata.name = api::name_of(spec).value();
    return out;
  }
  /// Somebody else's interface.
  api::WorkloadEndpoint twin() {
    auto out = endpoint("n1", 1 + static_cast<int>(below(pods)));
    out.spec.pod = chance(2) ? "a" : "z";
    out.spec.ip_networks = {cidr("10.0.0.20")};
    out.metadata.name = api::name_of(out.spec).value();
    return out;
  }
  static api::EndpointPort port_of(std::string name, net::Protocol protocol, int number) {
    api::EndpointPort out;
    out.name = std::move(name), out.protocol = {protocol}, out.port = number;
    return out;
  }

  std::string from() {
    if (chance(20)) return "";
    if (chance(3)) return "eth0";
    return fmt::format("cali{}", 1 + below(pods));
  }
  std::uint16_t port() {
    static constexpr std::uint16_t ports[] = {80, 80, 8080, 8085, 443, 53, 9000, 4789, 79, 81, 5000, 65535, 1};
    return ports[below(13)];
  }
  net::Ip outside(net::Family family) {
    return ip(family == net::Family::v4
                  ? pick({"192.0.2.1", "192.0.2.2", "198.51.100.7", "203.0.113.5", "10.1.0.9", "10.0.2.1", "10.0.2.2",
                          "10.0.2.13"})
                  : pick({"2001:db8::1", "2001:db8::2", "2001:db8:1::7", "fd00:2::1", "fd00:2::2"}));
  }
  net::Ip of_pod(const policy::Cluster& cluster, net::Family family) {
    std::vector<net::Ip> all;
    for (const auto& [key, endpoint] : cluster.endpoints) {
      for (const auto& net : endpoint.spec.ip_networks) {
        if (net.family() == family && endpoint.spec.node == "n1") all.push_back(net.ip());
      }
    }
    return all.empty() ? outside(family) : all[below(static_cast<unsigned>(all.size()))];
  }
  net::Ip destination(const policy::Cluster& cluster, net::Family family) {
    if (chance(10)) return ip(family == net::Family::v4 ? Lab::node_v4 : Lab::node_v6);
    return chance(4) ? outside(family) : of_pod(cluster, family);
  }
  net::Ip source(const policy::Cluster& cluster, const std::string& from, net::Family family, bool to_node) {
    const bool v4 = family == net::Family::v4;
    if (from.empty()) return ip(v4 ? Lab::node_v4 : Lab::node_v6);
    if (from == "eth0") return chance(12) ? of_pod(cluster, family) : outside(family);
    if (chance(20)) {  // lies
      if (to_node && !v4 && chance(2)) return ip("fe80::7");
      return chance(2) ? of_pod(cluster, family) : ip(v4 ? "10.9.1.1" : "fd09::1");
    }
    const policy::Oracle oracle(cluster);
    const auto* endpoint = oracle.on_interface("n1", from);
    std::vector<net::Ip> own;
    for (const auto& net : endpoint ? endpoint->spec.ip_networks : std::vector<net::Cidr>()) {
      if (net.family() == family) own.push_back(net.ip());
    }
    if (own.empty()) return ip((v4 ? "10.0.0." : "fd00::") + from.substr(4));
    return own[below(static_cast<unsigned>(own.size()))];
  }
  const api::Rule* some_rule(const policy::Cluster& cluster) {
    std::vector<const api::Rule*> all;
    const auto look = [&](const auto& table) {
      for (const auto& [key, row] : table) {
        for (const auto& rule : row.spec.ingress) all.push_back(&rule);
        for (const auto& rule : row.spec.egress) all.push_back(&rule);
      }
    };
    look(cluster.policies), look(cluster.global_policies), look(cluster.profiles);
    return all.empty() ? nullptr : all[below(static_cast<unsigned>(all.size()))];
  }
};

/// Packets of which none is taken for an answer to another: no connection is met twice.
class Connections {
 public:
  bool fresh(const Packet& packet, const Judgement& judgement) {
    const bool icmp = packet.protocol == net::icmp || packet.protocol == net::icmpv6;
    Tuple there{packet.source, packet.destination, packet.protocol.number, 0, 0};
    if (packet.protocol.has_ports()) there.source_port = packet.source_port, there.port = packet.port;
    if (icmp)
      there.source_port = packet.source_port, there.port = static_cast<std::uint16_t>(packet.type << 8 | packet.code);
    Tuple translated = there;
    translated.source = judgement.source;
    if (seen_.contains(there) || seen_.contains(translated)) return false;
    for (const auto& tuple : {there, translated}) {
      seen_.insert(tuple);
      seen_.insert({tuple.destination, tuple.source, tuple.protocol, tuple.port, tuple.source_port});
    }
    return true;
  }
  void clear() { seen_.clear(); }

 private:
  struct Tuple {
    net::Ip source, destination;
    std::uint8_t protocol;
    std::uint16_t source_port, port;
    auto operator<=>(const Tuple&) const = default;
  };
  std::set<Tuple> seen_;
};

/// Whether kernel and oracle still disagree about the packet, asked of a world that is this and nothing else.
bool disagree(World& world, const Scenario& scenario) {
  auto cluster = policy::testing::cluster_of(scenario.documents);
  const policy::Oracle oracle(cluster);
  world.become(cluster, true);
  world.forget();
  const auto judged = judge(oracle, scenario.shots.back());
  const auto outcome = world.send(oracle, scenario.shots).back();
  return outcome.arrived != judged.allowed || (outcome.arrived && outcome.source != judged.source);
}

std::string told(const policy::Cluster& cluster, const Shot& shot, const World::Outcome& outcome) {
  const policy::Oracle oracle(cluster);
  const auto judged = judge(oracle, shot);
  return fmt::format("# oracle: {}{}: {}\n# kernel: {}\n",
                     judged.allowed ? "allowed, from " + net::to_string(judged.source) : "denied",
                     judged.at.empty() ? " to the node" : " out of " + judged.at, judged.why(),
                     outcome.arrived ? "came, from " + net::to_string(outcome.source) : "did not come");
}

void report(World& world, const policy::Cluster& cluster, const Shot& shot, std::uint32_t seed) {
  Scenario scenario{policy::testing::documents_of(cluster), {shot}};
  std::string how = "minimised";
  if (!disagree(world, scenario)) {
    how = "only after what was in force before";
  } else {
    scenario = minimised(std::move(scenario), [&](const Scenario& smaller) { return disagree(world, smaller); });
  }
  const auto small = policy::testing::cluster_of(scenario.documents);
  const policy::Oracle oracle(small);
  world.become(small, true);
  world.forget();
  const auto outcome = world.send(oracle, {shot}).front();
  const auto text = told(small, shot, outcome) + to_yaml(scenario);
  const auto file = fmt::format("{}/weft-scenario-{}.yaml", ::testing::TempDir(), seed);
  std::ofstream(file) << text;
  ADD_FAILURE() << "kernel and oracle disagree (seed " << seed << ", " << how << "); " << file << ":\n" << text;
}

TEST(OracleNetTest, SaysOfEveryPacketWhatTheKernelDoes) {
  const auto number = [](const char* name, unsigned long otherwise) {
    const auto text = env_or(name, "");
    return text.empty() ? otherwise : std::stoul(text);
  };
  const auto packets = number("WEFT_PACKETS", 10'000);
  auto seed = static_cast<std::uint32_t>(number("WEFT_SEED", 1));

  World world(pods);
  using What = policy::Step::What;
  std::map<What, int> deciders;
  unsigned long sent = 0;
  int allowed = 0, failures = 0;
  for (; sent < packets && failures < 3; ++seed) {
    Generator generator(seed);
    const auto cluster = generator.cluster();
    const policy::Oracle oracle(cluster);
    if (generator.chance(10)) world.restart();
    world.become(cluster, generator.chance(4));
    world.forget();
    Connections connections;
    std::vector<Shot> shots;
    std::vector<Judgement> judged;
    for (int i = 0; i < 4 * packets_per_cluster && shots.size() < packets_per_cluster; ++i) {
      auto shot = generator.shot(cluster);
      auto judgement = judge(oracle, shot);
      const auto& packet = shot.packet;
      // What is meant for its own sender cannot be told from the node's answers to it.
      if (judgement.at == shot.from || packet.source == packet.destination || !connections.fresh(packet, judgement))
        continue;
      shots.push_back(std::move(shot));
      judged.push_back(std::move(judgement));
    }
    const auto outcomes = world.send(oracle, shots);
    for (std::size_t i = 0; i < shots.size(); ++i) {
      allowed += judged[i].allowed ? 1 : 0;
      for (const auto& place : judged[i].journey.places) ++deciders[place.verdict.deciding().what];
      if (outcomes[i].arrived == judged[i].allowed && (!outcomes[i].arrived || outcomes[i].source == judged[i].source))
        continue;
      report(world, cluster, shots[i], seed);
      ++failures;
      break;
    }
    sent += shots.size();
  }
  std::string spread;
  for (const auto& [what, count] : deciders) spread += fmt::format(" {}:{}", static_cast<int>(what), count);
  fmt::print("{} packets, {} allowed; deciders{}\n", sent, allowed, spread);
  if (sent < 1000) return;
  // Otherwise it would say little.
  EXPECT_GT(allowed, static_cast<int>(sent / 6));
  EXPECT_LT(allowed, static_cast<int>(sent / 6 * 5));
  for (const auto what : {What::source_check, What::closed, What::invalid, What::tunnel, What::discovery, What::rule,
                          What::tier_default, What::bad_profile, What::no_profile, What::host_action, What::not_asked})
    EXPECT_GT(deciders[what], 0) << "never the one that decides: " << static_cast<int>(what);
}

TEST(OracleNetTest, LeavesTheTableOfAFreshAgentAfterAnyHistoryOfClusters) {
  for (unsigned seed = 0; seed < 8; ++seed) {
    Generator random(seed);
    policy::Cluster cluster;
    test::NftTable lived, fresh;
    {
      const test::InNetns inside;
      Agent agent;
      agent.put(policy::changes_of(cluster));
      for (int step = 0; step < 12; ++step) {
        auto next = random.cluster();
        agent.put(difference(cluster, next));
        cluster = std::move(next);
        if (!random.chance(3)) agent.wait();  // else two at once
      }
      agent.wait();
      lived = test::nft_table();
    }
    {
      const test::InNetns inside;
      Agent agent;
      agent.put(policy::changes_of(cluster));
      agent.wait();
      fresh = test::nft_table();
    }
    test::expect_same(lived, fresh, seed);
  }
}

TEST(OracleNetTest, RunsAScenarioByHand) {
  const auto file = env_or("WEFT_SCENARIO", "");
  if (file.empty()) GTEST_SKIP() << "WEFT_SCENARIO=FILE";
  const auto scenario = read_scenario(read_file(file).value());
  const auto cluster = policy::testing::cluster_of(scenario.documents);
  const policy::Oracle oracle(cluster);
  World world(pods);
  world.become(cluster);
  const auto outcomes = world.send(oracle, scenario.shots, true);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto judged = judge(oracle, scenario.shots[i]);
    EXPECT_EQ(outcomes[i].arrived, judged.allowed) << told(cluster, scenario.shots[i], outcomes[i]);
    fmt::print("{}", told(cluster, scenario.shots[i], outcomes[i]));
  }
}

}  // namespace
}  // namespace weft::wire
