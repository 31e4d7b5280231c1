// Real BIRDs in network namespaces that speak to each other with the configuration that we render.

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "confd/bird_fixture.h"

namespace weft::confd {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(BirdNet, PutsBlocksOfTheOtherNodeIntoTheKernelAndItsOwnAsBlackholes) {
  both_up();

  EXPECT_TRUE(eventually([&] { return node1->has_route("10.65.2.0/26 via 10.0.0.2 dev fabric proto bird"); }))
      << node1->routes() << node1->log();
  EXPECT_TRUE(eventually([&] { return node2->has_route("10.65.1.0/26 via 10.0.0.1 dev fabric proto bird"); }))
      << node2->routes();
  EXPECT_TRUE(eventually([&] { return node1->has_route("blackhole 10.65.1.0/26 proto bird"); })) << node1->routes();
  EXPECT_TRUE(eventually([&] { return node1->has_route("fd00:65::200/122 via fd00::2 dev fabric proto bird"); }))
      << node1->routes();
  EXPECT_TRUE(eventually([&] { return node1->has_route("blackhole fd00:65::100/122 dev lo proto bird"); }))
      << node1->routes();
}

TEST_F(BirdNet, LeaksNoWorkloadOfAnOwnBlock) {
  add_workload(*node1, "cali1", "10.65.1.5", "fd00:65::105");
  both_up();
  ASSERT_TRUE(eventually([&] {
    return node2->has_route("10.65.1.0/26 via") && node2->has_route("fd00:65::100/122 via");
  })) << node2->routes();

  add_workload(*node1, "cali2", "10.65.1.6", "fd00:65::106");    // also when it comes later
  std::this_thread::sleep_for(std::chrono::milliseconds(2500));  // longer than BIRD's scan time

  EXPECT_THAT(node2->routes(), Not(HasSubstr("10.65.1.5")));
  EXPECT_THAT(node2->routes(), Not(HasSubstr("10.65.1.6")));
  EXPECT_THAT(node2->routes(), Not(HasSubstr("fd00:65::105")));
  EXPECT_THAT(node2->routes(), Not(HasSubstr("fd00:65::106")));
  EXPECT_THAT(node1->routes(),
              HasSubstr("10.65.1.5 dev cali1 proto 80 scope link"));  // and it stays as the agent made it
}

TEST_F(BirdNet, TellsOfAWorkloadWithAnAddressOfSomebodyElsesBlock) {
  both_up();

  add_workload(*node1, "cali3", "10.65.2.9", "fd00:65::209");

  EXPECT_TRUE(eventually([&] { return node2->has_route("10.65.2.9 via 10.0.0.1 dev fabric proto bird"); }))
      << node2->routes();
  EXPECT_TRUE(eventually([&] { return node2->has_route("fd00:65::209 via fd00::1 dev fabric proto bird"); }))
      << node2->routes();
  node1->ns.run("ip link del cali3");
  EXPECT_TRUE(eventually([&] { return !node2->has_route("10.65.2.9") && !node2->has_route("fd00:65::209"); }))
      << node2->routes();
}

TEST_F(BirdNet, TellsNothingOfRoutesThatAreNoneOfOurs) {
  node1->ns.run(
      "ip route add 10.65.77.0/24 via 10.0.0.9; ip route add 192.0.2.0/24 via 10.0.0.9; ip route add 10.65.78.1/32 via "
      "10.0.0.9; ip link add other0 type veth peer name other1; ip link set other1 up; ip addr add 10.65.79.1/24 dev "
      "other0; ip link set other0 up");

  both_up();
  ASSERT_TRUE(eventually([&] { return node2->has_route("10.65.1.0/26 via"); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));

  for (const std::string foreign : {"10.65.77", "192.0.2", "10.65.78", "10.65.79"})
    EXPECT_THAT(node2->routes(), Not(HasSubstr(foreign)));
}

TEST_F(BirdNet, NeitherSendsNorTakesRoutesOfAPoolWithAnOverlay) {
  // node1 has an overlay pool; to node2, as to a node of an older release, it is a pool like others.
  test::add_pool(node1->input, "overlay", "10.66.0.0/16").ipip_mode = api::EncapMode::always;
  test::add_pool(node2->input, "overlay", "10.66.0.0/16");
  test::add_block(node1->input, "node1", "10.66.1.0/26");
  test::add_block(node2->input, "node2", "10.66.2.0/26");

  both_up();
  ASSERT_TRUE(eventually([&] {
    return node1->has_route("10.65.2.0/26 via") && node2->has_route("10.65.1.0/26 via") &&
           node2->has_route("blackhole 10.66.2.0/26");
  }));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));

  EXPECT_THAT(node1->routes(), Not(HasSubstr("10.66.")));
  EXPECT_THAT(node2->routes(), Not(HasSubstr("10.66.1.")));
}

