#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "dataplane/dataplane.h"
#include "dataplane/ruleset.h"
#include "loop/loop.h"
#include "schema/value.h"
#include "test/netns.h"

// After any history the table in the kernel is what a fresh agent would write.
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

/// Without handles, and elements of sets in an order of their own.
schema::Value plain(const schema::Value& value) {
  if (const auto* list = value.as_array()) {
    schema::Array out;
    for (const auto& element : *list) out.push_back(plain(element));
    return out;
  }
  const auto* object = value.as_object();
  if (!object) return value;
  schema::Object out;
  for (const auto& [name, member] : *object) {
    if (name == "handle") continue;
    auto shown = plain(member);
    if (auto* elements = shown.as_array(); elements && (name == "elem" || name == "set"))
      std::ranges::sort(*elements, {}, [](const auto& element) { return schema::to_json(element); });
    out.set(name, std::move(shown));
  }
  return out;
}

/// What is in our table: rules in order by chain, everything else by itself.
std::map<std::string, std::vector<std::string>> table() {
  std::map<std::string, std::vector<std::string>> out;
  const auto parsed = schema::parse_json(test::shell("nft -j list table inet weft").output);
  if (!parsed || !parsed->at("nftables")) return out;
  for (const auto& item : *parsed->at("nftables")->as_array()) {
    const auto& [kind, what] = *item.as_object()->begin();
    if (kind == "metainfo") continue;
    const std::string name(kind == "rule" ? what.text("chain") : what.text("name"));
    out[kind + ' ' + name].push_back(schema::to_json(plain(what)));
  }
  return out;
}

TEST(HistoriesNetTest, LeaveTheTableThatAFreshAgentWouldWrite) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    History history(seed);
    std::map<std::string, std::vector<std::string>> lived, fresh;
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
      lived = table();
    }
    {
      const test::InNetns inside;
      Ruleset ruleset;
      ruleset.on(history.now);
      ASSERT_TRUE(ruleset.sync());
      fresh = table();
    }
    ASSERT_FALSE(fresh.empty());
    for (const auto& [name, what] : fresh) {
      ASSERT_TRUE(lived.contains(name)) << "seed " << seed << ": missing " << name;
      EXPECT_EQ(lived.at(name), what) << "seed " << seed << ": " << name;
    }
    for (const auto& [name, what] : lived)
      EXPECT_TRUE(fresh.contains(name)) << "seed " << seed << ": left over " << name;
  }
}

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
    return test::shell(
               "{ ip route show table main proto 80; ip -6 route show table main proto 80; } | "
               "awk '{print $1, $3}' | sort")
        .output;
  };
  loop::Loop loop;
  std::int64_t reached = 0;
  Dataplane dataplane(loop, [&](const Report& report) { reached = std::max(reached, report.revision); });
  const auto until = [&](const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const auto tick = loop.every(std::chrono::milliseconds(2), [&] {
      if (condition() || std::chrono::steady_clock::now() > end) loop.stop();
    });
    loop.run();
    return condition();
  };
  const std::string before = foreign();

  std::mt19937 random(7);
  std::map<net::Cidr, std::string> wanted;
  for (std::int64_t revision = 1; revision <= 40; ++revision) {
    plan::Changes changes;
    changes.revision = revision;
    if (revision == 1) changes.settings = plan::Settings{};
    for (int i = 0; i < 3; ++i) {
      const auto address = cidr("10.0.0." + std::to_string(1 + random() % 5));
      const auto interface = "cali" + std::to_string(1 + random() % 3);
      if (random() % 3 == 0) {
        changes.routes.drop(address);
        wanted.erase(address);
      } else {
        changes.routes.put({.dst = address, .interface = interface});
        wanted[address] = interface;
      }
    }
    dataplane.on(std::move(changes));
    if (random() % 2 == 0) continue;  // two steps at once
    ASSERT_TRUE(until([&] { return reached >= revision; }));
  }
  std::string expected;
  for (const auto& [address, interface] : wanted) expected += net::to_string(address.ip()) + ' ' + interface + '\n';
  EXPECT_TRUE(until([&] { return ours() == expected; })) << "wanted\n" << expected << "there are\n" << ours();
  EXPECT_EQ(foreign(), before);
}

}  // namespace
}  // namespace weft::dataplane
