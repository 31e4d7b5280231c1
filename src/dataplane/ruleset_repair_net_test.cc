// What becomes of the table when an agent starts anew, when somebody else changes it, and when the kernel refuses a
// part.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>

#include <set>

#include "dataplane/ruleset.h"
#include "dataplane/ruleset_lab.h"
#include "kernel/nft.h"

namespace weft::dataplane {
namespace {

using lab::cidr;
using plan::Action;
using plan::Rule;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

plan::PolicyId policy_id(int i) { return {"NetworkPolicy", "default", fmt::format("p{}", i)}; }

plan::Endpoint endpoint(int i, int policies) {
  plan::Endpoint out{.id = {"k8s", fmt::format("default/pod-{}", i), "eth0"},
                     .interface = fmt::format("cali{}", i),
                     .mac = {},
                     .addresses = {net::Cidr::host(net::Ip::v4(0x0a000000u + static_cast<std::uint32_t>(i)))},
                     .profiles = {"kns.default"}};
  plan::TierPolicies tier{.tier = "default"};
  for (int p = 0; p < policies; ++p) tier.policies.push_back(policy_id(p));
  if (policies > 0) out.ingress = {tier};
  return out;
}

/// Three endpoints, four policies, sets of both kinds, NAT.
plan::Changes everything() {
  plan::Changes out;
  out.settings = plan::Settings{};
  for (int i = 1; i <= 3; ++i) out.endpoints.put(endpoint(i, 4));
  for (int p = 0; p < 4; ++p) {
    Rule rule{.protocol = net::tcp};
    rule.source.sets = {"s:clients"};
    rule.destination.named_ports = {"n:http"};
    rule.destination.ports = {{static_cast<std::uint16_t>(80 + p), static_cast<std::uint16_t>(90 + p)}, {443, 443}};
    Rule last{.action = p == 3 ? Action::pass : Action::deny};
    last.source.nets = {cidr("10.1.0.0/16"), cidr("10.2.0.0/16"), cidr("fd00::/8")};
    out.policies.put({.id = policy_id(p), .tier = "default", .ingress = {rule, last}, .egress = {}});
  }
  out.profiles.put({.name = "kns.default", .ingress = {Rule{}}, .egress = {Rule{}}});
  out.sets.put({.id = "s:clients", .type = plan::SetType::net, .note = "all()"});
  out.sets.put({.id = "n:http", .type = plan::SetType::ip_port, .note = {}});
  for (const auto* text : {"10.0.0.1", "10.0.0.2", "10.3.0.0/16", "10.3.1.0/24", "10.3.0.0/24", "0.0.0.0/8",
                           "224.0.0.0/3", "fd00::1", "fd00:1::/64"}) {
    out.members.put({"s:clients", cidr(text)});
  }
  out.members.put({"n:http", plan::IpPort{lab::ip("10.0.0.1"), net::tcp, 8080}});
  out.members.put({"n:http", plan::IpPort{lab::ip("fd00::1"), net::tcp, 8080}});
  out.pools.put({cidr("10.0.0.0/16"), true});
  return out;
}

class RulesetRepairNetTest : public testing::Test {
 protected:
  static void sync(Ruleset& ruleset) {
    const auto refused = ruleset.sync();
    ASSERT_TRUE(refused) << refused.error().message;
    for (const auto& r : *refused) ADD_FAILURE() << r.object << ": " << r.error.message;
  }
  static std::uint32_t generation() {
    auto socket = kernel::Socket::open(NETLINK_NETFILTER);
    return *kernel::nft::generation(*socket);
  }
  static std::string table() { return test::shell("nft -a list table inet weft").output; }
  /// What nft prints, its sets and chains sorted.
  static std::string without_handles() {
    std::string text = test::shell("nft list table inet weft").output;
    text = text.substr(std::min(text.find('\n') + 1, text.size()));  // without "table inet weft {"
    const std::string_view close = "\n\t}\n";
    std::set<std::string> blocks;
    for (std::size_t at = 0, end = 0; (end = text.find(close, at)) != std::string::npos; at = end + close.size()) {
      const auto start = text.find_first_not_of('\n', at);
      blocks.insert(text.substr(start, end - start));
    }
    std::string out;
    for (const auto& block : blocks) out += block + '\n';
    return out;
  }

