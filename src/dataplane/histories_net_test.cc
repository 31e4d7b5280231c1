// After any history the kernel holds what a fresh agent would write.
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/strings.h"
#include "dataplane/ruleset.h"
#include "policy/generator.h"
#include "test/nft_table.h"
#include "test/oracle_lab.h"

namespace weft::dataplane {
namespace {

net::Cidr cidr(const std::string& text) { return *net::Cidr::parse_loose(text); }

/// Random changes of a small plan. Rows mention each other as the graph's do: what is mentioned is there.
class History {
 public:
  explicit History(unsigned seed) : random_(seed) {
    now.settings = plan::Settings{};
    for (const std::string id : {"s:a", "s:b"}) now.sets.put({.id = id, .type = plan::SetType::net, .note = id});
    now.sets.put({.id = "n:p", .type = plan::SetType::ip_port, .note = "port"});
    for (const std::string name : {"p", "q", "r"}) now.policies.put(policy(name));
    now.profiles.put({.name = "kns.x", .ingress = {plan::Rule{}}, .egress = {plan::Rule{}}});
  }

  plan::Changes now;  // everything

  plan::Changes step() {
    plan::Changes out;
    for (unsigned i = 1 + below(4); i > 0; --i) change(out);
    now.merge(out);
    return out;
  }

 private:
  unsigned below(unsigned end) { return static_cast<unsigned>(random_() % end); }
  bool chance(unsigned one_in) { return below(one_in) == 0; }
  std::string pick(std::initializer_list<const char*> list) { return list.begin()[below(unsigned(list.size()))]; }

  plan::PolicyId id(const std::string& name) { return {"GlobalNetworkPolicy", "", name}; }

  plan::Policy policy(const std::string& name) {
    plan::Policy row{.id = id(name), .tier = "default", .ingress = {}, .egress = {}};
    for (unsigned i = below(4); i > 0; --i) {
      plan::Rule rule{.action = chance(3) ? plan::Action::pass : chance(2) ? plan::Action::deny : plan::Action::allow};
      if (chance(2)) rule.protocol = net::tcp;
      if (chance(2)) rule.source.sets = {pick({"s:a", "s:b"})};
      if (chance(4)) rule.destination.not_sets = {"s:a"};
      if (chance(4)) rule.source.nets = {cidr(pick({"10.0.0.0/8", "fd00::/8"}))};
      if (rule.protocol && chance(2)) rule.destination.ports = {{80, 80}};
      if (rule.protocol && chance(3)) rule.destination.named_ports = {"n:p"};
      (chance(2) ? row.ingress : row.egress).push_back(rule);
    }
    return row;
  }

  plan::Endpoint endpoint(const std::string& name) {
    plan::Endpoint row{.id = {"k8s", "x/" + name, "eth0"}, .interface = "cali" + name};
    row.addresses = {cidr(pick({"10.0.0.1", "10.0.0.2", "10.0.0.3"}))};
    if (chance(2)) row.addresses.push_back(cidr("fd00::1"));
    if (chance(4)) row.spoof_allowed = {cidr("192.0.2.0/24")};
    if (chance(2)) row.profiles = {"kns.x"};
    const auto tiers = [&](std::vector<plan::TierPolicies>& list) {
      for (const std::string tier : {"a", "default"}) {
        plan::TierPolicies policies{.tier = tier, .default_pass = tier == "a"};
        for (const std::string policy : {"p", "q", "r"}) {
          if (chance(3)) policies.policies.push_back(id(policy));
        }
        if (!policies.policies.empty()) list.push_back(policies);
      }
    };
    tiers(row.ingress);
    tiers(row.egress);
    return row;
  }

