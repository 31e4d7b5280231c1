#include "node/settings.h"

#include <gtest/gtest.h>

#include <map>

namespace weft::node {
namespace {

using Variables = std::map<std::string, std::string>;

Result<Settings> read(const Variables& variables) {
  return read_settings([&](const std::string& name) -> std::optional<std::string> {
    const auto at = variables.find(name);
    if (at == variables.end()) return std::nullopt;
    return at->second;
  });
}

TEST(NodeSettingsTest, AnEmptyEnvironmentMeansCalicosDefaultsWithoutEncapsulation) {
  const auto settings = read({});
  ASSERT_TRUE(settings);

  EXPECT_EQ(settings->ipv4.kind, AddressSetting::Kind::stored);
  EXPECT_EQ(settings->ipv6.kind, AddressSetting::Kind::stored);
  EXPECT_EQ(settings->ipv4.method, Method{});
  EXPECT_EQ(settings->as_number, std::nullopt);
  EXPECT_TRUE(settings->default_pools);
  EXPECT_TRUE(settings->bird);
  EXPECT_TRUE(settings->pool_v4.nat_outgoing);
  EXPECT_FALSE(settings->pool_v6.nat_outgoing);
  EXPECT_EQ(settings->pool_v4.node_selector, "all()");
  EXPECT_EQ(settings->pool_v4.ipip, Mode::never);
}

TEST(NodeSettingsTest, AnEmptyVariableCountsAsNotSet) {
  EXPECT_EQ(read({{"IP", ""}, {"AS", " "}, {"CALICO_IPV4POOL_CIDR", ""}, {"CALICO_NETWORKING_BACKEND", ""}}), read({}));
}

TEST(NodeSettingsTest, ReadsEveryFormOfAnAddress) {
  EXPECT_EQ(read({{"IP", "autodetect"}})->ipv4.kind, AddressSetting::Kind::autodetect);
  EXPECT_EQ(read({{"IP6", "none"}})->ipv6.kind, AddressSetting::Kind::none);

  const auto given = read({{"IP", "10.0.0.1/24"}, {"IP6", "fd00::1"}});
  EXPECT_EQ(net::to_string(given->ipv4.address), "10.0.0.1/24");
  EXPECT_TRUE(given->ipv4.has_length);
  EXPECT_EQ(net::to_string(given->ipv6.address), "fd00::1/128");
  EXPECT_FALSE(given->ipv6.has_length);
}

TEST(NodeSettingsTest, ReadsThePools) {
  const auto settings = read({{"CALICO_IPV4POOL_CIDR", "10.65.0.0/16"},
                              {"CALICO_IPV4POOL_BLOCK_SIZE", "28"},
                              {"CALICO_IPV4POOL_NAT_OUTGOING", "false"},
                              {"CALICO_IPV4POOL_NODE_SELECTOR", "rack == 'a'"},
                              {"CALICO_IPV4POOL_IPIP", "CrossSubnet"},
                              {"CALICO_IPV6POOL_CIDR", "none"},
                              {"CALICO_IPV6POOL_NAT_OUTGOING", "true"},
                              {"CALICO_IPV6POOL_VXLAN", "Always"},
                              {"NO_DEFAULT_POOLS", "true"}});
  ASSERT_TRUE(settings) << settings.error().message;

  EXPECT_EQ(net::to_string(*settings->pool_v4.cidr), "10.65.0.0/16");
  EXPECT_EQ(settings->pool_v4.block_size, 28);
  EXPECT_FALSE(settings->pool_v4.nat_outgoing);
  EXPECT_EQ(settings->pool_v4.node_selector, "rack == 'a'");
  EXPECT_EQ(settings->pool_v4.ipip, Mode::cross_subnet);
  EXPECT_FALSE(settings->pool_v6.wanted);
  EXPECT_TRUE(settings->pool_v6.nat_outgoing);
  EXPECT_EQ(settings->pool_v6.vxlan, Mode::always);
  EXPECT_FALSE(settings->default_pools);
}

TEST(NodeSettingsTest, ReadsTheRest) {
  const auto settings = read({{"AS", "1.10"},
                              {"CLUSTER_TYPE", "k8s, bgp"},
                              {"CALICO_NETWORKING_BACKEND", "none"},
                              {"DISABLE_NODE_IP_CHECK", "true"},
                              {"CALICO_K8S_NODE_REF", "kube1"}});
  ASSERT_TRUE(settings);

  EXPECT_EQ(settings->as_number, 65546U);
  EXPECT_EQ(read({{"AS", "4294967295"}})->as_number, 4294967295U);
  EXPECT_EQ(settings->cluster_types, (std::vector<std::string>{"k8s", "bgp"}));
  EXPECT_FALSE(settings->bird);
  EXPECT_FALSE(settings->check_address);
  EXPECT_EQ(settings->kubernetes_node, "kube1");
}

TEST(NodeSettingsTest, ReadsEveryMethod) {
  EXPECT_EQ(parse_method("first-found"), Method{});
  EXPECT_EQ(parse_method("interface=eth.*, ens.*")->patterns, (std::vector<std::string>{"eth.*", "ens.*"}));
  EXPECT_EQ(parse_method("skip-interface=docker0")->kind, Method::Kind::skip_interface);
  EXPECT_EQ(parse_method("cidr=10.0.0.0/8,fd00::/8")->cidrs.size(), 2U);
  EXPECT_EQ(parse_method("can-reach=example.net")->destination, "example.net");
  for (const char* text :
       {"first-found", "interface=a,b", "skip-interface=a", "cidr=10.0.0.0/8,fd00::/8", "can-reach=x"})
    EXPECT_EQ(to_string(*parse_method(text)), text);
}

TEST(NodeSettingsTest, NamesTheVariableThatIsWrong) {
  const std::pair<const char*, const char*> rows[] = {{"IP", "10.0.0.0.1"},
                                                      {"IP", "fd00::1"},
                                                      {"IP6", "10.0.0.1"},
                                                      {"IP_AUTODETECTION_METHOD", "by-luck"},
                                                      {"IP_AUTODETECTION_METHOD", "interface="},
                                                      {"IP6_AUTODETECTION_METHOD", "cidr=10.0.0.0/99"},
                                                      {"AS", "4294967296"},
                                                      {"AS", "1.65536"},
                                                      {"AS", "-1"},
                                                      {"NO_DEFAULT_POOLS", "perhaps"},
                                                      {"CALICO_IPV4POOL_CIDR", "10.65.0.1/16"},
                                                      {"CALICO_IPV4POOL_CIDR", "fd00::/48"},
                                                      {"CALICO_IPV4POOL_BLOCK_SIZE", "19"},
                                                      {"CALICO_IPV6POOL_BLOCK_SIZE", "26"},
                                                      {"CALICO_IPV4POOL_IPIP", "Sometimes"},
                                                      {"CALICO_NETWORKING_BACKEND", "vxlan"}};
  for (const auto& [name, value] : rows) {
    const auto settings = read({{name, value}});
    ASSERT_FALSE(settings) << name << "=" << value;
    EXPECT_TRUE(settings.error().message.starts_with(name)) << settings.error().message;
  }
  EXPECT_FALSE(read({{"CALICO_IPV4POOL_IPIP", "Always"}, {"CALICO_IPV4POOL_VXLAN", "Always"}}));
}

}  // namespace
}  // namespace weft::node
