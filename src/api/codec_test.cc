#include "api/codec.h"

#include <gtest/gtest.h>

#include "api/changes.h"
#include "schema/value.h"

using namespace weft;
using namespace weft::api;

namespace {

template <class T>
T read(std::string_view json) {
  auto object = from_json<T>(json);
  EXPECT_TRUE(object) << object.error().message;
  return object ? *object : T{};
}

/// What is stored after reading and writing, compared as JSON.
template <class T>
void expect_kept(std::string_view json) {
  EXPECT_EQ(*schema::parse_json(to_json(read<T>(json))), *schema::parse_json(json)) << to_json(read<T>(json));
}

std::string first_problem(const auto& object) {
  const auto problems = validate(object);
  return problems.empty() ? "" : problems.front().path + ": " + problems.front().rule;
}

}  // namespace

// Objects as Calico stores them (datamodel 2.2, 3).

TEST(Codec, KeepsACalicoPool) {
  expect_kept<IpPool>(R"j({"kind":"IPPool","apiVersion":"projectcalico.org/v3",
    "metadata":{"name":"default-ipv4-ippool","uid":"1b6a2c1e-6f0e-4bb0-9a3e-0c7b6d1d2f10","creationTimestamp":"2026-08-01T10:00:00Z"},
    "spec":{"cidr":"192.168.0.0/16","vxlanMode":"Never","ipipMode":"Always","natOutgoing":true,
            "blockSize":26,"nodeSelector":"all()","allowedUses":["Workload","Tunnel"],"assignmentMode":"Automatic"}})j");
}

TEST(Codec, KeepsACalicoPolicyAndItsAnnotation) {
  const std::string json = R"j({"kind":"NetworkPolicy","apiVersion":"projectcalico.org/v3",
    "metadata":{"name":"allow-db","namespace":"default","uid":"u","creationTimestamp":"2026-08-01T10:00:00Z",
      "labels":{"projectcalico.org/tier":"default"},
      "annotations":{"projectcalico.org/metadata":"{\"name\":\"allow-db\"}"}},
    "spec":{"tier":"default","order":100,"selector":"role == 'db'","types":["Ingress"],
      "ingress":[{"action":"Allow","protocol":"TCP","source":{"selector":"role == 'web'"},"destination":{"ports":[6379,"8000:8100","metrics"]}}]}})j";

  expect_kept<NetworkPolicy>(json);
  EXPECT_TRUE(read<NetworkPolicy>(json).metadata.annotations.empty());
}

TEST(Codec, KeepsACalicoNode) {
  expect_kept<Node>(R"j({"kind":"Node","apiVersion":"projectcalico.org/v3",
    "metadata":{"name":"node1","uid":"u","creationTimestamp":"2026-08-01T10:00:00Z","labels":{"kubernetes.io/hostname":"node1"}},
    "spec":{"bgp":{"asNumber":64512,"ipv4Address":"10.0.0.1/24","ipv6Address":"fd01::1/64",
                   "ipv4IPIPTunnelAddr":"192.168.166.128","routeReflectorClusterID":"224.0.0.1"},
            "ipv4VXLANTunnelAddr":"192.168.166.129","vxlanTunnelMACAddr":"66:aa:bb:cc:dd:ee",
            "ipv6VXLANTunnelAddr":"fd00::1","vxlanTunnelMACAddrV6":"66:00:00:00:00:01",
            "orchRefs":[{"nodeName":"node1","orchestrator":"k8s"}],
            "wireguard":{"interfaceIPv4Address":"192.168.166.130"},
            "addresses":[{"address":"10.0.0.1/24","type":"CalicoNodeIP"},{"address":"10.0.0.1","type":"InternalIP"}],
            "interfaces":[{"name":"eth0","addresses":["10.0.0.1"]}]},
    "status":{"wireguardPublicKey":"a2V5","podCIDRs":["192.168.0.0/24"]}})j");
}