  void change(plan::Changes& out) {
    switch (below(6)) {
      case 0:
      case 1: {
        auto row = endpoint(pick({"1", "2", "3"}));
        if (chance(3))
          out.endpoints.drop(row.key());
        else
          out.endpoints.put(row);
        break;
      }
      case 2: out.policies.put(policy(pick({"p", "q", "r"}))); break;
      case 3:
      case 4: {
        plan::SetMember row{pick({"s:a", "s:b"}),
                            cidr(pick({"10.0.0.1", "10.0.0.0/24", "10.0.0.0/16", "fd00::1", "fd00::/64"}))};
        if (chance(5)) row = {"n:p", plan::IpPort{cidr("10.0.0.1").ip(), net::tcp, 80}};
        if (chance(3))
          out.members.drop(row.key());
        else
          out.members.put(row);
        break;
      }
      default: {
        const plan::Pool row{cidr(pick({"10.0.0.0/16", "10.1.0.0/16"})), chance(2)};
        if (chance(3))
          out.pools.drop(row.key());
        else
          out.pools.put(row);
      }
    }
  }

  std::mt19937 random_;
};

TEST(HistoriesNetTest, LeaveTheTableThatAFreshAgentWouldWrite) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    History history(seed);
    test::NftTable lived, fresh;
    {
      const test::InNetns inside;
      Ruleset ruleset;
      ruleset.on(history.now);
      ASSERT_TRUE(ruleset.sync());
      for (int step = 0; step < 25; ++step) {
        ruleset.on(history.step());
        const auto refused = ruleset.sync();
        ASSERT_TRUE(refused) << refused.error().message;
        for (const auto& r : *refused) ADD_FAILURE() << "seed " << seed << ": " << r.object << ": " << r.error.message;
      }
      lived = test::nft_table();
    }
    {
      const test::InNetns inside;
      Ruleset ruleset;
      ruleset.on(history.now);
      ASSERT_TRUE(ruleset.sync());
      fresh = test::nft_table();
    }
    test::expect_same(lived, fresh, seed);
  }
}

/// Random changes of what routes are made of: pods that come, go, move between nodes, interfaces and addresses; pools,
/// blocks, who has them, and nodes.
class RouteHistory : public policy::testing::Generator {
 public:
  using Generator::Generator;

  api::Changes now;  // everything

  api::Changes step() {
    api::Changes out;
    for (unsigned i = 1 + below(4); i > 0; --i) change(out);
    now.merge(out);
    return out;
  }

 private:
  static void put_or_drop(auto& delta, auto row, bool drop) {
    if (drop)
      delta.drop(row.key());
    else
      delta.put(std::move(row));
  }

  void change(api::Changes& out) {
    const bool drop = chance(3);
    switch (below(8)) {
      case 0: return put_or_drop(out.pools, a_pool(), drop);
      case 1: return put_or_drop(out.nodes, node(), drop);
      case 2: return put_or_drop(out.affinities, affinity(), drop);
      case 3: return put_or_drop(out.blocks, block(), drop);
      default: return put_or_drop(out.endpoints, pod(), drop);
    }
  }
  api::WorkloadEndpoint pod() {
    api::WorkloadEndpoint out;
    auto& spec = out.spec;
    spec.node = pick({"n1", "n1", "n1", "n2"});
    spec.orchestrator = "k8s", spec.endpoint = "eth0", spec.container_id = "c";
    spec.pod = pick({"a", "b", "c", "d", "e"});
    spec.interface_name = pick({"cali1", "cali2", "cali3"});
    const int last = static_cast<int>(below(5));
    if (!chance(5)) spec.ip_networks.push_back(cidr("10.65.0." + std::to_string(last)));
    if (!chance(3)) spec.ip_networks.push_back(cidr("fd65::" + std::to_string(last)));
    if (chance(5)) spec.ip_networks.push_back(cidr("10.65.1.7"));
    out.metadata.namespace_ = "x";
    out.metadata.name = api::name_of(spec).value();
    return out;
  }
  api::IpPool a_pool() {
    api::IpPool out;
    out.metadata.name = pick({"one", "two"});
    out.spec.cidr = cidr(pick({"10.65.0.0/16", "10.65.0.0/24", "fd65::/64"}));
    const api::EncapMode modes[] = {api::EncapMode::never, api::EncapMode::always, api::EncapMode::cross_subnet};
    (chance(2) ? out.spec.vxlan_mode : out.spec.ipip_mode) = modes[below(3)];
    out.spec.disabled = chance(4);
    out.spec.nat_outgoing = chance(2);
    return out;
  }
  net::Cidr a_block() { return cidr(pick({"10.65.0.0/26", "10.65.1.0/26", "10.65.2.0/26", "fd65::/122"})); }
  api::BlockAffinity affinity() { return {.host = pick({"n1", "n2"}), .cidr = a_block(), .state = "confirmed"}; }
  api::Block block() {
    api::Block out;
    out.cidr = a_block();
    if (!chance(4)) out.affinity = "host:" + pick({"n1", "n2"});
    return out;
  }
};

