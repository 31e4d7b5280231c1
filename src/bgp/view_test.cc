#include "bgp/view.h"

#include <algorithm>

namespace weft::bgp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class ViewTest : public testing::Test {
 protected:
  ViewTest() {
    input.node = "node1";
    node("node1", "10.0.0.1");
    node("node2", "10.0.0.2");
    node("node3", "10.0.0.3");
    pool("pool", "10.65.0.0/16");
    input.secrets = [](const std::string& name, const std::string& key) -> std::optional<std::string> {
      if (name == "bgp" && key == "rr") return "s3cret";
      if (name == "bgp" && key == "bad") return "with \" quote";
      return std::nullopt;
    };
  }

  api::Node& node(const std::string& name, const std::string& v4, const std::string& v6 = "") {
    api::Node& made = input.nodes[name];
    made.metadata.name = name;
    made.spec.bgp.emplace();
    if (!v4.empty()) made.spec.bgp->ipv4_address = *net::Address::parse(v4 + "/24");
    if (!v6.empty()) made.spec.bgp->ipv6_address = *net::Address::parse(v6 + "/64");
    return made;
  }
  api::IpPoolSpec& pool(const std::string& name, const std::string& cidr) {
    api::IpPool& made = input.pools[name];
    made.metadata.name = name;
    made.spec.cidr = *net::Cidr::parse(cidr);
    return made.spec;
  }
  api::BgpPeerSpec& peer(const std::string& name) {
    api::BgpPeer& made = input.peers[name];
    made.metadata.name = name;
    return made.spec;
  }
  api::BgpPeerSpec& peer(const std::string& name, const std::string& ip, std::uint32_t as_number) {
    auto& spec = peer(name);
    spec.peer_ip = ip;
    spec.as_number = api::AsNumber{as_number};
    return spec;
  }
  api::BgpConfigurationSpec& configuration(const std::string& name = "default") {
    input.configurations[name].metadata.name = name;
    return input.configurations[name].spec;
  }
  void block(const std::string& host, const std::string& cidr, const std::string& state = "confirmed") {
    const auto parsed = *net::Cidr::parse(cidr);
    input.affinities[{host, parsed}] = {host, parsed, state, false, {}};
  }

  std::vector<std::string> names() const {
    std::vector<std::string> list;
    for (const auto& one : make_view(input).peers) list.push_back(one.name);
    return list;
  }
  Peer only(const std::string& name) const {
    for (const auto& one : make_view(input).peers) {
      if (one.name == name) return one;
    }
    ADD_FAILURE() << "no session " << name;
    return {};
  }

  Input input;
};

TEST_F(ViewTest, MeshesWithEveryOtherNode) {
  EXPECT_THAT(names(), ElementsAre("Mesh_10_0_0_2", "Mesh_10_0_0_3"));
  const Peer peer = only("Mesh_10_0_0_2");
  EXPECT_EQ(peer.as_number, 64512u);
  EXPECT_EQ(peer.local_as_number, 64512u);
  EXPECT_EQ(net::to_string(*peer.local_address), "10.0.0.1");
}

TEST_F(ViewTest, LetsTheOneWithTheGreaterAddressConnect) {
  EXPECT_TRUE(only("Mesh_10_0_0_2").passive);

  input.node = "node3";
  EXPECT_FALSE(only("Mesh_10_0_0_2").passive);
}

TEST_F(ViewTest, ComparesAddressesAsText) {
  node("node10", "10.0.0.10");

  input.node = "node2";

  EXPECT_FALSE(only("Mesh_10_0_0_10").passive);  // "10.0.0.10" sorts before "10.0.0.2"
}

TEST_F(ViewTest, MeshesPerFamilyWhereBothHaveAnAddress) {
  node("node1", "10.0.0.1", "fd00::1");
  node("node2", "", "fd00::2");

  EXPECT_THAT(names(), ElementsAre("Mesh_10_0_0_3", "Mesh_fd00__2"));
}