TEST_F(BirdNet, DoesNotTellOfAPoolThatIsNotExported) {
  for (auto* node : {node1.get(), node2.get()}) {
    test::add_pool(node->input, "hidden", "10.68.0.0/16").disable_bgp_export = true;
    test::add_block(node->input, "node1", "10.68.1.0/26");
  }

  both_up();
  ASSERT_TRUE(
      eventually([&] { return node2->has_route("10.65.1.0/26 via") && node1->has_route("blackhole 10.68.1.0/26"); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(500));

  EXPECT_THAT(node2->routes(), Not(HasSubstr("10.68.")));
}

TEST_F(BirdNet, FollowsAReload) {
  both_up();
  ASSERT_TRUE(eventually([&] { return node2->has_route("10.65.1.0/26 via"); }));

  test::add_block(node1->input, "node1", "10.65.3.0/26");
  node1->reload();
  EXPECT_TRUE(eventually([&] { return node2->has_route("10.65.3.0/26 via 10.0.0.1"); })) << node2->routes();
  EXPECT_TRUE(node1->established(2));  // no session was lost

  node1->input.affinities.erase({"node1", *net::Cidr::parse("10.65.3.0/26")});
  node1->reload();
  EXPECT_TRUE(eventually([&] { return !node2->has_route("10.65.3.0/26") && !node1->has_route("10.65.3.0/26"); }))
      << node2->routes();
}

TEST_F(BirdNet, SaysWhyAConfigurationIsRefused) {
  node1->start();
  ASSERT_TRUE(write_file_atomic(folder_ + "/node1/bird.cfg", "nonsense").has_value());

  const auto told = bgp::configure(node1->socket());

  ASSERT_FALSE(told.has_value());
  EXPECT_THAT(told.error().message, HasSubstr("syntax error"));
}

TEST_F(BirdNet, LosesNoRouteWhenBirdIsKilledAndRestarted) {
  both_up();
  ASSERT_TRUE(eventually([&] {
    return node2->has_route("10.65.1.0/26 via") && node1->has_route("10.65.2.0/26 via") &&
           node1->has_route("fd00:65::200/122 via");
  }));

  std::atomic<bool> stop = false;
  std::atomic<int> missed = 0;
  std::thread watcher([&] {
    while (!stop) {
      if (!node1->has_route("10.65.2.0/26 via") || !node2->has_route("10.65.1.0/26 via") ||
          !node1->has_route("blackhole 10.65.1.0/26"))
        ++missed;
    }
  });
  node1->stop(SIGKILL);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  node1->start(true);
  const bool back =
      eventually([&] { return node1->established(2) && node2->established(2); }, std::chrono::seconds(15));
  std::this_thread::sleep_for(std::chrono::milliseconds(1000));
  stop = true;
  watcher.join();

  EXPECT_TRUE(back) << node1->log() << node2->log();
  EXPECT_EQ(missed, 0);
}

TEST_F(BirdNet, PeersWithAPasswordOnlyWhereBothHaveIt) {
  for (auto* node : {node1.get(), node2.get()}) {
    node->input.configurations["default"].spec.node_mesh_password.emplace().secret_key_ref =
        api::SecretKeyRef{"bgp", "mesh", {}};
    node->input.secrets = [](const std::string&, const std::string&) { return "s3cret"; };
  }
  both_up();

  node1->input.secrets = [](const std::string&, const std::string&) { return "another"; };
  node1->stop(SIGKILL);
  node1->start();
  std::this_thread::sleep_for(std::chrono::seconds(3));

  EXPECT_FALSE(node1->established(2));
}

TEST_F(BirdNet, ReflectsRoutesFromClientToClient) {
  auto node3 = std::make_unique<Node>(folder_, "node3");
  plug_in(*node3, "port3");
  address(*node3, "3");
  for (auto* node : {node1.get(), node2.get(), node3.get()}) {
    auto with_three = test::cluster(node->input.node);
    with_three.affinities = node->input.affinities;
    test::add_pool(with_three, "v4", "10.65.0.0/16");
    test::add_block(with_three, "node3", "10.65.3.0/26");
    with_three.nodes["node2"].spec.bgp->route_reflector_cluster_id = "244.0.0.2";
    with_three.configurations["default"].spec.node_to_node_mesh_enabled = false;
    auto& peer = test::add_peer(with_three, "clients");
    peer.node_selector = "all()";
    peer.peer_selector = "has(reflector)";
    with_three.nodes["node2"].metadata.labels["reflector"] = "";
    node->input = with_three;
    node->start();
  }

  // node1 and node3 have no session with each other, and still send each other's pods straight.
  EXPECT_TRUE(eventually([&] { return node1->has_route("10.65.3.0/26 via 10.0.0.3 dev fabric proto bird"); }))
      << node1->routes() << node2->log();
  EXPECT_TRUE(eventually([&] { return node3->has_route("10.65.1.0/26 via 10.0.0.1 dev fabric proto bird"); }))
      << node3->routes();
  EXPECT_TRUE(eventually([&] { return node1->established(2); }));  // with node2 alone, in both families
}

TEST_F(BirdNet, ShowsThePeerTable) {
  both_up();

  const auto text = bgp::node_status(node1->socket());

  ASSERT_TRUE(text.has_value()) << text.error().message;
  EXPECT_THAT(*text, HasSubstr("| 10.0.0.2     | node-to-node mesh | up    |"));
  EXPECT_THAT(*text, HasSubstr("Established"));
  EXPECT_THAT(*text, HasSubstr("| fd00::2      |"));
}

}  // namespace
}  // namespace weft::confd
