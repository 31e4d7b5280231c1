#include "cni/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::cni {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(NetworkConfigTest, ReadsWhatCalicoWrites) {
  const auto config =
      NetworkConfig::parse(R"({"name":"k8s-pod-network","cniVersion":"0.3.1","type":"calico","log_level":"info",
      "etcd_endpoints":"http://127.0.0.1:2379","mtu":1440,"nodename":"node1",
      "ipam":{"type":"calico-ipam","assign_ipv4":"true","assign_ipv6":"TRUE","ipv4_pools":["10.0.0.0/24","default"]},
      "container_settings":{"allow_ip_forwarding":true},"policy":{"type":"k8s"},
      "kubernetes":{"kubeconfig":"/etc/cni/net.d/calico-kubeconfig","node_name":"ignored"},"policy_setup_timeout_seconds":7})");

  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->version, "0.3.1");
  EXPECT_EQ(config->node_name, "node1");
  EXPECT_EQ(config->mtu, 1440);
  EXPECT_TRUE(config->assign_ipv4);
  EXPECT_TRUE(config->assign_ipv6);
  EXPECT_THAT(config->ipv4_pools, ElementsAre("10.0.0.0/24", "default"));
  EXPECT_TRUE(config->allow_ip_forwarding);
  EXPECT_TRUE(config->policy_from_pod);
  EXPECT_EQ(config->policy_timeout, 7);
}

TEST(NetworkConfigTest, HasTheDefaultsOfTheDataModel) {
  const auto config = NetworkConfig::parse(R"({"name":"net"})");

  ASSERT_TRUE(config);
  EXPECT_EQ(config->version, "0.2.0");
  EXPECT_TRUE(config->assign_ipv4);
  EXPECT_FALSE(config->assign_ipv6);
  EXPECT_FALSE(config->policy_from_pod);
  EXPECT_FALSE(config->valid_attachments);
}

TEST(NetworkConfigTest, TakesLabelsAsAListOrAnObject) {
  const api::Labels wanted = {{"app", "web"}, {"tier", "front"}};
  EXPECT_EQ(NetworkConfig::parse(
                R"({"args":{"cni":{"labels":[{"key":"app","value":"web"},{"key":"tier","value":"front"}]}}})")
                ->labels,
            wanted);
  EXPECT_EQ(NetworkConfig::parse(R"({"args":{"cni":{"labels":{"app":"web","tier":"front"}}}})")->labels, wanted);
}

TEST(NetworkConfigTest, NamesTheFieldThatIsWrong) {
  const auto error_of = [](const char* json) {
    const auto config = NetworkConfig::parse(json);
    return config ? std::string("none") : config.error().message;
  };
  EXPECT_EQ(error_of(R"({"mtu":"1440"})"), "mtu: must be a number from 0 to 65535");
  EXPECT_EQ(error_of(R"({"ipam":{"ipv4_pools":[1]}})"), "ipam.ipv4_pools: must be a list of strings");
  EXPECT_EQ(error_of(R"({"ipam":{"assign_ipv6":"yes"}})"), "ipam.assign_ipv6: must be true or false");
  EXPECT_THAT(error_of(R"({"args":{"cni":{"ports":[{"name":"http","port":0}]}}})"), HasSubstr("args.cni.ports: "));
  EXPECT_THAT(error_of(R"({"cni.dev/valid-attachments":[{}]})"), HasSubstr("cni.dev/valid-attachments: "));
  EXPECT_EQ(error_of("[]"), "must be an object");
}

TEST(PodArgsTest, ReadsThePodAndIgnoresTheRest) {
  const auto args = PodArgs::parse(
      "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=c1;K8S_POD_UID=x;IP=fd00::"
      "5");

  ASSERT_TRUE(args);
  EXPECT_TRUE(args->is_pod());
  EXPECT_EQ(*args, (PodArgs{"web", "default", "c1", *net::Ip::parse("fd00::5")}));
  EXPECT_FALSE(PodArgs::parse("")->is_pod());
  EXPECT_FALSE(PodArgs::parse("K8S_POD_NAME")) << "no value";
  EXPECT_FALSE(PodArgs::parse("IP=10.0.0"));
}

TEST(NamesTest, KeepsToTheRulesOfTheSpecification) {
  EXPECT_TRUE(is_network_name("k8s-pod_network.1"));
  EXPECT_FALSE(is_network_name(""));
  EXPECT_FALSE(is_network_name("a/b"));
  EXPECT_TRUE(is_container_id("4f0c"));
  EXPECT_FALSE(is_container_id("-4f0c"));
  EXPECT_TRUE(is_interface_name("eth0"));
  EXPECT_FALSE(is_interface_name("0123456789abcdef"));
  EXPECT_FALSE(is_interface_name(".."));
  EXPECT_FALSE(is_interface_name("a:b"));
}

}  // namespace
}  // namespace weft::cni