TEST(Codec, KeepsACalicoEndpoint) {
  expect_kept<WorkloadEndpoint>(R"j({"kind":"WorkloadEndpoint","apiVersion":"projectcalico.org/v3",
    "metadata":{"name":"node1-k8s-nginx-eth0","namespace":"default","uid":"u","creationTimestamp":"2026-08-01T10:00:00Z","generateName":"nginx-",
      "labels":{"app":"nginx","projectcalico.org/namespace":"default","projectcalico.org/orchestrator":"k8s","projectcalico.org/serviceaccount":"default"}},
    "spec":{"orchestrator":"k8s","node":"node1","pod":"nginx","endpoint":"eth0","containerID":"c1",
      "interfaceName":"calic440f455693","mac":"92:0c:00:00:00:01","ipNetworks":["192.168.166.131/32","fd00::83/128"],
      "profiles":["kns.default","ksa.default.default"],"serviceAccountName":"default",
      "ports":[{"name":"http","protocol":"TCP","port":80,"hostPort":0,"hostIP":""}],
      "ipNATs":[{"internalIP":"192.168.166.131","externalIP":"203.0.113.7"}],
      "allowSpoofedSourcePrefixes":["10.9.0.0/16"],
      "qosControls":{"ingressBandwidth":1000000,"ingressBurst":4294967296}}})j");
}

TEST(Codec, KeepsCalicosSmallerKinds) {
  expect_kept<ClusterInformation>(
      R"j({"kind":"ClusterInformation","apiVersion":"projectcalico.org/v3","metadata":{"name":"default","uid":"u","creationTimestamp":"2026-08-01T10:00:00Z"},
    "spec":{"clusterGUID":"0123456789abcdef0123456789abcdef","clusterType":"k8s,bgp","calicoVersion":"v3.33.0","datastoreReady":true}})j");
  expect_kept<Tier>(
      R"j({"kind":"Tier","apiVersion":"projectcalico.org/v3","metadata":{"name":"default"},"spec":{"order":1000000,"defaultAction":"Deny"},"status":{}})j");
  expect_kept<Profile>(R"j({"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":"kns.default"},
    "spec":{"ingress":[{"action":"Allow"}],"egress":[{"action":"Allow"}],"labelsToApply":{"pcns.projectcalico.org/name":"default"}}})j");
  expect_kept<GlobalNetworkSet>(
      R"j({"kind":"GlobalNetworkSet","apiVersion":"projectcalico.org/v3","metadata":{"name":"feed"},"spec":{"nets":["10.0.0.0/8","fd00::/8"]}})j");
  expect_kept<BgpPeer>(R"j({"kind":"BGPPeer","apiVersion":"projectcalico.org/v3","metadata":{"name":"rack"},
    "spec":{"peerIP":"[fd00::1]:180","asNumber":65000,"keepaliveTime":"1m30s","ttlSecurity":0,"password":{"secretKeyRef":{"name":"s","key":"k"}}}})j");
  expect_kept<BgpConfiguration>(
      R"j({"kind":"BGPConfiguration","apiVersion":"projectcalico.org/v3","metadata":{"name":"default"},
    "spec":{"logSeverityScreen":"Info","nodeToNodeMeshEnabled":false,"asNumber":4200000000,"serviceClusterIPs":[{"cidr":"10.96.0.0/12"}]}})j");
  expect_kept<FelixConfiguration>(
      R"j({"kind":"FelixConfiguration","apiVersion":"projectcalico.org/v3","metadata":{"name":"default"},
    "spec":{"bpfLogLevel":"","failsafeInboundHostPorts":[],"routeRefreshInterval":"1m30s","ipv6Support":false,"bpfMapSizeRoute":0}})j");
  expect_kept<IpamConfiguration>(
      R"j({"kind":"IPAMConfiguration","apiVersion":"projectcalico.org/v3","metadata":{"name":"default"},
    "spec":{"strictAffinity":false,"autoAllocateBlocks":false}})j");
}