// Pods come, go and move between interfaces; routes of the kernel follow, and what is not ours stays as it was.
TEST(HistoriesNetTest, LeaveTheRoutesOfThePlanAndNothingOfOthersTouched) {
  const test::InNetns here;
  ASSERT_EQ(test::shell("ip link add up0 type veth peer name up1 && ip link set up1 up && ip addr add 192.0.2.1/24 dev "
                        "up0 && ip link set up0 up"
                        " && ip route add 198.51.100.0/24 dev up0 proto static"
                        " && ip route add 10.0.0.0/24 via 192.0.2.9 proto 12"
                        " && ip -6 route add 2001:db8::/32 dev up0 proto static"
                        " && ip route add 203.0.113.0/24 dev up0 table 100 && ip rule add fwmark 7 table 100"
                        " && nft add table ip other && nft add chain ip other c"
                        " && for i in 1 2 3; do ip link add cali$i type veth peer name peer$i"
                        " && ip link set cali$i up && ip link set peer$i up || exit 1; done")
                .status,
            0);
  const auto foreign = [] {
    return test::shell(
               "ip -o link | cut -d: -f2 | cut -d@ -f1; ip -4 addr; ip route show table main | grep -v 'dev cali'; "
               "ip -6 route show table main | grep -vE 'dev cali|^fe80'; ip route show table 100; ip rule; ip -6 rule; "
               "nft list table ip other")
        .output;
  };
  const auto ours = [] {
    const auto lines =
        split(test::shell(
                  "{ ip route show table main proto 80; ip -6 route show table main proto 80; } | awk '{print $1, $3}'")
                  .output,
              '\n');
    std::set<std::string> out(lines.begin(), lines.end());
    out.erase("");
    return out;
  };
  const std::string before = foreign();

  unsigned most = 0;
  for (unsigned seed = 0; seed < 8; ++seed) {
    RouteHistory history(seed);
    wire::Agent agent;  // takes over what the one before left
    agent.put({});
    for (int step = 0; step < 30; ++step) {
      agent.put(history.step());
      if (history.chance(2)) continue;  // two steps at once
      agent.wait();
      history.now.in_sync = true;
      const auto plan = graph::Graph("n1", {}).on(history.now);
      std::set<std::string> wanted;
      for (const auto& [key, route] : plan.routes.rows) {
        if (!route) continue;
        wanted.insert((key.is_host() ? net::to_string(key.ip()) : net::to_string(key)) + ' ' + route->interface);
      }
      most = std::max(most, static_cast<unsigned>(wanted.size()));
      ASSERT_TRUE(test::eventually([&] { return ours() == wanted; }))
          << "seed " << seed << ", step " << step << "\nwanted\n"
          << fmt::format("{}\nthere are\n{}", fmt::join(wanted, "\n"), fmt::join(ours(), "\n"));
      ASSERT_EQ(foreign(), before);
    }
  }
  EXPECT_GE(most, 5u);
  EXPECT_EQ(foreign(), before);
}

}  // namespace
}  // namespace weft::dataplane
