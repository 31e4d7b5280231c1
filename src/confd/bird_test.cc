#include <unistd.h>

#include <cstdlib>

#include "base/file.h"
#include "base/process.h"
#include "confd/bird_example.h"
#include "confd/resource.h"

namespace weft::confd {
namespace {

/// Compares with test/bird/<name>.cfg (WEFT_UPDATE=1 writes it instead) and has BIRD check it.
void check(const std::string& name, const bgp::Input& input) {
  const auto config = test::bird_config(input);
  ASSERT_TRUE(config.has_value()) << config.error().message;

  const std::string golden = WEFT_SOURCE_DIR "/test/bird/" + name + ".cfg";
  if (std::getenv("WEFT_UPDATE") != nullptr) {
    ASSERT_TRUE(write_file_atomic(golden, *config).has_value());
  }
  EXPECT_EQ(*config, read_file(golden).value_or("no such file"));

  const std::string path = testing::TempDir() + "bird." + std::to_string(getpid()) + "." + name + ".cfg";
  ASSERT_TRUE(write_file_atomic(path, *config).has_value());
  const auto bird = run({"bird", "-p", "-c", path});
  ASSERT_TRUE(bird.has_value()) << bird.error().message;
  EXPECT_TRUE(bird->ok()) << bird->err << *config;
  EXPECT_TRUE(remove_file(path).has_value());
}

TEST(BirdConfig, OfANodeThatKnowsNothingYet) {
  bgp::Input input;
  input.node = "node1";

  check("nothing", input);
}

TEST(BirdConfig, OfAMeshInBothFamilies) {
  bgp::Input input = test::cluster("node2");
  test::add_pool(input, "v4", "10.65.0.0/16");
  test::add_pool(input, "v6", "fd00:65::/64");
  test::add_block(input, "node2", "10.65.2.0/26");
  test::add_block(input, "node2", "10.65.2.64/26");
  test::add_block(input, "node2", "fd00:65::200/122");
  test::add_block(input, "node1", "10.65.1.0/26");

  check("mesh", input);
}

TEST(BirdConfig, OfPeersWithEverySetting) {
  bgp::Input input = test::cluster("node1");
  input.nodes["node1"].spec.bgp->route_reflector_cluster_id = "244.0.0.1";
  input.nodes["node3"].spec.bgp->as_number = api::AsNumber{4200000000};
  input.secrets = [](const std::string&, const std::string&) { return "s3cret"; };
  input.configurations["default"].spec.listen_port = 1790;
  input.configurations["default"].spec.bind_mode = "NodeIP";
  input.configurations["default"].spec.log_severity_screen = "Debug";
  input.configurations["default"].spec.ignored_interfaces = {"docker0", "br-*"};
  input.configurations["default"].spec.communities = {{"gold", "64512:100", {}}};
  input.configurations["default"].spec.prefix_advertisements = {{"10.65.0.0/16", {"gold", "64512:1:2"}, {}}};
  test::add_pool(input, "v4", "10.65.0.0/16");
  test::add_pool(input, "hidden", "10.66.0.0/16").disable_bgp_export = true;
  test::add_pool(input, "overlay", "10.67.0.0/16").ipip_mode = api::EncapMode::always;
  test::add_block(input, "node1", "10.65.1.0/26");
  test::add_block(input, "node1", "10.67.1.0/26");
  auto& tor = test::add_peer(input, "tor");
  tor.peer_ip = "10.0.0.254:1791";
  tor.as_number = api::AsNumber{65100};
  tor.password.emplace().secret_key_ref = api::SecretKeyRef{"bgp", "tor", {}};
  tor.source_address = "None";
  tor.ttl_security = 1;
  tor.keepalive_time = api::Duration{std::chrono::seconds(20)};
  tor.max_restart_time = api::Duration{std::chrono::seconds(60)};
  tor.num_allowed_local_as_numbers = 1;
  tor.next_hop_mode = "Keep";
  tor.reachable_by = "10.0.0.253";
  auto& clients = test::add_peer(input, "clients");
  clients.node = "node1";
  clients.peer_selector = "all()";

  check("peers", input);
}

TEST(BirdConfig, LaysOutOverlaysOnlyAsSomethingToReject) {
  bgp::Input input = test::cluster("node1");
  test::add_pool(input, "overlay", "10.67.0.0/16").vxlan_mode = api::EncapMode::always;
  test::add_block(input, "node1", "10.67.1.0/26");

  const auto config = test::bird_config(input);

  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->find("route 10.67"), std::string::npos);
  EXPECT_NE(config->find("if net ~ 10.67.0.0/16 then return true;"), std::string::npos);
}

TEST(BirdConfig, ComesWithAResourceThatCanBeRead) {
  const auto resources =
      load_resources({.confdir = WEFT_SOURCE_DIR "/templates/confd", .prefix = "", .node_name = "node1"});

  ASSERT_TRUE(resources.has_value()) << resources.error().message;
  ASSERT_TRUE(resources->bad.empty()) << resources->bad.front().message;
  ASSERT_EQ(resources->good.size(), 1u);
  EXPECT_EQ(resources->good[0].destination, "/etc/calico/confd/config/bird.cfg");
  EXPECT_TRUE(file_exists(resources->good[0].source));
}

}  // namespace
}  // namespace weft::confd