TEST(Codec, KeepsCalicosIpamObjects) {
  expect_kept<Block>(
      R"j({"cidr":"192.168.166.128/30","affinity":"host:node1","affinity_claim_time":"2026-08-22T06:33:20Z",
    "allocations":[0,1,null,2],"unallocated":[2],
    "attributes":[{"handle_id":"ipip-tunnel-addr-node1","secondary":{"node":"node1","type":"ipipTunnelAddress"}},
      {"handle_id":"k8s-pod-network.4f0c","secondary":{"namespace":"default"},"alternateOwnerAttrs":{"pod":"x"}},
      {"releasedAt":"2026-08-22T06:40:00Z"}],
    "sequenceNumber":1724308400123456792,"sequenceNumberForAllocation":{"0":1724308400123456789,"1":18446744073709551615},"deleted":false})j");
  expect_kept<Block>(
      R"j({"cidr":"fd00::/126","affinity":null,"allocations":[null,null,null,null],"unallocated":[0,1,2,3],"attributes":null,
    "sequenceNumber":1,"sequenceNumberForAllocation":{},"deleted":false,"hostAffinity":"old"})j");
  expect_kept<Handle>(R"j({"block":{"192.168.166.128/26":1},"deleted":false})j");
  expect_kept<BlockAffinity>(R"j({"state":"confirmed","deleted":false})j");
  expect_kept<IpamConfig>(
      R"j({"strict_affinity":true,"auto_allocate_blocks":true,"maxBlocksPerHost":4,"kubeVirtVMAddressPersistence":"Enabled","ipCooldownSeconds":30})j");
  EXPECT_EQ(read<BlockAffinity>("").state, "");
  EXPECT_EQ(to_json(IpamConfig{}), "{}");
}

TEST(Codec, KeepsWhatANewerCalicoWroteAtEveryLevel) {
  expect_kept<GlobalNetworkPolicy>(R"j({"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3",
    "metadata":{"name":"p","labels":{"projectcalico.org/tier":"t"},"annotations":{"projectcalico.org/metadata":"{\"name\":\"p\"}"},"ownerReferences":[{"uid":"x"}]},
    "spec":{"tier":"t","shape":{"round":true},"ingress":[{"action":"Deny","limit":5,"source":{"nets":["10.0.0.0/8"],"country":"NZ"}}]},"newTop":[1]})j");
}

TEST(Codec, WritesWhatIsAlwaysThereAndNothingElse) {
  Node node;
  node.metadata.name = "n";
  node.metadata.resource_version = "12";

  EXPECT_EQ(to_json(node),
            R"j({"kind":"Node","apiVersion":"projectcalico.org/v3","metadata":{"name":"n"},"spec":{},"status":{}})j");
  EXPECT_EQ(to_value(node).at("metadata")->text("resourceVersion"), "12");
}

TEST(Codec, FillsPoolDefaultsOnRead) {
  const auto pool = read<IpPool>(R"j({"metadata":{"name":"p"},"spec":{"cidr":"fd00::/64"}})j");

  EXPECT_EQ(pool.spec.block_size, 122);
  EXPECT_EQ(pool.spec.node_selector, "all()");
  EXPECT_EQ(pool.spec.allowed_uses, (std::vector<std::string>{"Workload", "Tunnel"}));
  EXPECT_EQ(pool.spec.assignment_mode, "Automatic");
}

TEST(Codec, ReadsNamesOfOlderPolicies) {
  const auto name = [](std::string_view json) { return read<NetworkPolicy>(json).metadata.name; };

  EXPECT_EQ(name(R"j({"metadata":{"name":"default.web"},"spec":{}})j"), "web");
  EXPECT_EQ(name(R"j({"metadata":{"name":"ops.web"},"spec":{"tier":"ops"}})j"), "ops.web");
  EXPECT_EQ(
      name(
          R"j({"metadata":{"name":"default.web","annotations":{"projectcalico.org/metadata":"{\"name\":\"default.web\"}"}},"spec":{}})j"),
      "default.web");
  EXPECT_EQ(
      read<NetworkPolicy>(R"j({"metadata":{"name":"a"},"spec":{}})j").metadata.labels.at("projectcalico.org/tier"),
      "default");
}

