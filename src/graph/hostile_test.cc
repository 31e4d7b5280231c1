#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/testing.h"

namespace weft::graph {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What one would rather not meet in a store, beside a policy and an endpoint that are as they should be.
struct HostileTest : ::testing::Test {
  HostileTest() {
    all.in_sync = true;
    all.endpoints.put(endpoint({.name = "web", .labels = {{"role", "web"}}}));
    all.global_policies.put(good());
  }

  static api::GlobalNetworkPolicy good() {
    auto row = global_policy("good", "role == 'web'");
    row.spec.ingress = {rule(api::Action::allow, "role == 'web'")};
    return row;
  }

  /// The plan of everything at once, which is the same when each table comes alone, the last first.
  Tables planned() {
    Tables at_once, one_by_one;
    at_once.apply(Graph("n1", {}, {.staged = true, .network = true}).on(all));
    Graph graph("n1", {}, {.staged = true, .network = true});
    api::Changes first, second, third;
    first.in_sync = true;
    first.endpoints = all.endpoints;
    second.blocks = all.blocks;
    second.pools = all.pools;
    third.global_policies = all.global_policies;
    third.policies = all.policies;
    third.nodes = all.nodes;
    for (auto* part : {&third, &second, &first}) one_by_one.apply(graph.on(std::move(*part)));
    EXPECT_TRUE(at_once == one_by_one);
    EXPECT_EQ(at_once.members_of("role == \"web\""), std::vector<std::string>{"10.0.0.1/32"});
    EXPECT_TRUE(at_once.policies.contains({"GlobalNetworkPolicy", "", "good"}));
    return at_once;
  }

  api::Changes all;
};

TEST_F(HostileTest, GivesAnAddressThatTwoEndpointsClaimToTheFirst) {
  all.endpoints.put(endpoint({.name = "thief"}));
  const auto plan = planned();
  EXPECT_EQ(plan.endpoints.size(), 2u);
  EXPECT_EQ(plan.routes.at(cidr("10.0.0.1/32")).interface, "calithief");
}

TEST_F(HostileTest, RoutesByTheInnermostOfPoolsThatOverlap) {
  api::IpPool outer, inner;
  outer.metadata.name = "outer";
  outer.spec.cidr = cidr("10.0.0.0/16");
  outer.spec.nat_outgoing = true;
  outer.spec.ipip_mode = api::EncapMode::always;
  inner.metadata.name = "inner";
  inner.spec.cidr = cidr("10.0.0.0/24");
  inner.spec.vxlan_mode = api::EncapMode::always;
  all.pools.put(outer);
  all.pools.put(inner);
  const auto plan = planned();
  EXPECT_EQ(plan.cluster_routes.at(cidr("10.0.0.0/16")).pool, plan::PoolType::ipip);
  const auto& route = plan.cluster_routes.at(cidr("10.0.0.1/32"));
  EXPECT_EQ(route.pool, plan::PoolType::vxlan);
  EXPECT_TRUE(route.nat_outgoing);
}

TEST_F(HostileTest, BelievesTheSmallestOfBlocksThatContradictEachOther) {
  api::IpPool pool;
  pool.metadata.name = "pool";
  pool.spec.cidr = cidr("10.0.0.0/16");
  pool.spec.vxlan_mode = api::EncapMode::always;
  all.pools.put(pool);
  api::Block large, small;
  large.cidr = cidr("10.0.0.0/24");
  large.affinity = "host:n2";
  large.attributes.emplace();
  large.attributes->resize(1);
  large.attributes->at(0).secondary["node"] = "n3";
  large.allocations.resize(300, 7);  // more than it can hold, and attributes that are not there
  large.allocations[64] = 0;
  small.cidr = cidr("10.0.0.64/32");
  small.affinity = "host:n4";
  all.blocks.put(large);
  all.blocks.put(small);
  const auto plan = planned();
  EXPECT_EQ(plan.cluster_routes.at(cidr("10.0.0.0/24")).node, "n2");
  EXPECT_EQ(plan.cluster_routes.at(cidr("10.0.0.64/32")).node, "n4");
  EXPECT_EQ(plan.cluster_routes.at(cidr("10.0.0.1/32")).node, "n1");  // the endpoint is here, whatever blocks say
  EXPECT_TRUE(plan.cluster_routes.at(cidr("10.0.0.1/32")).borrowed);
}

TEST_F(HostileTest, TakesSelectorsAndPoliciesOfAnySize) {
  std::string selector = "role == 'web'";
  while (selector.size() < 100'000) selector += " || x" + std::to_string(selector.size()) + " == 'y'";
  all.global_policies.put(global_policy("long", selector));
  all.global_policies.put(global_policy("broken", selector + " ||"));
  auto many = global_policy("many");
  for (int i = 0; i < 10'000; ++i)
    many.spec.ingress.push_back(rule(api::Action::allow, "role == '" + std::to_string(i % 100) + "'"));
  all.global_policies.put(many);
  auto unclear = many;
  unclear.metadata.name = "unclear";
  unclear.spec.ingress.back().destination.ports = {{.range = {80, 80}, .name = {}}};  // of no protocol
  all.global_policies.put(unclear);

  const auto plan = planned();
  EXPECT_TRUE(plan.policies.contains({"GlobalNetworkPolicy", "", "long"}));
  EXPECT_EQ(plan.policies.at({"GlobalNetworkPolicy", "", "many"}).ingress.size(), 10'000u);
  EXPECT_FALSE(plan.policies.contains({"GlobalNetworkPolicy", "", "broken"}));
  EXPECT_FALSE(plan.policies.contains({"GlobalNetworkPolicy", "", "unclear"}));
  EXPECT_THAT(plan.unsupported.at("GlobalNetworkPolicy//broken").reason, HasSubstr("selector"));
  EXPECT_THAT(plan.unsupported.at("GlobalNetworkPolicy//unclear").reason, HasSubstr("ingress[9999]"));
}

}  // namespace
}  // namespace weft::graph
