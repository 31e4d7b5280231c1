#include "graph/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/testing.h"

namespace weft::graph {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

api::Rule to_service(api::Action action) {
  api::Rule row = rule(action);
  row.destination.services = api::ServiceMatch{.name = "db", .namespace_ = {}, .extra = {}};
  return row;
}

TEST(Rules, StayClosedWhereServicesAreUnknown) {
  const auto rules = compile({}, {to_service(api::Action::allow), to_service(api::Action::deny)}, "shop").value();
  const auto& allow = rules.egress.at(0).destination;
  ASSERT_EQ(allow.named_ports.size(), 1u);
  EXPECT_FALSE(rules.sets.at(allow.named_ports[0]).selector);  // nothing is in it
  EXPECT_EQ(rules.sets.at(allow.named_ports[0]).note, "service shop/db");
  EXPECT_EQ(rules.egress.at(1).destination, plan::Side());  // denies everything
  EXPECT_THAT(
      rules.unsupported,
      ElementsAre("egress[0].destination.services: services need Kubernetes; the rule matches nothing",
                  "egress[1].destination.services: services need Kubernetes; the rule denies whatever the service is"));
}

TEST(Rules, KeepTheirL4PartWhereHttpIsAsked) {
  api::Rule row = rule(api::Action::allow);
  row.protocol = api::Protocol{net::tcp};
  row.http.emplace().methods = {"GET"};
  const auto rules = compile({row}, {}, "").value();
  EXPECT_EQ(rules.ingress.at(0).protocol, net::tcp);
  EXPECT_EQ(rules.unsupported.size(), 1u);
}

TEST(Rules, BelongToTheFamilyOfTheirIcmp) {
  api::Rule v4 = rule(api::Action::allow);
  v4.protocol = api::Protocol{net::icmp};
  v4.icmp = api::Icmp{.type = 8, .code = 0, .extra = {}};
  api::Rule v6 = rule(api::Action::deny);
  v6.protocol = api::Protocol{net::icmpv6};
  v6.not_icmp = api::Icmp{.type = 135, .code = {}, .extra = {}};
  api::Rule any = rule(api::Action::pass);
  any.ip_version = 6;
  const auto rules = compile({v4, v6, any, rule(api::Action::log)}, {}, "").value();
  EXPECT_EQ(rules.ingress[0].family, net::Family::v4);
  EXPECT_EQ(rules.ingress[0].icmp, (plan::IcmpMatch{8, 0}));
  EXPECT_EQ(rules.ingress[1].family, net::Family::v6);
  EXPECT_EQ(rules.ingress[1].not_icmp, (plan::IcmpMatch{135, std::nullopt}));
  EXPECT_EQ(rules.ingress[2].family, net::Family::v6);
  EXPECT_EQ(rules.ingress[3].family, std::nullopt);
  EXPECT_EQ(rules.ingress[3].action, plan::Action::log);
}

TEST(Rules, SplitNumbersFromNamesInBothPortLists) {
  api::Rule row = rule(api::Action::allow);
  row.protocol = api::Protocol{net::tcp};
  row.destination.not_selector = "has(a)";
  row.destination.ports = {{.range = {80, 90}, .name = {}}, {.range = {}, .name = "http"}};
  row.destination.not_ports = {{.range = {85, 85}, .name = {}}, {.range = {}, .name = "admin"}};
  row.destination.nets = cidrs({"10.0.0.0/8", "fd00::/8"});
  const auto rules = compile({row}, {}, "").value();
  const auto& side = rules.ingress.at(0).destination;
  EXPECT_THAT(side.ports, ElementsAre(net::PortRange{80, 90}));
  EXPECT_THAT(side.not_ports, ElementsAre(net::PortRange{85, 85}));
  EXPECT_EQ(side.named_ports.size(), 1u);
  EXPECT_EQ(side.not_named_ports.size(), 1u);
  EXPECT_THAT(side.sets, IsEmpty());
  EXPECT_EQ(side.not_sets, (std::vector{api::Selector::parse("has(a)")->id()}));
  EXPECT_EQ(side.nets.size(), 2u);
  EXPECT_EQ(rules.sets.size(), 3u);
  EXPECT_EQ(rules.ingress.at(0).source, plan::Side());
}

TEST(Rules, NameRuleAndFieldOfAnError) {
  EXPECT_EQ(compile({}, {rule(api::Action::allow), rule(api::Action::allow, "?")}, "").error().message.substr(0, 36),
            "egress[1]: source: selector: column ");
}

}  // namespace
}  // namespace weft::graph