TEST(Codec, FillsTypesTierAndLabelOfPoliciesOnWrite) {
  GlobalNetworkPolicy none, egress, both;
  egress.spec.egress = {Rule{}};
  both.spec.ingress = both.spec.egress = {Rule{}};
  for (auto* policy : {&none, &egress, &both}) set_defaults(*policy);

  EXPECT_EQ(none.spec.types, (std::vector{PolicyType::ingress}));
  EXPECT_EQ(egress.spec.types, (std::vector{PolicyType::egress}));
  EXPECT_EQ(both.spec.types, (std::vector{PolicyType::ingress, PolicyType::egress}));
  EXPECT_EQ(none.metadata.labels.at("projectcalico.org/tier"), "default");
}

TEST(Codec, NamesKeyFieldAndValueOfWhatItCannotRead) {
  const auto pool = from_json<IpPool>(R"j({"metadata":{"name":"p"},"spec":{"cidr":"10.0.0/8","blockSize":"x"}})j");

  ASSERT_FALSE(pool);
  EXPECT_NE(pool.error().message.find("spec.cidr: "), std::string::npos) << pool.error().message;
  EXPECT_NE(pool.error().message.find("spec.blockSize: must be a whole number (is \"x\")"), std::string::npos);
}

TEST(Codec, PutsObjectsUnderCalicosKeys) {
  NetworkPolicy policy;
  policy.metadata = {.name = "allow-db", .namespace_ = "default"};
  EXPECT_EQ(path_of(policy), "/calico/resources/v3/projectcalico.org/networkpolicies/default/allow-db");
  EXPECT_EQ(prefix_of<IpPool>(), "/calico/resources/v3/projectcalico.org/ippools/");
  EXPECT_EQ(block_path(*net::Cidr::parse("10.65.0.0/26")), "/calico/ipam/v2/assignment/ipv4/block/10.65.0.0-26");
  EXPECT_EQ(affinity_path("node1", *net::Cidr::parse("fd00::/122")),
            "/calico/ipam/v2/host/node1/ipv6/block/fd00::-122");
  EXPECT_EQ(handle_path("k8s-pod-network.4f"), "/calico/ipam/v2/handle/k8s-pod-network.4f");

  EXPECT_EQ(parse_resource_key(path_of(policy)), (ResourceKey{"NetworkPolicy", "default", "allow-db"}));
  EXPECT_EQ(parse_resource_key("/calico/resources/v3/projectcalico.org/nodes/a/b"), std::nullopt);
  EXPECT_EQ(parse_resource_key("/calico/resources/v3/projectcalico.org/unknowns/a"), std::nullopt);
  EXPECT_EQ(parse_block_key("/calico/ipam/v2/assignment/ipv4/block/10.65.0.0-26"), *net::Cidr::parse("10.65.0.0/26"));
  EXPECT_EQ(parse_block_key("/calico/ipam/v2/assignment/ipv6/block/10.65.0.0-26"), std::nullopt);
  EXPECT_EQ(parse_affinity_key("/calico/ipam/v2/host/node1/ipv6/block/fd00::-122"),
            (std::pair<std::string, net::Cidr>("node1", *net::Cidr::parse("fd00::/122"))));
  EXPECT_EQ(parse_affinity_key("/calico/ipam/v2/host/node1"), std::nullopt);
}

TEST(Validation, ChecksPools) {
  IpPool pool;
  pool.metadata.name = "p";
  pool.spec.cidr = *net::Cidr::parse("10.0.0.0/24");
  set_defaults(pool);
  EXPECT_EQ(first_problem(pool), "");

  pool.spec.block_size = 20;
  EXPECT_EQ(first_problem(pool),
            "spec.blockSize: IP pool size is too small for use with Calico IPAM. It must be equal to or greater than "
            "the block size.");
  pool.spec.block_size = 26;
  pool.spec.ipip_mode = pool.spec.vxlan_mode = EncapMode::always;
  EXPECT_EQ(first_problem(pool), "spec.ipipMode: ipipMode and vxlanMode cannot both be enabled");
  pool.spec.ipip_mode = pool.spec.vxlan_mode = EncapMode::never;
  pool.spec.node_selector = "x ==";
  EXPECT_EQ(first_problem(pool).substr(0, 37), "spec.nodeSelector: is no selector: co") << first_problem(pool);
  pool.spec.node_selector = "all()";
  pool.metadata.name = "No";
  EXPECT_EQ(first_problem(pool).substr(0, 14), "metadata.name:");
}

