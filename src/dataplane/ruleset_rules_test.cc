#include "dataplane/ruleset_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/ruleset_chains.h"

namespace weft::dataplane {
namespace {

using plan::Action;
using plan::Rule;
using testing::ElementsAre;
using testing::IsEmpty;

net::Cidr cidr(const std::string& text) { return *net::Cidr::parse_loose(text); }

/// Sets "s:both", "s:v4", "n:one" and "n:two" have members.
std::optional<std::string> find(const plan::SetId& id, net::Family family) {
  if (id == "s:v4" && family == net::Family::v6) return std::nullopt;
  if (id == "s:none") return std::nullopt;
  return set_name(id, family, false);
}

std::vector<std::string> texts(const Rule& rule, const plan::Settings& settings = {}, bool profile = false) {
  std::vector<std::string> out;
  const RuleOwner owner{.name = "default/p ingress",
                        .kind = "NetworkPolicy",
                        .policy = "p",
                        .tier = "t",
                        .id = "NetworkPolicy/default/p",
                        .profile = profile};
  for (const auto& kernel : render_rule(rule, 0, owner, settings, find)) out.push_back(kernel.text);
  return out;
}

Rule with(Rule rule, auto&& change) {
  change(rule);
  return rule;
}

TEST(RulesetRulesTest, AnEmptyRuleMatchesEverythingOnce) { EXPECT_THAT(texts({}), ElementsAre("accept")); }

TEST(RulesetRulesTest, ActionsBecomeVerdicts) {
  EXPECT_THAT(texts({.action = Action::deny}), ElementsAre("drop"));
  EXPECT_THAT(texts({.action = Action::deny}, {.deny_action = plan::DenyAction::reject}), ElementsAre("reject"));
  EXPECT_THAT(texts({.action = Action::pass}), ElementsAre("meta mark set meta mark | 0x00020000 return"));
  EXPECT_THAT(texts({.action = Action::pass}, {}, true), ElementsAre("return"));
  EXPECT_THAT(texts({.action = Action::pass}, {.mark_mask = 0xff000000}),
              ElementsAre("meta mark set meta mark | 0x02000000 return"));
  EXPECT_THAT(texts({.action = Action::log}), ElementsAre("log prefix \"calico-packet: \" level info"));
  EXPECT_THAT(
      texts({.action = Action::log}, {.log_prefix = "%t %k %n %p", .log_rate_limit = "10/minute", .log_rate_burst = 7}),
      ElementsAre("limit rate 10/minute burst 7 packets log prefix \"t NetworkPolicy p NetworkPolicy/default/p: \" "
                  "level info"));
}

TEST(RulesetRulesTest, SaysItForEachFamilyOnlyWhereItDepends) {
  EXPECT_THAT(texts({.protocol = net::tcp}), ElementsAre("meta l4proto tcp accept"));
  EXPECT_THAT(texts({.family = net::Family::v6, .protocol = net::tcp}),
              ElementsAre("meta nfproto ipv6 meta l4proto tcp accept"));
  EXPECT_THAT(texts({.protocol = net::icmp}), ElementsAre("meta nfproto ipv4 meta l4proto icmp accept"));
  EXPECT_THAT(texts(with({}, [](auto& r) { r.source.sets = {"s:both"}; })),
              ElementsAre("ip saddr @s-both-v4 accept", "ip6 saddr @s-both-v6 accept"));
}

TEST(RulesetRulesTest, AnEmptySetMatchesNothingAndItsOppositeEverything) {
  EXPECT_THAT(texts(with({}, [](auto& r) { r.source.sets = {"s:v4"}; })), ElementsAre("ip saddr @s-v4-v4 accept"));
  EXPECT_THAT(texts(with({}, [](auto& r) { r.source.sets = {"s:none"}; })), IsEmpty());
  EXPECT_THAT(texts(with({}, [](auto& r) { r.source.not_sets = {"s:v4"}; })),
              ElementsAre("ip saddr != @s-v4-v4 accept", "meta nfproto ipv6 accept"));
}

TEST(RulesetRulesTest, NetsOfTheOtherFamilyTakeTheRuleOut) {
  EXPECT_THAT(texts(with({}, [](auto& r) { r.source.nets = {cidr("10.0.0.0/8")}; })),
              ElementsAre("ip saddr 10.0.0.0/8 accept"));
  EXPECT_THAT(texts(with({}, [](auto& r) { r.destination.not_nets = {cidr("fd00::/8")}; })),
              ElementsAre("ip6 daddr != fd00::/8 accept"));
  EXPECT_THAT(texts(with({}, [](auto& r) { r.source.not_nets = {cidr("0.0.0.0/0")}; })), IsEmpty());
  EXPECT_THAT(texts(with({}, [](auto& r) { r.source.nets = {cidr("0.0.0.0/0"), cidr("10.0.0.1")}; })),
              ElementsAre("meta nfproto ipv4 accept"));
  EXPECT_THAT(texts(with({},
                         [](auto& r) {
                           r.source.nets = {cidr("10.0.0.0/8")};
                           r.destination.nets = {cidr("fd00::/8")};
                         })),
              IsEmpty());
}

TEST(RulesetRulesTest, ListsBecomeDisjointAnonymousSets) {
  EXPECT_THAT(texts(with({.protocol = net::udp},
                         [](auto& r) {
                           r.source.nets = {cidr("10.0.0.0/8"), cidr("10.1.0.0/16"), cidr("9.9.9.9")};
                           r.destination.ports = {{80, 90}, {85, 100}, {101, 101}, {7, 7}};
                         })),
              ElementsAre("udp dport { 7, 80-101 } ip saddr { 9.9.9.9, 10.0.0.0/8 } accept"));
}

TEST(RulesetRulesTest, NumbersOrNamesOnBothSidesGiveEveryCombination) {
  const auto rule = with({.family = net::Family::v4, .protocol = net::tcp}, [](auto& r) {
    r.source.ports = {{1, 1}};
    r.source.named_ports = {"n:one"};
    r.destination.ports = {{2, 2}};
    r.destination.named_ports = {"n:two"};
    r.destination.nets = {cidr("10.0.0.1"), cidr("10.0.0.2")};
  });
  const std::string nets = "ip daddr { 10.0.0.1, 10.0.0.2 } ";
  const std::string one = "ip saddr . meta l4proto . th sport @n-one-v4 ",
                    two = "ip daddr . meta l4proto . th dport @n-two-v4 ";
  EXPECT_THAT(texts(rule), ElementsAre(nets + "tcp sport 1 tcp dport 2 accept", nets + "tcp sport 1 " + two + "accept",
                                       nets + one + "tcp dport 2 accept", nets + one + two + "accept"));
}

TEST(RulesetRulesTest, OneLogForOnePacket) {
  const auto rule = with({.action = Action::log, .family = net::Family::v4, .protocol = net::tcp}, [](auto& r) {
    r.destination.ports = {{80, 80}};
    r.destination.named_ports = {"n:one"};
  });
  const std::string log = "log prefix \"calico-packet: \" level info";
  EXPECT_THAT(texts(rule), ElementsAre("tcp dport 80 " + log,
                                       "tcp dport != 80 ip daddr . meta l4proto . th dport @n-one-v4 " + log));
}

TEST(RulesetRulesTest, NegatedPortsRequireTheProtocol) {
  EXPECT_THAT(texts(with({.protocol = net::tcp}, [](auto& r) { r.destination.not_ports = {{80, 80}}; })),
              ElementsAre("tcp dport != 80 accept"));
  EXPECT_THAT(texts(with({.protocol = net::icmp}, [](auto& r) { r.destination.not_ports = {{80, 80}}; })), IsEmpty());
  EXPECT_THAT(texts(with({}, [](auto& r) { r.destination.not_ports = {{80, 80}}; })),
              ElementsAre("meta l4proto { tcp, udp, sctp } th dport != 80 accept"));
}

TEST(RulesetRulesTest, IcmpNegationIsOfTypeAndCodeTogether) {
  EXPECT_THAT(texts({.protocol = net::icmp, .icmp = plan::IcmpMatch{8, 0}}),
              ElementsAre("icmp type 8 icmp code 0 accept"));
  EXPECT_THAT(texts({.protocol = net::icmpv6, .not_icmp = plan::IcmpMatch{128, {}}}),
              ElementsAre("icmpv6 type != 128 accept"));
  EXPECT_THAT(texts({.protocol = net::icmp, .not_icmp = plan::IcmpMatch{8, 0}}),
              ElementsAre("icmp type . icmp code != { 8 . 0 } accept"));
}

std::vector<std::string> texts(const kernel::nft::Chain& chain) {
  std::vector<std::string> out;
  for (const auto& rule : chain.rules) out.push_back(rule.text);
  return out;
}

TEST(RulesetChainsTest, ATierAsksForPassOnlyWhereAPolicyHasIt) {
  const plan::PolicyId a{"NetworkPolicy", "ns", "a"}, b{"GlobalNetworkPolicy", "", "b"};
  const plan::TierPolicies tier{"default", false, {a, b}};
  EXPECT_THAT(texts(render_tier(Direction::ingress, tier, {}, [](const auto&) { return false; })),
              ElementsAre("jump in-NetworkPolicy/ns/a", "jump in-GlobalNetworkPolicy/b", "drop"));
  EXPECT_THAT(texts(render_tier(Direction::egress, {"x", true, {a, b}}, {}, [&](const auto& id) { return id == a; })),
              ElementsAre("meta mark set meta mark & 0xfffdffff", "jump out-NetworkPolicy/ns/a",
                          "meta mark & 0x00020000 != 0x00000000 meta mark set meta mark & 0xfffdffff return",
                          "jump out-GlobalNetworkPolicy/b"));
}

TEST(RulesetChainsTest, AnEndpointEndsClosed) {
  const plan::Endpoint endpoint{
      .id = {"k8s", "default/a", "eth0"}, .interface = "cali1", .mac = {}, .profiles = {"kns.default"}};
  EXPECT_THAT(texts(render_endpoint(Direction::egress, endpoint, {})),
              ElementsAre("ct state established,related accept", "ct state invalid drop", "udp dport 4789 drop",
                          "meta l4proto 4 drop", "jump out-Profile/kns.default", "drop"));
  EXPECT_THAT(texts(render_endpoint(Direction::ingress, endpoint, {.invalid_check = false})),
              ElementsAre("ct state established,related accept", "jump in-Profile/kns.default", "drop"));
}

TEST(RulesetNamesTest, AreReadableAndNeverTheSame) {
  EXPECT_EQ(policy_chain(Direction::egress, {"GlobalNetworkPolicy", "", "a.b"}), "out-GlobalNetworkPolicy/a.b");
  EXPECT_EQ(profile_chain(Direction::ingress, "my profile_1"), "in-Profile/my_20profile_5f1");
  const std::string longest(253, 'x');
  const auto one = policy_chain(Direction::egress, {"NetworkPolicy", "ns", longest + "1"});
  EXPECT_LE(one.size(), 200u);
  EXPECT_NE(one, policy_chain(Direction::egress, {"NetworkPolicy", "ns", longest + "2"}));
}

}  // namespace
}  // namespace weft::dataplane