  test::InNetns inside;
};

TEST_F(RulesetRepairNetTest, KeepsWhatIsRightAfterARestart) {
  {
    Ruleset before;
    before.on(everything());
    sync(before);
  }
  const auto as_it_was = table();
  const auto generation_before = generation();

  Ruleset after;
  after.on(everything());
  sync(after);

  EXPECT_EQ(generation(), generation_before);  // not one transaction
  EXPECT_EQ(table(), as_it_was);               // handles too
}

TEST_F(RulesetRepairNetTest, WritesOnlyWhatDiffersAfterARestart) {
  {
    Ruleset before;
    before.on(everything());
    sync(before);
  }
  const auto chain = [](const std::string& name) { return test::shell("nft -a list chain inet weft " + name).output; };
  const auto kept = chain("in-NetworkPolicy/default/p0");

  Ruleset after;
  auto changes = everything();
  changes.policies.put({.id = policy_id(1), .tier = "default", .ingress = {}, .egress = {}});
  changes.members.drop({"s:clients", cidr("10.0.0.1")});
  changes.members.put({"s:clients", cidr("10.0.0.3")});
  changes.endpoints.drop(endpoint(3, 4).id);
  after.on(changes);
  sync(after);

  EXPECT_EQ(chain("in-NetworkPolicy/default/p0"), kept);
  EXPECT_THAT(chain("in-NetworkPolicy/default/p1"), Not(HasSubstr("tcp")));
  EXPECT_THAT(without_handles(), ContainsRegex("10.0.0.2,[^-]*10.0.0.3,"));
  EXPECT_THAT(test::shell("nft list set inet weft s-clients-v4-nets").output, Not(HasSubstr("10.0.0.1,")));
  EXPECT_THAT(without_handles(), Not(HasSubstr("cali3")));
}

TEST_F(RulesetRepairNetTest, AMemberIsOneElement) {
  Ruleset ruleset;
  ruleset.on(everything());
  sync(ruleset);
  const auto rules_before = test::shell("nft -a list chain inet weft in-NetworkPolicy/default/p0").output;

  plan::Changes changes;
  changes.members.put({"s:clients", cidr("10.0.0.77")});
  ruleset.on(changes);
  sync(ruleset);

  EXPECT_EQ(test::shell("nft -a list chain inet weft in-NetworkPolicy/default/p0").output, rules_before);
  EXPECT_THAT(without_handles(), HasSubstr("10.0.0.77"));
}

struct Damage {
  const char* what;
  const char* command;
};
void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.what; }

class RulesetDamageNetTest : public RulesetRepairNetTest, public testing::WithParamInterface<Damage> {};

TEST_P(RulesetDamageNetTest, IsRepaired) {
  Ruleset ruleset;
  ruleset.on(everything());
  sync(ruleset);
  const auto as_it_was = without_handles();
  ASSERT_EQ(test::shell(GetParam().command).output, "");
  ASSERT_NE(without_handles(), as_it_was);

  ruleset.reread();
  sync(ruleset);

  EXPECT_EQ(without_handles(), as_it_was);
  const auto generation_after = generation();
  ruleset.reread();
  sync(ruleset);
  EXPECT_EQ(generation(), generation_after);
}

INSTANTIATE_TEST_SUITE_P(
    All, RulesetDamageNetTest,
    testing::Values(
        Damage{"FlushedRuleset", "nft flush ruleset"}, Damage{"DeletedTable", "nft delete table inet weft"},
        Damage{"FlushedTable", "nft flush table inet weft"},
        Damage{"FlushedChain", "nft flush chain inet weft in-NetworkPolicy/default/p0"},
        Damage{"DeletedRule",
               "nft delete rule inet weft in-NetworkPolicy/default/p0 handle $(nft -a list chain inet weft "
               "in-NetworkPolicy/default/p0 | sed -n 's/.*accept.*handle //p' | head -1)"},
        Damage{"AddedRule", "nft insert rule inet weft from-cali1 accept"},
        Damage{"ReplacedRule",
               "nft replace rule inet weft dispatch-from handle $(nft -a list chain inet weft dispatch-from | sed -n "
               "'s/.*drop.*handle //p') accept"},
        Damage{
            "SwappedRules",
            "h=$(nft -a list chain inet weft source-check | sed -n 's/.*drop.*handle //p'); nft delete rule inet weft "
            "source-check handle $h; nft insert rule inet weft source-check drop"},
        Damage{"AddedChain", "nft add chain inet weft mine; nft add rule inet weft mine accept"},
        Damage{"AddedBaseChain",
               "nft add chain inet weft mine '{ type filter hook forward priority -5; policy drop; }'"},
        Damage{"AddedSet",
               "nft add set inet weft mine '{ type ipv4_addr; }'; nft add element inet weft mine { 1.2.3.4 }"},
        Damage{"AddedElement", "nft add element inet weft sources-v4 { cali9 . 1.2.3.4 }"},
        Damage{"DeletedElement", "nft delete element inet weft from-workload { cali1 }"},
        Damage{"RedirectedElement",
               "nft delete element inet weft from-workload { cali1 }; nft add element inet weft from-workload { cali1 "
               ": accept }"},
        Damage{"FlushedSet", "nft flush set inet weft s-clients-v4-nets"},
        Damage{"DeletedInterval", "nft delete element inet weft s-clients-v4-nets { 10.3.0.0/16 }"},
        Damage{"WidenedInterval",
               "nft delete element inet weft s-clients-v4-nets { 10.3.0.0/16 }; nft add element inet weft "
               "s-clients-v4-nets { 10.2.0.0/15 }"},
        Damage{"DormantTable", "nft add table inet weft '{ flags dormant; }'"},
        Damage{"DroppingPolicy", "nft chain inet weft forward '{ policy drop; }'"}),
    [](const auto& info) { return info.param.what; });

TEST_F(RulesetRepairNetTest, NoticesDamageByTheErrorItGets) {
  Ruleset ruleset;
  ruleset.on(everything());
  sync(ruleset);
  const auto as_it_was = without_handles();
  test::shell("nft delete table inet weft");

  plan::Changes changes;
  changes.members.drop({"n:http", plan::IpPort{lab::ip("10.0.0.1"), net::tcp, 8080}});
  ruleset.on(changes);
  sync(ruleset);
  changes = {};
  changes.members.put({"n:http", plan::IpPort{lab::ip("10.0.0.1"), net::tcp, 8080}});
  ruleset.on(changes);
  sync(ruleset);

  EXPECT_EQ(without_handles(), as_it_was);
}

TEST_F(RulesetRepairNetTest, AnotherTableIsNotTouched) {
  test::shell(
      "nft add table inet other; nft add chain inet other weft; nft add rule inet other weft counter accept; nft add "
      "table ip weft");
  const auto others = [] { return test::shell("nft -a list table inet other; nft -a list table ip weft").output; };
  const auto before = others();
  Ruleset ruleset;
  ruleset.on(everything());
  sync(ruleset);
  EXPECT_EQ(others(), before);
  ASSERT_TRUE(Ruleset::remove());
  ASSERT_TRUE(Ruleset::remove());
  EXPECT_EQ(others(), before);
  EXPECT_THAT(test::shell("nft list tables").output, Not(HasSubstr("inet weft")));
}

TEST_F(RulesetRepairNetTest, APolicyThatTheKernelRefusesDeniesAndHoldsBackNothingElse) {
  auto changes = everything();
  changes.settings->log_rate_limit = "0/minute";  // the kernel wants at least one
  changes.policies.put(
      {.id = policy_id(2), .tier = "default", .ingress = {Rule{.action = Action::log}, Rule{}}, .egress = {}});
  Ruleset ruleset;
  ruleset.on(changes);

  const auto refused = ruleset.sync();

  ASSERT_TRUE(refused) << refused.error().message;
  ASSERT_EQ(refused->size(), 1u);
  EXPECT_EQ(refused->front().object, "NetworkPolicy/default/p2");
  const auto chain = [](int p) {
    return test::shell(fmt::format("nft list chain inet weft in-NetworkPolicy/default/p{}", p)).output;
  };
  EXPECT_THAT(chain(2), HasSubstr("drop comment \"NetworkPolicy/default/p2: the kernel refuses it\""));
  EXPECT_THAT(chain(2), Not(HasSubstr("accept")));
  EXPECT_THAT(chain(1), HasSubstr("accept"));

  const auto again = ruleset.sync();  // tried again, refused again, and nothing else changes
  ASSERT_TRUE(again);
  EXPECT_EQ(again->size(), 1u);
  EXPECT_THAT(chain(2), HasSubstr("the kernel refuses it"));

  changes = {};
  changes.settings = plan::Settings{};
  ruleset.on(changes);
  sync(ruleset);
  EXPECT_THAT(chain(2), HasSubstr("log prefix"));
}

TEST_F(RulesetRepairNetTest, APolicyThatMentionsAnUnknownSetDenies) {
  auto changes = everything();
  changes.sets.drop("n:http");
  Ruleset ruleset;
  ruleset.on(changes);

  const auto refused = ruleset.sync();

  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->size(), 4u);
  EXPECT_THAT(test::shell("nft list chain inet weft in-NetworkPolicy/default/p0").output, Not(HasSubstr("accept")));

