#include "graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/testing.h"

namespace weft::graph {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct GraphTest : ::testing::Test {
  Graph graph{"n1", {}};
  Tables plan;
  api::Changes next{.in_sync = true};

  plan::Changes feed() {
    plan::Changes changes = graph.on(std::exchange(next, {}));
    plan.apply(changes);
    return changes;
  }
  std::vector<std::string> policies_of(const std::string& pod, bool ingress = true) {
    std::vector<std::string> list;
    const auto it = plan.endpoints.find({"k8s", "default/" + pod, "eth0"});
    if (it == plan.endpoints.end()) return {"no such endpoint"};
    for (const auto& tier : ingress ? it->second.ingress : it->second.egress) {
      list.push_back(tier.tier + (tier.default_pass ? " pass" : " deny"));
      for (const auto& id : tier.policies) list.push_back(plan::to_string(id));
    }
    return list;
  }
};

TEST_F(GraphTest, SaysNothingBeforeItsInputIsInSync) {
  next = {};
  next.revision = 5;
  next.endpoints.put(endpoint({.name = "web"}));
  const auto early = feed();
  EXPECT_TRUE(early.endpoints.empty() && early.routes.empty() && !early.settings);

  next.in_sync = true;
  next.revision = 7;
  const auto first = feed();
  EXPECT_EQ(plan.endpoints.size(), 1u);
  EXPECT_EQ(plan.routes.at(cidr("10.0.0.1")).interface, "caliweb");
  EXPECT_TRUE(first.settings);
  EXPECT_EQ(first.revision, 7);

  next.revision = 9;
  const auto later = feed();
  EXPECT_TRUE(later.endpoints.empty() && later.routes.empty() && !later.settings);
  EXPECT_EQ(later.revision, 9);
}

TEST_F(GraphTest, HoldsChangesBackWhileTheStoreIsNotReady) {
  next.endpoints.put(endpoint({.name = "web"}));
  feed();
  api::ClusterInformation information;
  information.metadata.name = "default";
  information.spec.datastore_ready = false;
  next.cluster_information.put(information);
  next.endpoints.drop(endpoint({.name = "web"}).key());
  next.revision = 8;
  const auto held = feed();
  EXPECT_TRUE(held.endpoints.empty());
  EXPECT_EQ(held.revision, 0);

  information.spec.datastore_ready = true;
  next.cluster_information.put(information);
  const auto released = feed();
  EXPECT_THAT(plan.endpoints, IsEmpty());
  EXPECT_EQ(released.revision, 8);
}

TEST_F(GraphTest, TakesAStoreWithoutClusterInformationForNoneIfToldTo) {
  Graph careful{"n1", {}, {.needs_cluster = Graph::Options::NeedsCluster::always}};
  const auto say = [&] {
    const auto changes = careful.on(std::exchange(next, {}));
    plan.apply(changes);
    return changes.revision;
  };
  api::ClusterInformation information;
  information.metadata.name = "default";
  information.spec.datastore_ready = true;
  next.endpoints.put(endpoint({.name = "web"}));
  next.revision = 7;
  EXPECT_EQ(say(), 0);
  EXPECT_EQ(careful.held(), "there is no ClusterInformation default");

  next.cluster_information.put(information);
  next.revision = 8;
  EXPECT_EQ(say(), 8);
  EXPECT_EQ(careful.held(), "");
  EXPECT_EQ(plan.endpoints.size(), 1u);

  next.cluster_information.drop("default");  // somebody emptied it
  next.endpoints.drop(endpoint({.name = "web"}).key());
  next.revision = 9;
  EXPECT_EQ(say(), 0);
  EXPECT_EQ(plan.endpoints.size(), 1u);
}

TEST_F(GraphTest, FollowsAStoreThatNeverHadClusterInformationIfToldTo) {
  Graph careful{"n1", {}, {.needs_cluster = Graph::Options::NeedsCluster::once_seen}};
  api::ClusterInformation information;
  information.metadata.name = "default";
  next.endpoints.put(endpoint({.name = "web"}));
  next.revision = 7;
  EXPECT_EQ(careful.on(std::exchange(next, {})).revision, 7);

  next.cluster_information.put(information);
  next.revision = 8;
  EXPECT_EQ(careful.on(std::exchange(next, {})).revision, 8);

  next.cluster_information.drop("default");
  next.revision = 9;
  EXPECT_EQ(careful.on(std::exchange(next, {})).revision, 0);
}

TEST_F(GraphTest, GoesBackWithAStoreThatWasRestored) {
  next.revision = 9;
  feed();
  next.revision = 5;
  EXPECT_EQ(feed().revision, 5);
}

TEST_F(GraphTest, OrdersTiersAndPoliciesAsCalicoDoes) {
  next.endpoints.put(endpoint({.name = "web"}));
  next.tiers.put(tier("default", 1000000));
  next.tiers.put(tier("late", std::nullopt, api::Action::pass));
  next.tiers.put(tier("b-first", 10));
  next.tiers.put(tier("a-first", 10));
  const auto add = [&](const std::string& name, const std::string& in_tier, std::optional<double> order) {
    auto policy = global_policy(name);
    policy.spec.tier = in_tier;
    policy.spec.order = order;
    next.global_policies.put(policy);
  };
  add("a", "", 5);
  add("a-b", "", 5);  // '-' sorts before '/'
  add("a0", "", 5);   // '0' sorts after '/'
  add("none", "", std::nullopt);
  add("low", "", -1);
  add("x", "late", 1);
  add("y", "a-first", 1);
  add("z", "b-first", 1);
  add("w", "unknown", 1);
  feed();
  EXPECT_THAT(policies_of("web"),
              ElementsAre("a-first deny", "GlobalNetworkPolicy//y", "b-first deny", "GlobalNetworkPolicy//z",
                          "default deny", "GlobalNetworkPolicy//low", "GlobalNetworkPolicy//a-b",
                          "GlobalNetworkPolicy//a", "GlobalNetworkPolicy//a0", "GlobalNetworkPolicy//none", "late pass",
                          "GlobalNetworkPolicy//x", "unknown deny", "GlobalNetworkPolicy//w"));
}

TEST_F(GraphTest, ListsAPolicyOnlyInTheDirectionsOfItsTypes) {
  next.endpoints.put(endpoint({.name = "web"}));
  auto in = policy("default", "in");
  in.spec.types = {api::PolicyType::ingress};
  in.spec.egress = {rule(api::Action::allow)};
  auto out = policy("default", "out");
  out.spec.types = {api::PolicyType::egress};
  next.policies.put(in);
  next.policies.put(out);
  next.policies.put(policy("other", "elsewhere"));
  feed();
  EXPECT_THAT(policies_of("web"), ElementsAre("default deny", "NetworkPolicy/default/in"));
  EXPECT_THAT(policies_of("web", false), ElementsAre("default deny", "NetworkPolicy/default/out"));
  EXPECT_EQ(plan.policies.size(), 2u);
}

TEST_F(GraphTest, MatchesPoliciesByLabelsOfProfiles) {
  next.endpoints.put(
      endpoint({.name = "web", .labels = {{"role", "own"}}, .profiles = {"kns.default", "ksa.default.sa"}}));
  next.profiles.put(profile("kns.default", {{"pcns.env", "prod"}, {"role", "first"}, {"x", "first"}}));
  next.profiles.put(profile("ksa.default.sa", {{"x", "second"}}));
  next.global_policies.put(global_policy("env", "pcns.env == 'prod'"));
  next.global_policies.put(global_policy("own", "role == 'own' && x == 'first'"));
  next.global_policies.put(global_policy("shadowed", "role == 'first' || x == 'second'"));
  feed();
  EXPECT_THAT(policies_of("web"), ElementsAre("default deny", "GlobalNetworkPolicy//env", "GlobalNetworkPolicy//own"));

  next.profiles.put(profile("kns.default", {{"pcns.env", "test"}}));
  feed();
  EXPECT_THAT(policies_of("web"), ElementsAre("default deny", "GlobalNetworkPolicy//shadowed"));
  EXPECT_EQ(plan.policies.size(), 1u);
}

TEST_F(GraphTest, SortsPoliciesOfHostEndpointsByWhereTheyAct) {
  next.endpoints.put(endpoint({.name = "web"}));
  next.host_endpoints.put(host_endpoint("eth", "n1", "eth0"));
  next.host_endpoints.put(host_endpoint("far", "n2", "eth0"));
  next.tiers.put(tier("default", 100));
  auto pre_dnat = global_policy("pre-dnat");
  pre_dnat.spec.pre_dnat = pre_dnat.spec.apply_on_forward = true;
  next.global_policies.put(pre_dnat);
  next.global_policies.put(global_policy("normal"));
  next.policies.put(policy("default", "elsewhere", "all()"));
  auto untracked = global_policy("untracked");
  untracked.spec.do_not_track = untracked.spec.apply_on_forward = true;
  auto forward = global_policy("forward");
  forward.spec.apply_on_forward = true;
  next.global_policies.put(untracked);
  next.global_policies.put(forward);
  feed();
  EXPECT_THAT(policies_of("web"), ElementsAre("default deny", "NetworkPolicy/default/elsewhere",
                                              "GlobalNetworkPolicy//forward", "GlobalNetworkPolicy//normal"));

  ASSERT_EQ(plan.host_endpoints.size(), 1u);
  const auto& host = plan.host_endpoints.at("eth");
  const auto names = [](const std::vector<plan::TierPolicies>& tiers) {
    std::vector<std::string> list;
    for (const auto& tier : tiers) {
      for (const auto& id : tier.policies) list.push_back((tier.default_pass ? "pass " : "deny ") + id.name);
    }
    return list;
  };
  EXPECT_THAT(names(host.policies.ingress), ElementsAre("deny forward", "deny normal"));
  EXPECT_THAT(names(host.policies.egress), ElementsAre("deny forward", "deny normal"));
  EXPECT_THAT(names(host.untracked.ingress), ElementsAre("pass untracked"));
  EXPECT_THAT(names(host.untracked.egress), ElementsAre("pass untracked"));
  EXPECT_THAT(names(host.pre_dnat.ingress), ElementsAre("pass pre-dnat"));
  EXPECT_THAT(names(host.pre_dnat.egress), IsEmpty());
  EXPECT_THAT(names(host.forward.ingress), ElementsAre("deny forward"));
  EXPECT_THAT(plan.unsupported.at("HostEndpoint eth").reason, HasSubstr("not supported"));
}

TEST_F(GraphTest, HasAddressesAndPortsOfHostEndpointsInSets) {
  next.endpoints.put(endpoint({.name = "web"}));
  auto far = host_endpoint("far", "n2", "eth0");
  far.metadata.labels = {{"role", "host"}};
  far.spec.expected_ips = {"192.0.2.7", "no address"};
  far.spec.ports = {{.name = "metrics", .protocol = {net::tcp}, .port = 9100, .extra = {}}};
  next.host_endpoints.put(far);
  auto allow = global_policy("allow");
  allow.spec.ingress = {rule(api::Action::allow, "role == 'host'")};
  allow.spec.egress = {rule(api::Action::allow)};
  allow.spec.egress[0].protocol = api::Protocol{net::tcp};
  allow.spec.egress[0].destination.ports = {{.range = {}, .name = "metrics"}};
  next.global_policies.put(allow);
  feed();
  EXPECT_THAT(plan.members_of("role == \"host\""), ElementsAre("192.0.2.7/32"));
  EXPECT_THAT(plan.members_of("tcp port metrics of all()"), ElementsAre("192.0.2.7,tcp:9100"));
  EXPECT_THAT(plan.host_endpoints, IsEmpty());
}

TEST_F(GraphTest, KeepsAPolicyReadyWhereItSelectsNobodyWhenItAsksForThat) {
  auto hinted = global_policy("hinted", "role == 'nobody'");
  hinted.spec.performance_hints = {"AssumeNeededOnEveryNode"};
  next.global_policies.put(hinted);
  feed();
  EXPECT_EQ(plan.policies.size(), 1u);
  hinted.spec.performance_hints.clear();
  next.global_policies.put(hinted);
  feed();
  EXPECT_THAT(plan.policies, IsEmpty());
}

TEST_F(GraphTest, IgnoresAPolicyThatHasNoClearMeaningAndSaysWhy) {
  next.endpoints.put(endpoint({.name = "web"}));
  auto ports = policy("default", "ports");
  ports.spec.ingress = {rule(api::Action::allow)};
  ports.spec.ingress[0].destination.ports = {{.range = {80, 80}, .name = {}}};
  next.policies.put(ports);
  next.policies.put(policy("default", "selector", "a =="));
  feed();
  EXPECT_THAT(policies_of("web"), IsEmpty());
  EXPECT_THAT(plan.policies, IsEmpty());
  EXPECT_EQ(plan.unsupported.at("NetworkPolicy/default/ports").reason,
            "ingress[0]: destination.ports: ports need protocol TCP, UDP or SCTP; the policy is ignored");
  EXPECT_EQ(plan.unsupported.at("NetworkPolicy/default/selector").reason,
            "selector: column 5: expected a quoted string; the policy is ignored");

  ports.spec.ingress[0].protocol = api::Protocol{net::tcp};
  next.policies.put(ports);
  next.policies.put(policy("default", "selector", "a == 'b'"));
  feed();
  EXPECT_THAT(policies_of("web"), ElementsAre("default deny", "NetworkPolicy/default/ports"));
  EXPECT_THAT(plan.unsupported, IsEmpty());
}

TEST_F(GraphTest, FillsSetsFromEndpointsAndNetworkSetsEverywhere) {
  next.endpoints.put(endpoint({.name = "web", .labels = {{"role", "web"}}}));
  next.endpoints.put(
      endpoint({.name = "db", .node = "n2", .addresses = {"10.0.0.2", "fd00::2"}, .labels = {{"role", "db"}}}));
  next.endpoints.put(endpoint(
      {.name = "far", .namespace_ = "other", .node = "n2", .addresses = {"10.0.0.3"}, .labels = {{"role", "db"}}}));
  api::NetworkSet set;
  set.metadata.namespace_ = "default";
  set.metadata.name = "office";
  set.metadata.labels = {{"role", "db"}};
  set.spec.nets = cidrs({"192.0.2.0/24", "10.0.0.2/32"});
  next.network_sets.put(set);
  api::GlobalNetworkSet global;
  global.metadata.name = "partners";
  global.metadata.labels = {{"role", "db"}};
  global.spec.nets = cidrs({"198.51.100.0/24"});
  next.global_network_sets.put(global);
  auto allow = policy("default", "allow");
  allow.spec.ingress = {rule(api::Action::allow, "role == 'db'")};
  next.policies.put(allow);
  feed();
  const std::string note = R"((projectcalico.org/namespace == "default" && role == "db"))";
  EXPECT_THAT(plan.members_of(note), ElementsAre("10.0.0.2/32", "192.0.2.0/24", "fd00::2/128"));
  const auto& sides = plan.policies.at({"NetworkPolicy", "default", "allow"}).ingress.at(0).source;
  ASSERT_EQ(sides.sets.size(), 1u);
  EXPECT_EQ(plan.sets.at(sides.sets[0]).note, note);

  // The address stands as long as anybody has it.
  next.endpoints.drop(endpoint({.name = "db", .node = "n2"}).key());
  const auto gone = feed();
  EXPECT_THAT(plan.members_of(note), ElementsAre("10.0.0.2/32", "192.0.2.0/24"));
  EXPECT_EQ(gone.members.rows.size(), 1u);

  next.policies.drop(allow.key());
  feed();
  EXPECT_THAT(plan.sets, IsEmpty());
  EXPECT_THAT(plan.members, IsEmpty());
}

TEST_F(GraphTest, ResolvesNamedPortsPerProtocolAndPeer) {
  auto web = endpoint({.name = "web", .labels = {{"role", "web"}}});
  web.spec.ports = {endpoint_port("http", net::tcp, 8080), endpoint_port("http", net::udp, 9090),
                    endpoint_port("", net::tcp, 1)};
  auto db = endpoint({.name = "db", .node = "n2", .addresses = {"10.0.0.2", "fd00::2"}});
  db.spec.ports = {endpoint_port("http", net::tcp, 80)};
  next.endpoints.put(web);
  next.endpoints.put(db);
  auto named = global_policy("named");
  named.spec.egress = {rule(api::Action::allow), rule(api::Action::allow), rule(api::Action::allow)};
  named.spec.egress[0].destination.ports = {{.range = {}, .name = "http"}};
  named.spec.egress[1].protocol = api::Protocol{net::udp};
  named.spec.egress[1].destination.selector = "role == 'web'";
  named.spec.egress[1].destination.ports = {{.range = {}, .name = "http"}};
  named.spec.egress[2].protocol = api::Protocol{net::tcp};
  named.spec.egress[2].destination.selector = "role == 'web'";
  named.spec.egress[2].destination.ports = {{.range = {}, .name = "http"}, {.range = {53, 53}, .name = {}}};
  next.global_policies.put(named);
  feed();
  EXPECT_THAT(plan.members_of("tcp port http of all()"),
              ElementsAre("10.0.0.1,tcp:8080", "10.0.0.2,tcp:80", "fd00::2,tcp:80"));
  EXPECT_THAT(plan.members_of(R"(udp port http of role == "web")"), ElementsAre("10.0.0.1,udp:9090"));
  const auto& rules = plan.policies.at({"GlobalNetworkPolicy", "", "named"}).egress;
  EXPECT_THAT(rules[1].destination.sets, IsEmpty());  // the named port's set says it already
  EXPECT_EQ(rules[2].destination.sets.size(), 1u);
  EXPECT_EQ(rules[2].destination.ports.size(), 1u);
  EXPECT_EQ(rules[2].destination.named_ports.size(), 1u);
}

TEST_F(GraphTest, DeniesByAProfileThatIsMissing) {
  next.endpoints.put(
      endpoint({.name = "web", .profiles = {"kns.default", "gone", "kns.default", "projectcalico-default-allow"}}));
  auto kns = profile("kns.default");
  kns.spec.ingress = {rule(api::Action::allow)};
  next.profiles.put(kns);
  next.profiles.put(profile("unused"));
  feed();
  EXPECT_THAT(plan.endpoints.begin()->second.profiles,
              ElementsAre("kns.default", "gone", "projectcalico-default-allow"));
  EXPECT_EQ(plan.profiles.size(), 3u);
  EXPECT_EQ(plan.profiles.at("gone").ingress.at(0).action, plan::Action::deny);
  EXPECT_EQ(plan.profiles.at("gone").egress.at(0).action, plan::Action::deny);
  EXPECT_EQ(plan.profiles.at("projectcalico-default-allow").egress.at(0).action, plan::Action::allow);
  EXPECT_EQ(plan.profiles.at("kns.default").ingress.at(0).action, plan::Action::allow);

  next.profiles.drop("kns.default");
  next.profiles.put(profile("gone"));
  feed();
  EXPECT_EQ(plan.profiles.at("kns.default").ingress.at(0).action, plan::Action::deny);
  EXPECT_THAT(plan.profiles.at("gone").ingress, IsEmpty());
}

TEST_F(GraphTest, GivesAnInterfaceAndAnAddressToTheFirstById) {
  next.endpoints.put(endpoint({.name = "b", .interface = "cali1"}));
  next.endpoints.put(endpoint({.name = "a", .addresses = {"10.0.0.9"}, .interface = "cali1"}));
  next.endpoints.put(endpoint({.name = "c", .addresses = {"10.0.0.9", "fd00::9"}}));
  feed();
  EXPECT_EQ(plan.endpoints.size(), 2u);
  EXPECT_FALSE(plan.endpoints.contains({"k8s", "default/b", "eth0"}));
  EXPECT_EQ(plan.routes.at(cidr("10.0.0.9")).interface, "cali1");
  EXPECT_EQ(plan.routes.at(cidr("fd00::9")).interface, "calic");
  EXPECT_EQ(plan.unsupported.at("WorkloadEndpoint default/n1-k8s-b-eth0").reason,
            "interface cali1 belongs to k8s default/a eth0");

  next.endpoints.drop(endpoint({.name = "a"}).key());
  feed();
  EXPECT_TRUE(plan.endpoints.contains({"k8s", "default/b", "eth0"}));
  EXPECT_EQ(plan.routes.at(cidr("10.0.0.9")).interface, "calic");
  EXPECT_EQ(plan.routes.at(cidr("10.0.0.1")).interface, "cali1");
  EXPECT_THAT(plan.unsupported, IsEmpty());
}

TEST_F(GraphTest, SkipsEndpointsThatDoNotCount) {
  auto nameless = endpoint({.name = "nameless"});
  nameless.spec.interface_name.clear();
  next.endpoints.put(nameless);
  next.endpoints.put(endpoint({.name = "homeless", .addresses = {}}));
  next.endpoints.put(endpoint({.name = "elsewhere", .node = "n2"}));
  feed();
  EXPECT_THAT(plan.endpoints, IsEmpty());
  EXPECT_THAT(plan.routes, IsEmpty());
}

TEST_F(GraphTest, LetsAnEndpointSpoofOnlyWhereTheSettingSaysAny) {
  auto spoofer = endpoint({.name = "spoofer"});
  spoofer.spec.allow_spoofed_source_prefixes = cidrs({"192.0.2.0/24"});
  next.endpoints.put(spoofer);
  feed();
  EXPECT_THAT(plan.endpoints, IsEmpty());
  EXPECT_THAT(plan.unsupported.at("WorkloadEndpoint default/n1-k8s-spoofer-eth0").reason,
              HasSubstr("WorkloadSourceSpoofing"));

  api::FelixConfiguration configuration;
  configuration.metadata.name = "default";
  configuration.spec = {{"workloadSourceSpoofing", "Any"}};
  next.felix_configurations.put(configuration);
  feed();
  EXPECT_EQ(plan.endpoints.begin()->second.spoof_allowed, cidrs({"192.0.2.0/24"}));
  EXPECT_THAT(plan.unsupported, IsEmpty());

  next.felix_configurations.drop("default");
  feed();
  EXPECT_THAT(plan.endpoints, IsEmpty());
}

TEST_F(GraphTest, ReportsPoolsThatAskForATunnel) {
  api::IpPool pool;
  pool.metadata.name = "default-ipv4-ippool";
  pool.spec.cidr = cidr("10.65.0.0/16");
  pool.spec.nat_outgoing = true;
  pool.spec.ipip_mode = api::EncapMode::always;
  next.pools.put(pool);
  feed();
  EXPECT_TRUE(plan.pools.at(pool.spec.cidr).masquerade);
  EXPECT_EQ(plan.unsupported.at("IPPool default-ipv4-ippool").reason,
            "ipipMode Always: IPIP is not supported yet; no routes for this pool");

  pool.spec.ipip_mode = api::EncapMode::never;
  next.pools.put(pool);
  feed();
  EXPECT_THAT(plan.unsupported, IsEmpty());
}

TEST_F(GraphTest, KnowsTheAddressesOfAllHosts) {
  api::Node first;
  first.metadata.name = "n1";
  first.spec.bgp.emplace().ipv4_address = net::Address::parse("192.0.2.1/24").value();
  api::Node second;
  second.metadata.name = "n2";
  second.spec.addresses = {{.address = "203.0.113.9", .type = "ExternalIP", .extra = {}},
                           {.address = "192.0.2.2", .type = "InternalIP", .extra = {}},
                           {.address = "fd00::2", .type = "InternalIP", .extra = {}},
                           {.address = "host.example", .type = "InternalIP", .extra = {}}};
  next.nodes.put(first);
  next.nodes.put(second);
  feed();
  std::vector<std::string> hosts;
  for (const auto& [ip, row] : plan.hosts) hosts.push_back(net::to_string(ip));
  EXPECT_THAT(hosts, ElementsAre("192.0.2.1", "192.0.2.2", "fd00::2"));
  next.nodes.drop("n2");
  feed();
  EXPECT_EQ(plan.hosts.size(), 1u);
}

TEST_F(GraphTest, TakesACompleteTableAsTheEndOfEverythingElse) {
  next.endpoints.put(endpoint({.name = "web", .profiles = {"kns.default"}}));
  next.endpoints.put(endpoint({.name = "db", .addresses = {"10.0.0.2"}}));
  auto allow = policy("default", "allow");
  allow.spec.ingress = {rule(api::Action::allow, "all()")};
  next.policies.put(allow);
  next.global_policies.put(global_policy("global"));
  next.profiles.put(profile("kns.default"));
  feed();
  EXPECT_EQ(plan.members.size(), 2u);

  next.endpoints.whole = next.policies.whole = next.global_policies.whole = next.profiles.whole = true;
  next.endpoints.put(endpoint({.name = "web", .profiles = {"kns.default"}}));
  next.policies.put(allow);
  feed();
  EXPECT_EQ(plan.endpoints.size(), 1u);
  EXPECT_EQ(plan.members.size(), 1u);
  EXPECT_EQ(plan.policies.size(), 1u);
  EXPECT_EQ(plan.profiles.at("kns.default").ingress.at(0).action, plan::Action::deny);
}

}  // namespace
}  // namespace weft::graph
