#include "node/check.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weft::node {
namespace {

using Level = Finding::Level;

Facts good_facts() {
  Facts facts;
  facts.root = true;
  facts.kernel = "6.1.0-18-amd64";
  facts.ipv6 = true;
  facts.forwarding_v4 = facts.forwarding_v6 = true;
  facts.bird = "BIRD version 2.0.12";
  facts.mtu = 1500;
  facts.mtu_of = "eth0";
  return facts;
}

const Finding& of(const std::vector<Finding>& findings, const std::string& subject) {
  const auto at = std::find_if(findings.begin(), findings.end(), [&](const auto& f) { return f.subject == subject; });
  EXPECT_NE(at, findings.end()) << subject;
  return *at;
}

TEST(CheckSystemTest, FindsNothingWrongWithAGoodMachine) {
  for (const auto& finding : judge(good_facts())) EXPECT_EQ(finding.level, Level::good) << finding.subject;
  EXPECT_EQ(of(judge(good_facts()), "mtu").text, "1500 bytes, as eth0 has");
}

TEST(CheckSystemTest, SaysWhatTheKernelRefused) {
  auto facts = good_facts();
  facts.nftables = fail(Code::unsupported, "chain forward: Operation not supported");

  EXPECT_EQ(of(judge(facts), "nftables"),
            (Finding{Level::missing, "nftables",
                     "no policy: the kernel refuses our table (chain forward: Operation not supported)"}));
}

TEST(CheckSystemTest, OnlyNotesForwardingThatIsOffForTheAgentTurnsItOn) {
  auto facts = good_facts();
  facts.forwarding_v4 = false;

  const auto findings = judge(facts);
  EXPECT_EQ(of(findings, "forwarding").level, Level::note);
  EXPECT_NE(of(findings, "forwarding").text.find("net.ipv4.ip_forward=1"), std::string::npos);
  EXPECT_EQ(of(findings, "forwarding6").level, Level::good);
}

TEST(CheckSystemTest, WarnsOfAFirewallThatDropsForwardedTraffic) {
  auto facts = good_facts();
  facts.dropping = {{"table ip filter chain FORWARD"}};

  const auto findings = judge(facts);
  EXPECT_EQ(of(findings, "firewall").level, Level::warning);
  EXPECT_TRUE(of(findings, "firewall").text.starts_with("table ip filter chain FORWARD has policy drop"));
}

TEST(CheckSystemTest, BirdMustBeThereAndOfTheRightKind) {
  auto facts = good_facts();
  facts.bird = "";
  EXPECT_EQ(of(judge(facts), "bird").level, Level::missing);
  facts.bird = "BIRD version 1.6.8";
  EXPECT_EQ(of(judge(facts), "bird").level, Level::warning);
}

TEST(CheckSystemTest, SaysWhenNoInterfaceGivesTheMtu) {
  auto facts = good_facts();
  facts.mtu = mtu_without_interface;
  facts.mtu_of = "";
  EXPECT_EQ(of(judge(facts), "mtu").level, Level::warning);
  EXPECT_TRUE(of(judge(facts), "mtu").text.starts_with("1460 bytes"));
}

}  // namespace
}  // namespace weft::node