  ruleset.on(everything());
  sync(ruleset);
  EXPECT_THAT(test::shell("nft list chain inet weft in-NetworkPolicy/default/p0").output, HasSubstr("accept"));
}

TEST_F(RulesetRepairNetTest, DoesNotListenToALargeTransactionAndRepairsWhatWasDoneMeanwhile) {
  std::vector<bool> heard;
  const auto hear = [&](bool on) -> Result<> {
    heard.push_back(on);
    // Somebody comes between our transaction and our listening again, once.
    if (heard.size() == 2) test::shell("nft flush chain inet weft dispatch-from");
    return {};
  };
  auto changes = everything();
  for (std::uint32_t i = 0; i < 5'000; ++i)
    changes.members.put({"s:clients", net::Cidr::host(net::Ip::v4(0x0b000000 + i))});
  Ruleset ruleset;
  ruleset.on(changes);

  const auto refused = ruleset.sync(hear);

  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(heard, (std::vector{false, true}));  // the repair is small
  EXPECT_EQ(ruleset.found(), "chain dispatch-from");
  EXPECT_EQ(ruleset.generation(), generation());
  EXPECT_THAT(test::shell("nft list chain inet weft dispatch-from").output, HasSubstr("vmap @from-workload"));
}

TEST_F(RulesetRepairNetTest, OurOwnCommitIsTheGenerationWeName) {
  Ruleset ruleset;
  ruleset.on(everything());
  sync(ruleset);
  EXPECT_EQ(ruleset.generation(), generation());
}

TEST_F(RulesetRepairNetTest, AnyStateFollowsAnyState) {
  Ruleset ruleset;
  ruleset.on(everything());
  sync(ruleset);

  plan::Changes nothing;
  nothing.endpoints.whole = nothing.policies.whole = nothing.profiles.whole = nothing.sets.whole =
      nothing.members.whole = nothing.pools.whole = nothing.hosts.whole = true;
  ruleset.on(nothing);
  sync(ruleset);
  EXPECT_THAT(without_handles(), Not(HasSubstr("cali1")));
  EXPECT_THAT(without_handles(), Not(HasSubstr("clients")));

  Ruleset empty;
  const auto bare = without_handles();
  sync(empty);
  EXPECT_EQ(without_handles(), bare);

  ruleset.on(everything());
  sync(ruleset);
  const auto full = without_handles();
  test::shell("nft delete table inet weft");
  Ruleset fresh;
  fresh.on(everything());
  sync(fresh);
  EXPECT_EQ(without_handles(), full);
}

TEST_F(RulesetRepairNetTest, ThousandsOfMembersFitOneTransaction) {
  auto changes = everything();
  for (std::uint32_t i = 0; i < 20000; ++i) {
    changes.members.put({"s:clients", net::Cidr::host(net::Ip::v4(0x0b000000 + i))});
    changes.members.put({"n:http", plan::IpPort{net::Ip::v4(0x0b000000 + i), net::tcp, 80}});
  }
  Ruleset ruleset;
  ruleset.on(changes);
  const auto before = generation();
  sync(ruleset);
  EXPECT_EQ(generation(), before + 1);
  EXPECT_EQ(test::shell("nft list set inet weft n-http-v4 | grep -c ' . tcp . '").output, "20001\n");

  Ruleset after;
  after.on(changes);
  sync(after);
  EXPECT_EQ(generation(), before + 1);
}

}  // namespace
}  // namespace weft::dataplane