TEST(Validation, ChecksRules) {
  const auto problem = [](const Rule& rule) {
    NetworkPolicy policy;
    policy.metadata = {.name = "p", .namespace_ = "n"};
    policy.spec.ingress = {rule};
    set_defaults(policy);
    return first_problem(policy);
  };
  const Protocol tcp{net::tcp}, icmp{net::icmp}, icmpv6{net::icmpv6};

  EXPECT_EQ(problem({.protocol = tcp, .destination = {.ports = {{.range = {80, 80}}}}}), "");
  EXPECT_EQ(problem({.destination = {.ports = {{.name = "http"}}}}), "");
  EXPECT_EQ(problem({.destination = {.ports = {{.range = {80, 80}}}}}),
            "spec.ingress[0].destination.ports: rules that specify ports must set protocol to TCP or UDP or SCTP");
  EXPECT_EQ(problem({.icmp = Icmp{}}), "spec.ingress[0].icmp: ICMP fields require protocol to be ICMP or ICMPv6");
  EXPECT_EQ(problem({.protocol = icmp, .icmp = Icmp{.code = 1}}),
            "spec.ingress[0].icmp.code: ICMP code specified without an ICMP type");
  EXPECT_EQ(problem({.protocol = icmp, .icmp = Icmp{.type = 255}}), "spec.ingress[0].icmp.type: must be in 0..254");
  EXPECT_EQ(problem({.ip_version = 4, .protocol = icmpv6}),
            "spec.ingress[0].protocol: protocol ICMPv6 requires ipVersion 6");
  EXPECT_EQ(problem({.ip_version = 5}), "spec.ingress[0].ipVersion: must be 4 or 6");
  EXPECT_EQ(problem({.source = {.nets = {*net::Cidr::parse("10.0.0.0/8")}},
                     .destination = {.nets = {*net::Cidr::parse("fd00::/8")}}}),
            "spec.ingress[0].destination.nets: rule contains both IPv4 and IPv6 CIDRs");
  EXPECT_EQ(problem({.source = {.not_nets = {net::Cidr()}}}),
            "spec.ingress[0].source.notNets: catch-all CIDR in negation matches no traffic");
  EXPECT_EQ(problem({.source = {.namespace_selector = "global() && a == 'b'"}}),
            "spec.ingress[0].source.namespaceSelector: may use global() only as the whole selector");
}

TEST(Validation, ChecksEndpointsAndTheirNames) {
  WorkloadEndpoint endpoint;
  endpoint.metadata.namespace_ = "default";
  endpoint.spec = {
      .orchestrator = "k8s", .node = "node-1", .pod = "my-pod", .endpoint = "eth0", .interface_name = "cali1"};
  set_defaults(endpoint);

  EXPECT_EQ(endpoint.metadata.name, "node--1-k8s-my--pod-eth0");
  EXPECT_EQ(endpoint.metadata.labels.at("projectcalico.org/orchestrator"), "k8s");
  EXPECT_EQ(first_problem(endpoint), "");

  endpoint.metadata.name = "other";
  EXPECT_EQ(first_problem(endpoint).substr(0, 44), "metadata.name: must be node--1-k8s-my--pod-e");
}

TEST(Validation, ChecksTiers) {
  Tier tier;
  tier.metadata.name = "kube-admin";
  tier.spec = {.order = 5, .default_action = Action::deny};

  const auto problems = validate(tier);

  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].path, "spec.order");
  EXPECT_EQ(problems[1].path, "spec.defaultAction");
}

TEST(EndpointNames, GiveCalicosInterfaceNames) {
  EXPECT_EQ(interface_name_of_pod("cali", "default", "nginx"), "calic440f455693");
  EXPECT_EQ(interface_name_of_pod("cali", "kube-system", "coredns-abc"), "cali3d5d6ab04b5");
}
