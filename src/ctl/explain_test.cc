#include "ctl/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/testing.h"
#include "schema/value.h"

namespace weft::ctl {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view resources = R"(
{kind: Profile, apiVersion: projectcalico.org/v3, metadata: {name: open}, spec: {ingress: [{action: Allow}], egress: [{action: Allow}]}}
---
{kind: Node, apiVersion: projectcalico.org/v3, metadata: {name: n1}, spec: {bgp: {ipv4Address: 192.0.2.1/24}}}
---
{kind: IPPool, apiVersion: projectcalico.org/v3, metadata: {name: pool}, spec: {cidr: 10.0.0.0/16, natOutgoing: true}}
---
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {name: n1-k8s-web-eth0, namespace: shop, labels: {role: web}}
spec: {orchestrator: k8s, node: n1, pod: web, endpoint: eth0, containerID: c, interfaceName: cali1, ipNetworks: [10.0.0.1/32, fd00::1/128], profiles: [open]}
---
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {name: n2-k8s-db-eth0, namespace: shop, labels: {role: db}}
spec: {orchestrator: k8s, node: n2, pod: db, endpoint: eth0, containerID: c, interfaceName: cali1, ipNetworks: [10.0.0.2/32], profiles: [open], ports: [{name: sql, protocol: TCP, port: 5432}]}
---
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {name: n2-k8s-web-eth0, namespace: test}
spec: {orchestrator: k8s, node: n2, pod: web, endpoint: eth0, containerID: c, interfaceName: cali2, ipNetworks: [10.0.0.3/32], profiles: []}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {selector: role == 'db', types: [Ingress], ingress: [{action: Allow, protocol: TCP, source: {selector: role == 'web'}, destination: {ports: [sql]}}]}
)";

class ExplainTest : public ::testing::Test {
 protected:
  std::string ask(const std::string& from, const std::string& to, const std::string& what,
                  const std::string& namespace_ = "") {
    const auto flows = explain(oracle, {.from = from, .to = to, .what = what, .namespace_ = namespace_});
    return flows ? explain_text(*flows) : flows.error().message;
  }

  policy::Cluster cluster = policy::testing::cluster_of(resources);
  policy::Oracle oracle{cluster};
};

TEST_F(ExplainTest, TellsWhatIsAskedAtBothEnds) {
  EXPECT_EQ(ask("shop/web", "shop/db", "tcp/5432"),
            "shop/web (10.0.0.1, node n1) to shop/db (10.0.0.2, node n2), TCP port 5432: allowed\n"
            "\n"
            "egress of shop/web: allowed\n"
            "  Profile open, egress rule 0: Allow\n"
            "\n"
            "ingress of shop/db: allowed\n"
            "  tier default: NetworkPolicy shop/db, ingress rule 0: Allow\n");
  EXPECT_THAT(ask("shop/web", "shop/db", "udp/5432"),
              HasSubstr("ingress of shop/db: denied\n"
                        "  tier default: no rule of NetworkPolicy shop/db matches, default action: Deny\n"));
  EXPECT_EQ(ask("shop/web", "shop/db", "TCP/sql"), ask("shop/web", "shop/db", "tcp/5432"));
}

TEST_F(ExplainTest, KnowsEndsByNameAndAddress) {
  EXPECT_EQ(ask("10.0.0.1", "10.0.0.2", "tcp/5432"), ask("shop/web", "shop/db", "tcp/5432"));
  EXPECT_EQ(ask("web", "db", "tcp/5432", "shop"), ask("shop/web", "shop/db", "tcp/5432"));
  EXPECT_EQ(ask("shop/web/eth0", "shop/n2-k8s-db-eth0", "tcp/5432"), ask("shop/web", "shop/db", "tcp/5432"));
  EXPECT_THAT(ask("192.0.2.77", "db", "tcp/1"),
              HasSubstr("192.0.2.77 (outside the cluster) to shop/db (10.0.0.2, node n2), TCP port 1: denied"));
  EXPECT_THAT(ask("n1", "db", "icmp"), HasSubstr("node n1 (192.0.2.1) to shop/db"));
  EXPECT_THAT(ask("n1", "shop/web", "icmp/8/1"), HasSubstr("whatever policy says: Allow"));
  EXPECT_THAT(ask("shop/web", "n1", "47"), HasSubstr("DefaultEndpointToHostAction: Deny"));
  EXPECT_THAT(ask("192.0.2.1", "192.0.2.9", "tcp/1"), HasSubstr("No policy is asked"));
}

TEST_F(ExplainTest, TellsThatItLeavesWithTheNodesAddress) {
  EXPECT_THAT(ask("shop/web", "192.0.2.77", "tcp/80"), HasSubstr("It leaves with an address of node n1"));
}

TEST_F(ExplainTest, SpeaksOfEachFamilyThatBothEndsHave) {
  EXPECT_THAT(ask("2001:db8::1", "shop/web", "tcp/80"), HasSubstr("fd00::1"));
  EXPECT_EQ(ask("shop/web", "shop/db", "icmpv6/128"), "shop/web and shop/db have no IPv6 addresses in common");
  cluster.endpoints.at({"shop", "n2-k8s-db-eth0"}).spec.ip_networks.push_back(*net::Cidr::parse("fd00::2/128"));
  const auto both = explain(oracle, {.from = "shop/web", .to = "shop/db", .what = "tcp/5432", .namespace_ = {}});
  ASSERT_TRUE(both);
  EXPECT_EQ(both->size(), 2u);
}

