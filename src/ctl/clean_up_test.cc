#include "ctl/clean_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/objects.h"
#include "client/resources.h"
#include "ctl/documents.h"
#include "ctl/write.h"
#include "ipam/check.h"
#include "ipam/ipam.h"
#include "store/memory.h"

namespace weft::ctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view cluster = R"(
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: p}
spec: {cidr: 10.65.0.0/24, blockSize: 28}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: n1}
spec: {bgp: {ipv4Address: 192.0.2.1/24, ipv4IPIPTunnelAddr: 10.65.0.2}}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: n1-b}
spec: {bgp: {ipv4Address: 192.0.2.2/24}}
---
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {name: n1-k8s-a-eth0, namespace: default}
spec: {node: n1, orchestrator: k8s, pod: a, endpoint: eth0, interfaceName: cali1, ipNetworks: [10.65.0.1/32]}
---
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {name: n1--b-k8s-b-eth0, namespace: default}
spec: {node: n1-b, orchestrator: k8s, pod: b, endpoint: eth0, interfaceName: cali2, ipNetworks: [10.65.0.17/32]}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: own}
spec: {node: n1, peerIP: 192.0.2.9, asNumber: 65001}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: global}
spec: {peerIP: 192.0.2.9, asNumber: 65001}
---
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: node.n1}
---
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: node.n1}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: h}
spec: {node: n1, interfaceName: eth0}
)";

class CleanUpTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto documents = parse_documents(cluster, "f", {});
    ASSERT_TRUE(documents && documents->problems().empty());
    for (const auto& outcome : ctl::write(store, Verb::create, documents->good, {}))
      ASSERT_TRUE(outcome.result) << outcome.result.error().message;
    take("n1", "10.65.0.1", "a");
    take("n1", "10.65.0.2", "ipip-tunnel-addr-n1");
    take("n1-b", "10.65.0.17", "b");
  }
  void take(const std::string& node, const std::string& ip, const std::string& handle) {
    const auto taken = ipam::Ipam(store).assign_ips(
        {.node = node, .owner = {.handle = handle, .attributes = {{"node", node}}}, .ips = {*net::Ip::parse(ip)}});
    ASSERT_TRUE(taken) << taken.error().message;
  }
  std::vector<std::string> keys(std::string_view prefix) {
    std::vector<std::string> names;
    const auto listing = store.list(prefix);
    for (const auto& entry : listing->entries) names.push_back(entry.key.substr(prefix.size()));
    return names;
  }
  std::vector<std::string> names(std::string_view plural) {
    return keys("/calico/resources/v3/projectcalico.org/" + std::string(plural) + "/");
  }

  store::Memory store;
};

TEST_F(CleanUpTest, TakesAllThatIsANodesOwn) {
  ASSERT_TRUE(delete_node(store, "n1"));
  EXPECT_THAT(names("nodes"), ElementsAre("n1-b"));
  EXPECT_THAT(names("workloadendpoints"), ElementsAre("default/n1--b-k8s-b-eth0"));
  EXPECT_THAT(names("bgppeers"), ElementsAre("global"));
  EXPECT_THAT(names("felixconfigurations"), IsEmpty());
  EXPECT_THAT(names("bgpconfigurations"), IsEmpty());
  EXPECT_THAT(names("hostendpoints"), IsEmpty());
  EXPECT_THAT(keys("/calico/ipam/v2/host/"), ElementsAre("n1-b/ipv4/block/10.65.0.16-28"));
  EXPECT_THAT(keys("/calico/ipam/v2/assignment/ipv4/block/"), ElementsAre("10.65.0.16-28"));
  EXPECT_THAT(keys("/calico/ipam/v2/handle/"), ElementsAre("b"));
  const auto checked = ipam::check(store);
  ASSERT_TRUE(checked);
  EXPECT_THAT(checked->problems, IsEmpty());
}

TEST_F(CleanUpTest, CleansUpAfterANodeThatIsGoneAlready) {
  ASSERT_TRUE(client::remove(store, *api::find_kind("Node"), "n1"));
  EXPECT_EQ(delete_node(store, "n1").error().code, Code::not_found);
  EXPECT_THAT(names("workloadendpoints"), ElementsAre("default/n1--b-k8s-b-eth0"));
}

TEST_F(CleanUpTest, LeavesAddressesOfAPoolToThoseWhoHaveThem) {
  ASSERT_TRUE(delete_pool(store, "p"));
  EXPECT_THAT(names("ippools"), IsEmpty());
  EXPECT_THAT(keys("/calico/ipam/v2/host/"), IsEmpty());
  EXPECT_THAT(keys("/calico/ipam/v2/assignment/ipv4/block/"), ElementsAre("10.65.0.0-28", "10.65.0.16-28"));
  EXPECT_EQ(delete_pool(store, "p").error().code, Code::not_found);
}

TEST_F(CleanUpTest, IsPartOfDelete) {
  const auto documents = parse_documents(cluster, "f", {});
  std::vector<Document> node = {documents->good[1]};
  node[0].object.metadata().resource_version = "1";
  EXPECT_EQ(ctl::write(store, Verb::remove, node, {})[0].result.error().message, "update conflict: Node(n1)");
  node[0].object.metadata().resource_version.clear();
  EXPECT_TRUE(ctl::write(store, Verb::remove, node, {.dry_run = true})[0].result);
  EXPECT_THAT(names("hostendpoints"), ElementsAre("h"));
  EXPECT_TRUE(ctl::write(store, Verb::remove, node, {})[0].result);
  EXPECT_THAT(names("hostendpoints"), IsEmpty());
}

}  // namespace
}  // namespace weft::ctl
