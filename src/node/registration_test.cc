#include "node/registration.h"

#include <gtest/gtest.h>

#include "api/cluster_information.h"
#include "api/ip_pool.h"
#include "api/tier.h"
#include "client/resources.h"
#include "store/memory.h"

namespace weft::node {
namespace {

net::Address address(const char* text) { return net::Address::parse(text).value(); }

struct RegistrationTest : testing::Test {
  store::Memory store;
  Settings settings = read_settings([](const std::string&) { return std::nullopt; }).value();
  std::vector<Interface> interfaces = {{"eth0", true, {address("10.0.0.1/24"), address("fd00::1/64")}}};
  Machine machine = {
      .interfaces = [this]() -> Result<std::vector<Interface>> { return interfaces; },
      .find = [this](const Method& method, net::Family family) { return autodetect(method, family, interfaces); }};

  Result<api::Node> start(const std::string& name = "node1") { return start_of_day(store, name, settings, machine); }
  api::Node stored(const std::string& name = "node1") { return client::get<api::Node>(store, name).value(); }
  api::IpPool pool(const char* name) { return client::get<api::IpPool>(store, name).value(); }
  bool has_pool(const char* name) { return client::get<api::IpPool>(store, name).has_value(); }
};

TEST_F(RegistrationTest, AFirstStartMakesNodePoolTiersAndClusterInformation) {
  ASSERT_TRUE(start());

  const auto node = stored();
  EXPECT_EQ(net::to_string(*node.spec.bgp->ipv4_address), "10.0.0.1/24");
  EXPECT_EQ(node.spec.bgp->ipv6_address, std::nullopt);
  ASSERT_EQ(node.spec.addresses.size(), 1U);
  EXPECT_EQ(node.spec.addresses[0].address, "10.0.0.1/24");
  EXPECT_EQ(node.spec.addresses[0].type, "CalicoNodeIP");
  EXPECT_EQ(net::to_string(pool("default-ipv4-ippool").spec.cidr), "192.168.0.0/16");
  EXPECT_TRUE(pool("default-ipv4-ippool").spec.nat_outgoing);
  EXPECT_EQ(pool("default-ipv4-ippool").spec.block_size, 26);
  EXPECT_FALSE(has_pool("default-ipv6-ippool"));
  EXPECT_TRUE(client::get<api::Tier>(store, "default"));
  EXPECT_TRUE(client::get<api::ClusterInformation>(store, "default")->spec.datastore_ready.value_or(false));
}

TEST_F(RegistrationTest, ASecondStartWritesNothing) {
  ASSERT_TRUE(start());
  const auto before = store.list("/").value();

  ASSERT_TRUE(start());

  EXPECT_EQ(store.list("/").value().entries, before.entries);
}

TEST_F(RegistrationTest, KeepsWhatOthersWroteIntoTheNode) {
  ASSERT_TRUE(start());
  ASSERT_TRUE(client::modify<api::Node>(store, "node1", [](api::Node& node) -> Result<> {
    node.metadata.labels["rack"] = "a";
    node.spec.bgp->route_reflector_cluster_id = "224.0.0.1";
    node.spec.bgp->as_number = api::AsNumber{64600};
    node.spec.addresses.push_back({.address = "203.0.113.1", .type = "ExternalIP", .extra = {}});
    return {};
  }));
  interfaces[0].addresses[0] = address("10.0.0.7/24");
  settings.ipv4.kind = AddressSetting::Kind::autodetect;

  ASSERT_TRUE(start());

  const auto node = stored();
  EXPECT_EQ(net::to_string(*node.spec.bgp->ipv4_address), "10.0.0.7/24");
  EXPECT_EQ(node.metadata.labels.at("rack"), "a");
  EXPECT_EQ(node.spec.bgp->route_reflector_cluster_id, "224.0.0.1");
  EXPECT_EQ(node.spec.bgp->as_number, api::AsNumber{64600});
  ASSERT_EQ(node.spec.addresses.size(), 2U);
  EXPECT_EQ(node.spec.addresses[1].type, "ExternalIP");
}

TEST_F(RegistrationTest, AStoredAddressStaysUnlessAutodetectionIsAskedFor) {
  ASSERT_TRUE(start());
  interfaces[0].addresses[0] = address("10.0.0.7/24");

  ASSERT_TRUE(start());

  EXPECT_EQ(net::to_string(*stored().spec.bgp->ipv4_address), "10.0.0.1/24");
}

TEST_F(RegistrationTest, AGivenAddressTakesThePrefixLengthOfItsInterface) {
  settings.ipv4 = {
      .kind = AddressSetting::Kind::given, .address = address("10.0.0.1"), .has_length = false, .method = {}};
  EXPECT_EQ(net::to_string(*start()->spec.bgp->ipv4_address), "10.0.0.1/24");

  settings.ipv4.address = address("10.0.0.99");
  EXPECT_EQ(net::to_string(*start()->spec.bgp->ipv4_address), "10.0.0.99/32");
}

TEST_F(RegistrationTest, RefusesAnAddressThatAnotherNodeHas) {
  ASSERT_TRUE(start("node1"));

  const auto second = start("node2");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::exists);
  EXPECT_TRUE(second.error().message.starts_with("Node node2: address 10.0.0.1 is that of Node node1 already"));