TEST_F(ViewTest, HasNoSessionsBeforeTheNodeHasAnAddress) {
  input.nodes["node1"].spec.bgp.reset();
  EXPECT_THAT(names(), IsEmpty());

  input.nodes.erase("node1");
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(ViewTest, HasNoMeshWhenItIsOff) {
  configuration().node_to_node_mesh_enabled = false;

  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(ViewTest, LeavesRouteReflectorsOutOfTheMesh) {
  input.nodes["node2"].spec.bgp->route_reflector_cluster_id = "1.0.0.1";
  EXPECT_THAT(names(), ElementsAre("Mesh_10_0_0_3"));

  input.node = "node2";
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(ViewTest, TakesTheAsNumberFromTheNodeThenFromTheConfiguration) {
  configuration().as_number = api::AsNumber{65000};
  input.nodes["node2"].spec.bgp->as_number = api::AsNumber{65002};

  EXPECT_EQ(only("Mesh_10_0_0_2").as_number, 65002u);
  EXPECT_EQ(only("Mesh_10_0_0_3").as_number, 65000u);
  EXPECT_EQ(make_view(input).as_number, 65000u);
}

TEST_F(ViewTest, UsesTheListenPortOfTheOtherNode) {
  configuration().listen_port = 1790;
  configuration("node.node2").listen_port = 1792;

  EXPECT_EQ(make_view(input).listen_port, 1790);
  EXPECT_EQ(only("Mesh_10_0_0_2").port, 1792);  // not in the name of a mesh session
  EXPECT_EQ(only("Mesh_10_0_0_3").port, 1790);
}

TEST_F(ViewTest, GivesEveryNodeAGlobalPeer) {
  peer("tor", "10.0.0.254", 65100);

  EXPECT_THAT(names(), ElementsAre("Global_10_0_0_254", "Mesh_10_0_0_2", "Mesh_10_0_0_3"));
  EXPECT_EQ(only("Global_10_0_0_254").as_number, 65100u);
  EXPECT_EQ(only("Global_10_0_0_254").local_as_number, 64512u);
  EXPECT_FALSE(only("Global_10_0_0_254").passive);
}

TEST_F(ViewTest, NamesTheSessionAfterAddressAndPort) {
  peer("a", "10.0.0.254:1790", 65100);
  node("node1", "10.0.0.1", "fd00::1");
  peer("b", "[fd00::254]:1790", 65100);
  peer("c", "fd00::253", 65100);

  EXPECT_THAT(names(), ElementsAre("Global_10_0_0_254_port_1790", "Global_fd00__253", "Global_fd00__254_port_1790",
                                   "Mesh_10_0_0_2", "Mesh_10_0_0_3"));
}

TEST_F(ViewTest, GivesANodeItsOwnPeers) {
  peer("a", "10.0.1.1", 65100).node = "node1";
  peer("b", "10.0.1.2", 65100).node = "node2";
  peer("c", "10.0.1.3", 65100).node_selector = "rack == 'a'";
  input.nodes["node1"].metadata.labels["rack"] = "a";
  configuration().node_to_node_mesh_enabled = false;

  EXPECT_THAT(names(), ElementsAre("Node_10_0_1_1", "Node_10_0_1_3"));
}

TEST_F(ViewTest, DropsANodePeerThatIsGlobalAlready) {
  peer("a-node", "10.0.1.1", 65100).node = "node1";
  peer("b-global", "10.0.1.1", 65200);
  configuration().node_to_node_mesh_enabled = false;

  EXPECT_THAT(names(), ElementsAre("Global_10_0_1_1"));
  EXPECT_EQ(only("Global_10_0_1_1").as_number, 65200u);
}

TEST_F(ViewTest, PeersWithSelectedNodesInBothDirections) {
  configuration().node_to_node_mesh_enabled = false;
  input.nodes["node3"].metadata.labels["rr"] = "yes";
  input.nodes["node3"].spec.bgp->route_reflector_cluster_id = "1.0.0.3";
  auto& spec = peer("rr");
  spec.node_selector = "all()";
  spec.peer_selector = "has(rr)";

  EXPECT_THAT(names(), ElementsAre("Node_10_0_0_3"));
  EXPECT_EQ(only("Node_10_0_0_3").cluster_id, "");

  input.node = "node3";
  EXPECT_THAT(names(), ElementsAre("Node_10_0_0_1", "Node_10_0_0_2"));
  EXPECT_EQ(only("Node_10_0_0_1").cluster_id, "1.0.0.3");  // clients of it
}

TEST_F(ViewTest, HasNoClientInItsOwnCluster) {
  configuration().node_to_node_mesh_enabled = false;
  input.nodes["node1"].spec.bgp->route_reflector_cluster_id = "1.0.0.1";
  input.nodes["node2"].spec.bgp->route_reflector_cluster_id = "1.0.0.1";
  auto& spec = peer("rr");
  spec.peer_selector = "all()";

  EXPECT_EQ(only("Global_10_0_0_2").cluster_id, "");
  EXPECT_EQ(only("Global_10_0_0_3").cluster_id, "1.0.0.1");
}

TEST_F(ViewTest, PeersInReverseWithTheNodesThatNameItsAddress) {
  configuration().node_to_node_mesh_enabled = false;
  peer("to-node1", "10.0.0.1", 64512).node = "node2";

  EXPECT_THAT(names(), ElementsAre("Node_10_0_0_2"));

  input.peers["to-node1"].spec.reverse_peering = "Manual";
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(ViewTest, HasOneSessionWhereMeshAndPeerMeet) {
  peer("direct", "10.0.0.2", 64512).node = "node1";

  EXPECT_THAT(names(), ElementsAre("Mesh_10_0_0_3", "Node_10_0_0_2"));

  input.node = "node2";
  EXPECT_THAT(names(), ElementsAre("Mesh_10_0_0_3", "Node_10_0_0_1"));
}

TEST_F(ViewTest, NeverPeersWithItself) {
  peer("all").peer_selector = "all()";

  EXPECT_THAT(names(), ElementsAre("Global_10_0_0_2", "Global_10_0_0_3"));
}

TEST_F(ViewTest, TakesAPasswordFromTheSecrets) {
  auto& spec = peer("tor", "10.0.0.254", 65100);
  spec.password.emplace().secret_key_ref = api::SecretKeyRef{"bgp", "rr", {}};

  EXPECT_EQ(only("Global_10_0_0_254").password, "s3cret");
}

TEST_F(ViewTest, LeavesOutAPeerWhosePasswordIsMissing) {
  auto& spec = peer("tor", "10.0.0.254", 65100);
  for (const std::string key : {"none", "bad"}) {
    spec.password.emplace().secret_key_ref = api::SecretKeyRef{"bgp", key, {}};

    const View view = make_view(input);

    EXPECT_EQ(view.peers.size(), 2u);  // the mesh
    ASSERT_EQ(view.problems.size(), 1u);
    EXPECT_THAT(view.problems[0], HasSubstr("BGPPeer tor: spec.password: "));
  }
}

TEST_F(ViewTest, LeavesOutTheMeshWhenItsPasswordIsMissing) {
  configuration().node_mesh_password.emplace().secret_key_ref = api::SecretKeyRef{"bgp", "none", {}};

  const View view = make_view(input);

  EXPECT_THAT(view.peers, IsEmpty());
  EXPECT_THAT(view.problems, ElementsAre(HasSubstr("spec.nodeMeshPassword")));
}

TEST_F(ViewTest, LeavesOutWhatItCannotDoYetAndSaysSo) {
  peer("a", "10.0.1.1", 65100).filters = {"f"};
  peer("b").local_workload_selector = "all()";
  peer("c", "10.0.1.300", 65100);
  peer("d").node_selector = "=";

  const View view = make_view(input);

  EXPECT_EQ(view.peers.size(), 2u);
  EXPECT_THAT(
      view.problems,
      UnorderedElementsAre(HasSubstr("BGPPeer a: spec.filters"), HasSubstr("BGPPeer b: spec.localWorkloadSelector"),
                           HasSubstr("BGPPeer c: spec.peerIP"), HasSubstr("BGPPeer d: spec.nodeSelector")));
}

TEST_F(ViewTest, KeepsTheNextHopOnlyWhereItWasAskedTo) {
  peer("e", "10.0.1.1", 65100).keep_original_next_hop = true;
  peer("i", "10.0.1.2", 64512).keep_original_next_hop = true;
  peer("k", "10.0.1.3", 64512).next_hop_mode = "Keep";
  peer("s", "10.0.1.4", 64512).next_hop_mode = "Self";

  EXPECT_EQ(only("Global_10_0_1_1").next_hop, "keep");
  EXPECT_EQ(only("Global_10_0_1_2").next_hop, "");  // internal: BGP keeps it anyway, unless it has to change
  EXPECT_EQ(only("Global_10_0_1_3").next_hop, "keep");
  EXPECT_EQ(only("Global_10_0_1_4").next_hop, "self");
}

TEST_F(ViewTest, TakesTheOtherSettingsOfAPeer) {
  auto& spec = peer("tor", "10.0.0.254", 65100);
  spec.source_address = "None";
  spec.keepalive_time = api::Duration{std::chrono::seconds(20)};
  spec.max_restart_time = api::Duration{std::chrono::minutes(2)};
  spec.ttl_security = 1;
  spec.num_allowed_local_as_numbers = 2;
  spec.local_as_number = api::AsNumber{65099};
  spec.reachable_by = "10.0.0.253";

  const Peer made = only("Global_10_0_0_254");

  EXPECT_EQ(made.local_address, std::nullopt);
  EXPECT_EQ(made.keepalive, 20);
  EXPECT_EQ(made.restart_time, 120);
  EXPECT_EQ(made.ttl_hops, 1);
  EXPECT_EQ(made.allow_local_as, 2);
  EXPECT_EQ(made.local_as_number, 65099u);
  EXPECT_EQ(made.reachable_by, "10.0.0.253");
}

TEST_F(ViewTest, AnnouncesConfirmedBlocksOfItsOwn) {
  block("node1", "10.65.1.0/26");
  block("node1", "10.65.1.64/26", "");  // as Calico wrote it before v3
  block("node1", "10.65.1.128/26", "pending");
  block("node1", "10.65.1.192/26", "pendingDeletion");
  block("node1", "10.65.9.1/32");
  block("node2", "10.65.2.0/26");
  block("node1", "fd00:65::/122");

  const View view = make_view(input);

  EXPECT_THAT(view.v4.blocks, ElementsAre(*net::Cidr::parse("10.65.1.0/26"), *net::Cidr::parse("10.65.1.64/26")));
  EXPECT_THAT(view.v6.blocks, ElementsAre(*net::Cidr::parse("fd00:65::/122")));
}

TEST_F(ViewTest, NeverHalfRoutesAPoolWithAnOverlay) {
  pool("ipip", "10.66.0.0/16").ipip_mode = api::EncapMode::always;
  pool("vxlan", "10.67.0.0/16").vxlan_mode = api::EncapMode::cross_subnet;
  pool("hidden", "10.68.0.0/16").disable_bgp_export = true;
  block("node1", "10.66.1.0/26");

  const View view = make_view(input);

  EXPECT_THAT(view.v4.pools, ElementsAre(*net::Cidr::parse("10.65.0.0/16")));
  EXPECT_THAT(view.v4.unsupported, ElementsAre(*net::Cidr::parse("10.66.0.0/16"), *net::Cidr::parse("10.67.0.0/16")));
  EXPECT_THAT(view.v4.hidden, ElementsAre(*net::Cidr::parse("10.68.0.0/16")));
  EXPECT_THAT(view.v4.blocks, IsEmpty());
  EXPECT_THAT(view.problems,
              ElementsAre(HasSubstr("IPPool ipip: spec.ipipMode"), HasSubstr("IPPool vxlan: spec.vxlanMode")));
}

TEST_F(ViewTest, FindsARouterId) {
  EXPECT_EQ(make_view(input).router_id, "10.0.0.1");
  input.router_id = "1.2.3.4";
  EXPECT_EQ(make_view(input).router_id, "1.2.3.4");
  input.router_id = "hash";
  const std::string hashed = make_view(input).router_id;
  EXPECT_EQ(hashed, router_id("node1", std::nullopt, ""));  // what a node without IPv4 has
  input.router_id = "nonsense";
  EXPECT_EQ(make_view(input).router_id, hashed);
  EXPECT_THAT(make_view(input).problems, ElementsAre(HasSubstr("CALICO_ROUTER_ID")));
}

TEST_F(ViewTest, KeepsAHashedRouterIdUnder224) {
  for (int i = 0; i < 1000; ++i) {
    const auto id = net::Ip::parse(router_id("node" + std::to_string(i), std::nullopt, "hash"));
    ASSERT_TRUE(id.has_value());
    EXPECT_LT(id->v4_value() >> 24, 224u);
  }
}

TEST_F(ViewTest, ResolvesCommunities) {
  auto& spec = configuration();
  spec.communities = {{"gold", "64512:100", {}}};
  spec.prefix_advertisements = {{"10.65.0.0/16", {"gold", "64512:1:2", "64512:7", "silver"}, {}}};

  const View view = make_view(input);

  ASSERT_EQ(view.v4.advertisements.size(), 1u);
  EXPECT_THAT(view.v4.advertisements[0].communities, ElementsAre("64512:100", "64512:1:2", "64512:7"));
  EXPECT_THAT(view.problems, ElementsAre(HasSubstr("silver")));
}

TEST_F(ViewTest, OffersCalicosKeys) {
  node("node1", "10.0.0.1", "fd00::1");
  input.nodes["node2"].spec.bgp->as_number = api::AsNumber{65002};
  configuration().node_to_node_mesh_enabled = false;
  configuration().listen_port = 1790;
  peer("tor", "10.0.0.254", 65100);
  peer("mine", "10.0.0.253:1791", 65101).node = "node1";
  block("node1", "10.65.1.0/26");

  auto keys = view_keys(input, make_view(input));

  EXPECT_EQ(keys["/calico/bgp/v1/global/as_num"], "64512");
  EXPECT_EQ(keys["/calico/bgp/v1/global/node_mesh"], R"({"enabled":false})");
  EXPECT_EQ(keys["/calico/bgp/v1/global/loglevel"], "info");
  EXPECT_EQ(keys["/calico/bgp/v1/global/listen_port"], "1790");
  EXPECT_EQ(keys["/calico/bgp/v1/host/node1/ip_addr_v4"], "10.0.0.1");
  EXPECT_EQ(keys["/calico/bgp/v1/host/node1/ip_addr_v6"], "fd00::1");
  EXPECT_EQ(keys["/calico/bgp/v1/host/node1/network_v4"], "10.0.0.0/24");
  EXPECT_EQ(keys["/calico/bgp/v1/host/node2/as_num"], "65002");
  EXPECT_EQ(keys["/calico/ipam/v2/host/node1/ipv4/block/10.65.1.0-26"], R"({"state":"confirmed","deleted":false})");
  EXPECT_TRUE(keys.contains("/calico/v1/ipam/v4/pool/10.65.0.0-16"));
  const auto global = schema::parse_json(keys["/calico/bgp/v1/global/peer_v4/10.0.0.254"]);
  ASSERT_TRUE(global.has_value());
  EXPECT_EQ(global->text("as_num"), "65100");
  EXPECT_EQ(global->text("local_as_num"), "0");
  EXPECT_TRUE(keys.contains("/calico/bgp/v1/host/node1/peer_v4/10.0.0.253-1791"));
  EXPECT_TRUE(keys.contains("/calico/bird"));
}

TEST_F(ViewTest, DoesNotDependOnWhatOtherNodesOwn) {
  const View before = make_view(input);

  block("node2", "10.65.2.0/26");

  EXPECT_EQ(make_view(input), before);
}

TEST_F(ViewTest, DoesNotUseNumbersThatBirdCannotTake) {
  configuration().listen_port = 65536;
  configuration().as_number = api::AsNumber{0};
  auto& tor = peer("tor", "10.0.0.254", 65100);
  tor.ttl_security = 256;
  tor.keepalive_time = api::Duration{std::chrono::seconds(21846)};
  tor.max_restart_time = api::Duration{std::chrono::seconds(4096)};
  tor.num_allowed_local_as_numbers = -1;

  const auto view = make_view(input);

  EXPECT_EQ(view.listen_port, 179);
  EXPECT_EQ(view.as_number, default_as_number);
  const auto made = std::find_if(view.peers.begin(), view.peers.end(), [](const Peer& p) { return p.from == "tor"; });
  ASSERT_NE(made, view.peers.end());
  EXPECT_EQ(made->ttl_hops, std::nullopt);
  EXPECT_EQ(made->keepalive, std::nullopt);
  EXPECT_EQ(made->restart_time, std::nullopt);
  EXPECT_EQ(made->allow_local_as, 0);
  EXPECT_THAT(
      view.problems,
      UnorderedElementsAre(HasSubstr("BGPConfiguration default: spec.listenPort: 65536 is no port"),
                           HasSubstr("BGPPeer tor: spec.ttlSecurity: 256 is not from 1 to 255; the default is used"),
                           HasSubstr("BGPPeer tor: spec.keepaliveTime: 21846"),
                           HasSubstr("BGPPeer tor: spec.maxRestartTime: 4096"),
                           HasSubstr("BGPPeer tor: spec.numAllowedLocalASNumbers: -1")));
}

}  // namespace
}  // namespace weft::bgp