TEST_F(ExplainTest, SaysWhatIsUnknownOrUnclear) {
  EXPECT_EQ(ask("shop/wbe", "db", "tcp/1"), "pod shop/wbe is not known");
  EXPECT_EQ(ask("n3", "db", "tcp/1"), "\"n3\" is neither a node nor a pod");
  EXPECT_EQ(ask("web", "db", "tcp/1"),
            "\"web\" may be shop/web/eth0 (node n1) or test/web/eth0 (node n2): write NAMESPACE/POD or "
            "NAMESPACE/POD/ENDPOINT, or an address");
  EXPECT_THAT(ask("shop/web", "db", "http"), HasSubstr("\"http\" is no protocol"));
  EXPECT_EQ(ask("shop/web", "db", "tcp"), "\"tcp\": expected tcp/PORT");
  EXPECT_EQ(ask("shop/web", "db", "tcp/"), "\"tcp/\": expected tcp/PORT");
  EXPECT_EQ(ask("shop/web", "db", "tcp/70000"), "\"70000\" is no port from 0 to 65535");
  EXPECT_EQ(ask("shop/web", "db", "udp/sql"), "shop/db has no UDP port \"sql\"");
  EXPECT_EQ(ask("shop/web", "db", "icmp/256"), "\"256\" is no ICMP type from 0 to 255");
  EXPECT_EQ(ask("shop/web", "db", "47/1"), "\"47/1\": 47 has no ports");
  EXPECT_THAT(ask("shop/web", "shop/web", "tcp/1"), HasSubstr("speaks to itself"));
  cluster.endpoints.at({"test", "n2-k8s-web-eth0"}).spec.ip_networks.clear();
  EXPECT_EQ(ask("test/web", "db", "tcp/1"), "test/web has no address yet");
  cluster.endpoints.at({"test", "n2-k8s-web-eth0"}).spec.ip_networks = {*net::Cidr::parse("10.0.0.1/32")};
  EXPECT_THAT(ask("10.0.0.1", "db", "tcp/1"), HasSubstr("two have this address"));
  EXPECT_EQ(ask("shop/db", "shop/web", "tcp/1"),
            "10.0.0.1 is an address of shop/web and of test/web: which of them a packet reaches is not up to policy");
}

TEST_F(ExplainTest, SaysWhoHasTheInterfaceOfTwo) {
  auto late = cluster.endpoints.at({"shop", "n1-k8s-web-eth0"});
  late.metadata.name = "n1-k8s-zweb-eth0";
  late.spec.pod = "zweb";
  late.spec.ip_networks = {*net::Cidr::parse("10.0.0.33/32")};
  cluster.endpoints.emplace(late.key(), late);

  EXPECT_EQ(ask("192.0.2.77", "shop/zweb", "tcp/80"),
            "shop/zweb is not in force: interface cali1 of node n1 belongs to shop/web");
  EXPECT_THAT(ask("192.0.2.77", "10.0.0.33", "tcp/80"), HasSubstr("10.0.0.33 (outside the cluster)"));
  EXPECT_THAT(ask("192.0.2.77", "shop/web", "tcp/80"), HasSubstr("to shop/web (10.0.0.1, node n1)"));
}

TEST_F(ExplainTest, LetsNoNameForgeALine) {
  auto policy = cluster.policies.at({"shop", "db"});
  policy.metadata.name = "a\nshop/db: allowed\x1b[2K";
  cluster.policies = {{policy.key(), policy}};
  EXPECT_THAT(ask("shop/web", "shop/db", "tcp/5432"),
              HasSubstr("NetworkPolicy shop/a\\nshop/db: allowed\\x1b[2K, ingress rule 0: Allow\n"));
}

TEST_F(ExplainTest, TellsProgramsTheSame) {
  const auto flows = explain(oracle, {.from = "shop/web", .to = "shop/db", .what = "udp/5432", .namespace_ = {}});
  ASSERT_TRUE(flows);
  const auto value = schema::parse_json(explain_json(*flows));
  ASSERT_TRUE(value);
  EXPECT_EQ(*value->at("allowed"), schema::Value(false));
  const auto* flow = value->at("flows", "0");
  EXPECT_EQ(flow->at("from")->text("name"), "web");
  EXPECT_EQ(flow->at("to")->text("address"), "10.0.0.2");
  const auto* step = flow->at("asked", "1", "steps", "0");
  ASSERT_TRUE(step);
  EXPECT_EQ(step->text("by"), "tierDefault");
  EXPECT_EQ(step->text("tier"), "default");
  EXPECT_EQ(*step->at("asked", "0"), schema::Value("NetworkPolicy shop/db"));
  EXPECT_EQ(*flow->at("asked", "0", "steps", "0", "rule"), schema::Value(0));
}

}  // namespace
}  // namespace weft::ctl