  settings.check_address = false;
  EXPECT_TRUE(start("node2"));
}

TEST_F(RegistrationTest, WithoutAnAddressABirdNodeIsAnErrorAndAnotherIsNot) {
  settings.ipv4.kind = AddressSetting::Kind::none;
  const auto bird = start();
  ASSERT_FALSE(bird);
  EXPECT_EQ(bird.error().message, "Node node1: it has no address (IP, IP6), and BIRD needs one");

  settings.bird = false;
  EXPECT_TRUE(start());
}

TEST_F(RegistrationTest, BothFamiliesGetAPoolWhenTheNodeHasBoth) {
  settings.ipv6.kind = AddressSetting::Kind::autodetect;
  ASSERT_TRUE(start());

  const auto v6 = pool("default-ipv6-ippool");
  EXPECT_EQ(v6.spec.cidr.length(), 48);
  EXPECT_TRUE(net::Cidr::parse("fd00::/8")->contains(v6.spec.cidr));
  EXPECT_EQ(v6.spec.block_size, 122);
  EXPECT_EQ(net::to_string(*stored().spec.bgp->ipv6_address), "fd00::1/64");
}

TEST_F(RegistrationTest, ThePoolIsAsTheEnvironmentSaysOrNotAtAll) {
  settings.pool_v4.cidr = net::Cidr::parse("10.65.0.0/16").value();
  settings.pool_v4.block_size = 28;
  settings.pool_v4.nat_outgoing = false;
  settings.pool_v4.node_selector = "rack == 'a'";
  settings.pool_v4.ipip = Mode::cross_subnet;
  ASSERT_TRUE(start());
  const auto made = pool("default-ipv4-ippool").spec;
  EXPECT_EQ(net::to_string(made.cidr), "10.65.0.0/16");
  EXPECT_EQ(made.block_size, 28);
  EXPECT_FALSE(made.nat_outgoing);
  EXPECT_EQ(made.node_selector, "rack == 'a'");
  EXPECT_EQ(made.ipip_mode, api::EncapMode::cross_subnet);

  ASSERT_TRUE(client::remove<api::IpPool>(store, "default-ipv4-ippool"));
  settings.default_pools = false;
  ASSERT_TRUE(start());
  EXPECT_FALSE(has_pool("default-ipv4-ippool"));
}

TEST_F(RegistrationTest, AnyPoolOfTheFamilyStandsInForTheDefaultOne) {
  api::IpPool mine;
  mine.metadata.name = "mine";
  mine.spec.cidr = net::Cidr::parse("10.80.0.0/16").value();
  ASSERT_TRUE(client::create(store, mine));

  ASSERT_TRUE(start());

  EXPECT_FALSE(has_pool("default-ipv4-ippool"));
}

TEST_F(RegistrationTest, TheDefaultRangeAvoidsTheMachinesOwnNetworks) {
  interfaces[0].addresses = {address("192.168.7.1/24"), address("172.16.0.1/15")};
  ASSERT_TRUE(start());

  EXPECT_EQ(net::to_string(pool("default-ipv4-ippool").spec.cidr), "172.18.0.0/16");
}

TEST_F(RegistrationTest, ClusterTypesMerge) {
  settings.cluster_types = {"k8s", "bgp"};
  ASSERT_TRUE(start());
  settings.cluster_types = {"bgp", "kubeadm"};
  ASSERT_TRUE(start());

  EXPECT_EQ(client::get<api::ClusterInformation>(store, "default")->spec.cluster_type, "k8s,bgp,kubeadm");
}

TEST_F(RegistrationTest, AStoreThatIsDownIsUnavailableNotFatal) {
  store.set_available(false);

  const auto down = start();

  ASSERT_FALSE(down);
  EXPECT_EQ(down.error().code, Code::unavailable);
}

TEST_F(RegistrationTest, NamesTheKubernetesNode) {
  settings.kubernetes_node = "kube1";
  ASSERT_TRUE(start());

  ASSERT_EQ(stored().spec.orch_refs.size(), 1U);
  EXPECT_EQ(stored().spec.orch_refs[0].node_name, "kube1");
  EXPECT_EQ(stored().spec.orch_refs[0].orchestrator, "k8s");
}

}  // namespace
}  // namespace weft::node
