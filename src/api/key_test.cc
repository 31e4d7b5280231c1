#include "api/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::api {
namespace {

using Fields = std::map<std::string, std::string>;

struct Case {
  const char* type;
  Fields fields;
  const char* path;
};

const Case both_ways[] = {
    {"Resource",
     {{"kind", "IPPool"}, {"namespace", ""}, {"name", "p"}},
     "/calico/resources/v3/projectcalico.org/ippools/p"},
    {"Resource",
     {{"kind", "NetworkPolicy"}, {"namespace", "shop"}, {"name", "default.web"}},
     "/calico/resources/v3/projectcalico.org/networkpolicies/shop/default.web"},
    {"Resource",
     {{"kind", "KubernetesService"}, {"namespace", "shop"}, {"name", "web"}},
     "/calico/resources/v3/projectcalico.org/kubernetesservice/shop/web"},
    {"Resource",
     {{"kind", "KubernetesClusterNetworkPolicy"}, {"namespace", ""}, {"name", "x"}},
     "/calico/resources/v3/projectcalico.org/kubernetesclusternetworkpolicies/x"},
    {"Resource",
     {{"kind", "BlockAffinity"}, {"namespace", ""}, {"name", "x"}},
     "/calico/resources/v3/projectcalico.org/blockaffinities/x"},
    {"Resource",
     {{"kind", "IPPool"}, {"namespace", ""}, {"name", ""}},
     "/calico/resources/v3/projectcalico.org/ippools/"},
    {"Block", {{"cidr", "10.65.0.0/26"}}, "/calico/ipam/v2/assignment/ipv4/block/10.65.0.0-26"},
    {"Block", {{"cidr", "fd00::40/122"}}, "/calico/ipam/v2/assignment/ipv6/block/fd00::40-122"},
    {"Block", {{"cidr", "::ffff:10.0.0.0/122"}}, "/calico/ipam/v2/assignment/ipv6/block/::ffff:10.0.0.0-122"},
    {"BlockAffinity",
     {{"affinityType", "host"}, {"host", "node1"}, {"cidr", "10.65.0.0/26"}},
     "/calico/ipam/v2/host/node1/ipv4/block/10.65.0.0-26"},
    {"IPAMHandle", {{"handle", "k8s-pod-network.a%b"}}, "/calico/ipam/v2/handle/k8s-pod-network.a%b"},
    {"IPPool", {{"cidr", "10.65.0.0/16"}}, "/calico/v1/ipam/v4/pool/10.65.0.0-16"},
    {"IPPool", {{"cidr", "fd00::/48"}}, "/calico/v1/ipam/v6/pool/fd00::-48"},
    {"WorkloadEndpoint",
     {{"host", "n1"}, {"orchestrator", "k8s"}, {"workload", "shop/web-1"}, {"endpoint", "eth%0"}},
     "/calico/v1/host/n1/workload/k8s/shop%2fweb-1/endpoint/eth%250"},
    {"HostEndpoint", {{"host", "n1"}, {"endpoint", "a/b"}}, "/calico/v1/host/n1/endpoint/a%2fb"},
    {"WorkloadEndpointStatus",
     {{"region", "no-region"}, {"host", "n1"}, {"orchestrator", "k8s"}, {"workload", "a/b"}, {"endpoint", "eth0"}},
     "/calico/felix/v2/no-region/host/n1/workload/k8s/a%2fb/endpoint/eth0"},
    {"HostEndpointStatus", {{"host", "n%251"}, {"endpoint", "a/b"}}, "/calico/felix/v1/host/n%251/endpoint/a%2fb"},
    {"ActiveStatusReport", {{"region", "region-x"}, {"host", "n1"}}, "/calico/felix/v2/region-x/host/n1/status"},
    {"LastStatusReport",
     {{"region", "no-region"}, {"host", "n1"}},
     "/calico/felix/v2/no-region/host/n1/last_reported_status"},
    {"Policy",
     {{"kind", "GlobalNetworkPolicy"}, {"namespace", ""}, {"name", "x"}},
     "/calico/v1/policy/GlobalNetworkPolicy//x"},
    {"Policy",
     {{"kind", "NetworkPolicy"}, {"namespace", "shop"}, {"name", "x"}},
     "/calico/v1/policy/NetworkPolicy/shop/x"},
    {"ProfileRules", {{"name", "kns.a/b"}}, "/calico/v1/policy/profile/kns.a%2fb/rules"},
    {"ProfileLabels", {{"name", "kns.a"}}, "/calico/v1/policy/profile/kns.a/labels"},
    {"Tier", {{"name", "t"}}, "/calico/v1/policy/tier/t/metadata"},
    {"NetworkSet", {{"name", "shop/set"}}, "/calico/v1/netset/shop%2fset"},
    {"GlobalConfig", {{"name", "a/b"}}, "/calico/v1/config/a/b"},
    {"GlobalBGPConfig", {{"name", "as_num"}}, "/calico/bgp/v1/global/as_num"},
    {"GlobalBGPConfig", {{"name", "peer_v4/10.0.0.1"}}, "/calico/bgp/v1/global/peer_v4/10.0.0.1"},
    {"HostConfig", {{"host", "n1"}, {"name", "IpInIpTunnelAddr"}}, "/calico/v1/host/n1/config/IpInIpTunnelAddr"},
    {"NodeBGPConfig", {{"host", "n1"}, {"name", "ip_addr_v4"}}, "/calico/bgp/v1/host/n1/ip_addr_v4"},
    {"HostMetadata", {{"host", "n1"}}, "/calico/v1/host/n1/metadata"},
    {"Wireguard", {{"host", "n1"}}, "/calico/v1/host/n1/wireguard"},
    {"ReadyFlag", {}, "/calico/v1/Ready"},
};

TEST(Keys, AreWrittenAndRead) {
  for (const Case& each : both_ways) {
    const auto key = key_of(each.type, each.fields);
    ASSERT_TRUE(key) << each.path;
    EXPECT_EQ(path_of(*key), each.path);
    EXPECT_EQ(parse_key(each.path), (Key{each.type, each.fields})) << each.path;
  }
}

const Case only_written[] = {
    {"IPAMConfig", {}, "/calico/ipam/v2/config"},
    {"IPAMHost", {{"host", "n1"}}, "/calico/ipam/v2/host/n1"},
    {"BlockAffinity",
     {{"affinityType", "virtual"}, {"host", "load-balancer"}, {"cidr", "10.65.0.0/26"}},
     "/calico/ipam/v2/virtual/load-balancer/ipv4/block/10.65.0.0-26"},
    // A kind in another case is looked up, but its namespace is not.
    {"Resource",
     {{"kind", "networkpolicy"}, {"namespace", "shop"}, {"name", "x"}},
     "/calico/resources/v3/projectcalico.org/networkpolicies/x"},
};

TEST(Keys, OfSomeTypesAreOnlyWritten) {
  for (const Case& each : only_written) {
    EXPECT_EQ(path_of(*key_of(each.type, each.fields)), each.path);
    EXPECT_EQ(parse_key(each.path), std::nullopt) << each.path;
  }
}

const Case only_read[] = {
    {"LegacyPolicy",
     {{"tier", "default"}, {"kind", "GlobalNetworkPolicy"}, {"namespace", ""}, {"name", "default.x"}},
     "/calico/v1/policy/tier/default/policy/default.x"},
    {"LegacyPolicy",
     {{"tier", "a/b"}, {"kind", "NetworkPolicy"}, {"namespace", "shop"}, {"name", "x/y"}},
     "/calico/v1/policy/tier/a%2fb/policy/shop%2fx%2fy"},
    {"LegacyPolicy",
     {{"tier", "t"}, {"kind", "KubernetesNetworkPolicy"}, {"namespace", "shop"}, {"name", "x"}},
     "/calico/v1/policy/tier/t/policy/shop%2fknp.default.x"},
    {"LegacyPolicy",
     {{"tier", "t"}, {"kind", "StagedKubernetesNetworkPolicy"}, {"namespace", "shop"}, {"name", "x"}},
     "/calico/v1/policy/tier/t/policy/shop%2fstaged:knp.default.x"},
    {"LegacyPolicy",
     {{"tier", "t"}, {"kind", "StagedNetworkPolicy"}, {"namespace", "shop"}, {"name", "t.x"}},
     "/calico/v1/policy/tier/t/policy/shop%2fstaged:t.x"},
    {"LegacyPolicy",
     {{"tier", "t"}, {"kind", "StagedGlobalNetworkPolicy"}, {"namespace", ""}, {"name", "x"}},
     "/calico/v1/policy/tier/t/policy/staged:x"},
    {"LegacyPolicy",
     {{"tier", "t"}, {"kind", "KubernetesClusterNetworkPolicy"}, {"namespace", ""}, {"name", "x"}},
     "/calico/v1/policy/tier/t/policy/kcnp.x"},
    {"LegacyPolicy",
     {{"tier", "t"}, {"kind", "GlobalNetworkPolicy"}, {"namespace", ""}, {"name", "knp.default.x"}},
     "/calico/v1/policy/tier/t/policy/knp.default.x"},
    // Readers are lenient: no slash in front, host bits, another family, escapes in what is written raw, more behind.
    {"HostConfig", {{"host", "n1"}, {"name", "X"}}, "calico/v1/host/n1/config/X"},
    {"HostConfig", {{"host", "a/b"}, {"name", ""}}, "/calico/v1/host/a%2fb/config"},
    {"GlobalConfig", {{"name", ""}}, "/calico/v1/config"},
    {"HostMetadata", {{"host", "a%2fb"}}, "/calico/v1/host/a%2fb/metadata"},
    {"HostMetadata", {{"host", ""}}, "/calico/v1/host//metadata"},
    {"Block", {{"cidr", "10.65.0.0/26"}}, "/calico/ipam/v2/assignment/ipv6/block/10.65.0.5-26"},
    {"Block", {{"cidr", "fd00::/122"}}, "/calico/ipam/v2/assignment/ipvX/block/FD00:0::-122"},
    {"Tier", {{"name", "a/b"}}, "/calico/v1/policy/tier/a%2fb/metadata"},
    {"ProfileRules", {{"name", "p"}}, "/calico/v1/policy/profile/p/rules/more"},
    {"LastStatusReport", {{"region", "r"}, {"host", "h"}}, "/calico/felix/v2/r/host/h/last_reported_status/more"},
    {"HostEndpoint", {{"host", "h"}, {"endpoint", "%2F"}}, "/calico/v1/host/h/endpoint/%2F"},
    {"NetworkSet", {{"name", "%2f"}}, "/calico/v1/netset/%252f"},
};

TEST(Keys, AreReadLeniently) {
  for (const Case& each : only_read) EXPECT_EQ(parse_key(each.path), (Key{each.type, each.fields})) << each.path;
  EXPECT_FALSE(path_of(*parse_key("/calico/v1/policy/tier/t/policy/x")));
}

TEST(Keys, ThatAreNoneAreNotTakenForAny) {
  for (const char* path : {
           "",
           "/",
           "calico",
           "/calico/v1",
           "//calico/v1/config/x",
           "/other/v1/config/x",
           "calico/v1/Ready",
           "/calico/v1/Ready/x",
           "/calico/v1/unknown",
           "/calico/v1/host/n1/unknown",
           "/calico/v1/host/n1/orchestrator_refs",
           "/calico/v1/host/n1/metadata/x",
           "/calico/v1/host/n1/workload/k8s/a/b/endpoint/e",
           "/calico/v1/host/n1/workload/k8s/a/other/e",
           "/calico/v1/policy/profile/p",
           "/calico/v1/policy/profile/p/tags",
           "/calico/v1/policy/tier/t/policy",
           "/calico/v1/policy/tier/t/policy/x/y",
           "/calico/v1/policy/NetworkPolicy/x",
           "/calico/v1/ipam/v4/pool/10.0.0.0",
           "/calico/v1/ipam/v4/pool/10.0.0.0-33",
           "/calico/v1/ipam/v4/pool/x-8",
           "/calico/v1/ipam/v44/pool/10.0.0.0-8",
           "/calico/bgp/v1/global/",
           "/calico/bgp/v1/host/n1/",
           "/calico/bgp/v1/host//as_num",
           "/calico/ipam/v2/handle",
           "/calico/ipam/v2/handle/a/b",
           "/calico/ipam/v2/host//ipv4/block/10.0.0.0-26",
           "/calico/felix/v2/no-region/host/n1/other",
           "/calico/felix/v2//host/n1/status",
           "/calico/felix/v1/host/n1/endpoint",
           "calico/resources/v3/projectcalico.org/ippools/p",
           "/calico/resources/v3/projectcalico.org/ippools",
           "/calico/resources/v3/projectcalico.org/ippools/a/b",
           "/calico/resources/v3/projectcalico.org/networkpolicies/a",
           "/calico/resources/v3/projectcalico.org/networkpolicies/a/b/c",
           "/calico/resources/v3/projectcalico.org/unknown/a",
           "/calico/resources/v3/crd.projectcalico.org/ippools/p",
       })
    EXPECT_EQ(parse_key(path), std::nullopt) << path;
}

TEST(Keys, LoseHostBitsAndHaveTheirDefaults) {
  EXPECT_EQ(path_of(*key_of("Block", {{"cidr", "10.65.0.77/26"}})),
            "/calico/ipam/v2/assignment/ipv4/block/10.65.0.64-26");
  EXPECT_EQ(path_of(*key_of("BlockAffinity", {{"host", "n"}, {"cidr", "FD00::1/64"}})),
            "/calico/ipam/v2/host/n/ipv6/block/fd00::-64");
  EXPECT_EQ(*path_of(*key_of("ReadyFlag", {{"other", "x"}})), "/calico/v1/Ready");
}

TEST(Keys, ThatLackAPartAreRefusedWithItsName) {
  const auto error = [](const char* type, const Fields& fields) {
    const auto key = key_of(type, fields);
    if (!key) return key.error().message;
    const auto path = path_of(*key);
    return path ? *path : path.error().message;
  };
  using testing::HasSubstr;
  EXPECT_THAT(error("Unknown", {}), HasSubstr("\"Unknown\""));
  EXPECT_THAT(error("Block", {}), HasSubstr("missing 'cidr'"));
  EXPECT_THAT(error("Block", {{"cidr", "10.0.0.0"}}), HasSubstr("not a CIDR"));
  EXPECT_THAT(error("IPPool", {{"cidr", "10.0.0.0/33"}}), HasSubstr("not"));
  EXPECT_THAT(error("IPAMHandle", {}), HasSubstr("missing 'handle'"));
  EXPECT_THAT(error("HostConfig", {{"name", "x"}}), HasSubstr("missing 'host'"));
  EXPECT_THAT(error("WorkloadEndpoint", {{"host", "h"}, {"workload", "w"}, {"endpoint", "e"}}),
              HasSubstr("missing 'orchestrator'"));
  EXPECT_THAT(error("ActiveStatusReport", {{"host", "h"}}), HasSubstr("missing 'region'"));
  EXPECT_THAT(error("ActiveStatusReport", {{"host", "h"}, {"region", "a/b"}}), HasSubstr("includes a slash"));
  EXPECT_THAT(error("Policy", {{"kind", "NetworkPolicy"}, {"name", "x"}}), HasSubstr("missing 'namespace'"));
  EXPECT_THAT(error("Policy", {{"namespace", "a"}, {"name", "x"}}), HasSubstr("missing 'kind'"));
  EXPECT_THAT(error("Resource", {{"kind", "Unknown"}, {"name", "x"}}), HasSubstr("couldn't convert key"));
  EXPECT_THAT(error("LegacyPolicy", {{"tier", "t"}, {"name", "x"}}), HasSubstr("only read"));
}

}  // namespace
}  // namespace weft::api
