#include "graph/rule_check.h"

#include <gtest/gtest.h>

#include "policy/generator.h"
#include "policy/oracle.h"

namespace weft::graph {
namespace {

std::string problem(const api::Rule& rule) {
  const auto result = check(rule);
  return result ? "" : result.error().message;
}

TEST(RuleCheck, RefusesWhatTheOracleFindsUnclear) {
  policy::testing::Generator random(1);
  int unclear = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto rule = random.rule();
    if (random.chance(2)) random.make_unclear(rule);
    unclear += !policy::is_clear(rule);
    ASSERT_EQ(problem(rule).empty(), policy::is_clear(rule)) << "rule " << i << ": " << problem(rule);
  }
  EXPECT_GT(unclear, 2000);
}

TEST(RuleCheck, WantsAProtocolForNumberedPorts) {
  api::Rule rule;
  rule.destination.ports = {{.range = {80, 80}, .name = {}}};
  EXPECT_EQ(problem(rule), "destination.ports: ports need protocol TCP, UDP or SCTP");
  rule.protocol = api::Protocol{net::udplite};
  EXPECT_EQ(problem(rule), "destination.ports: ports need protocol TCP, UDP or SCTP");
  rule.protocol = api::Protocol{net::sctp};
  EXPECT_EQ(problem(rule), "");
  api::Rule named;
  named.source.not_ports = {{.range = {}, .name = "http"}};
  EXPECT_EQ(problem(named), "");
  named.protocol = api::Protocol{net::icmp};
  EXPECT_EQ(problem(named), "source.notPorts: ports need protocol TCP, UDP or SCTP");
}

TEST(RuleCheck, WantsIcmpFieldsToMakeSense) {
  api::Rule rule;
  rule.icmp = api::Icmp{.type = 8, .code = {}, .extra = {}};
  EXPECT_EQ(problem(rule), "icmp: needs protocol ICMP or ICMPv6");
  rule.protocol = api::Protocol{net::icmp};
  EXPECT_EQ(problem(rule), "");
  rule.icmp->type = 255;
  EXPECT_EQ(problem(rule), "icmp: type must be in 0..254");
  rule.icmp = api::Icmp{.type = {}, .code = 0, .extra = {}};
  EXPECT_EQ(problem(rule), "icmp: code needs type");
  api::Rule negated;
  negated.not_icmp = api::Icmp{.type = 8, .code = 256, .extra = {}};
  EXPECT_EQ(problem(negated), "notICMP: code must be in 0..255");
}

TEST(RuleCheck, KeepsServicesAlone) {
  api::Rule rule;
  rule.destination.services = api::ServiceMatch{.name = "db", .namespace_ = {}, .extra = {}};
  EXPECT_EQ(problem(rule), "");
  rule.destination.selector = "all()";
  EXPECT_EQ(problem(rule), "destination: services excludes selectors, nets and service accounts");
}

}  // namespace
}  // namespace weft::graph
