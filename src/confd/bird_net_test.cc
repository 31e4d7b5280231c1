// Real BIRDs in network namespaces that speak to each other with the configuration that we render.

#include <signal.h>
#include <sys/wait.h>

#include <filesystem>

#include "base/file.h"
#include "base/process.h"
#include "bgp/control.h"
#include "bgp/status.h"
#include "confd/bird_example.h"
#include "test/netns.h"

namespace weft::confd {
namespace {

using testing::HasSubstr;
using testing::Not;
using weft::test::eventually;
using weft::test::Netns;

/// A node: a namespace and a BIRD in it.
class Node {
 public:
  Node(std::string folder, std::string name) : folder_(std::move(folder) + "/" + name), input(test::cluster(name)) {
    std::filesystem::create_directories(folder_);
    ns.run(
        "ip link set lo up; sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
        "net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
  }
  ~Node() { stop(SIGKILL); }

  std::string socket() const { return folder_ + "/bird.ctl"; }
  void write() const {
    const auto config = test::bird_config(input);
    ASSERT_TRUE(config.has_value()) << config.error().message;
    ASSERT_TRUE(write_file_atomic(folder_ + "/bird.cfg", *config).has_value());
  }
  void start(bool recover = false) {
    write();
    ns.in([&] {
      const Fd log(::open((folder_ + "/bird.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
      Command command{.argv = {"bird", "-f", "-c", folder_ + "/bird.cfg", "-s", socket(), "-P", folder_ + "/bird.pid"}};
      if (recover) command.argv.push_back("-R");
      command.err = log.get();
      auto started = weft::start(command);
      ASSERT_TRUE(started.has_value()) << started.error().message;
      bird_ = std::move(*started);
    });
    ASSERT_TRUE(eventually([&] { return bgp::Control::connect(socket()).has_value(); })) << log();
  }
  void stop(int signal) {
    if (bird_.pid == 0) return;
    ::kill(bird_.pid, signal);
    ::waitpid(bird_.pid, nullptr, 0);
    bird_ = {};
  }
  void reload() {
    write();
    const auto told = bgp::configure(socket());
    EXPECT_TRUE(told.has_value()) << told.error().message;
  }
  std::string log() const { return read_file(folder_ + "/bird.log").value_or(""); }
  std::string routes() const { return ns.run("ip -4 route show; ip -6 route show"); }
  bool has_route(const std::string& text) const { return routes().find(text) != std::string::npos; }
  bool established(std::size_t count) const {
    auto control = bgp::Control::connect(socket());
    const auto protocols =
        control ? bgp::show_protocols(*control) : Result<std::vector<bgp::Protocol>>(std::unexpected(control.error()));
    if (!protocols) return false;
    std::size_t up = 0;
    for (const auto& peer : bgp::peer_statuses(*protocols)) up += peer.info == "Established";
    return up == count;
  }

  Netns ns;

 private:
  std::string folder_;
  Process bird_;

 public:
  bgp::Input input;
};

class BirdNet : public testing::Test {
 protected:
  BirdNet() {
    std::string pattern = testing::TempDir() + "weft-bird-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    node1 = std::make_unique<Node>(folder_, "node1");
    node2 = std::make_unique<Node>(folder_, "node2");
    node2->ns.run("ip link add fabric type bridge");
    plug_in(*node1, "port1");
    address(*node1, "1");
    address(*node2, "2");
    for (auto* node : {node1.get(), node2.get()}) {
      node->input.nodes.erase("node3");
      test::add_pool(node->input, "v4", "10.65.0.0/16");
      test::add_pool(node->input, "v6", "fd00:65::/64");
      test::add_block(node->input, "node1", "10.65.1.0/26");
      test::add_block(node->input, "node2", "10.65.2.0/26");
      test::add_block(node->input, "node1", "fd00:65::100/122");
      test::add_block(node->input, "node2", "fd00:65::200/122");
    }
  }
  ~BirdNet() override {
    node1.reset();
    node2.reset();
    std::filesystem::remove_all(folder_);
  }
  /// A port of the bridge in node2 for a node. `ip` names the other namespace by a process that lives in it.
  void plug_in(Node& node, const std::string& port) {
    Process holder;
    node2->ns.in([&] { holder = std::move(weft::start({.argv = {"sleep", "60"}}).value()); });
    node.ns.run("ip link add fabric type veth peer name " + port + " netns " + std::to_string(holder.pid));
    ::kill(holder.pid, SIGKILL);
    ::waitpid(holder.pid, nullptr, 0);
    node2->ns.run("ip link set " + port + " master fabric up");
  }
  void address(Node& node, const std::string& number) {
    node.ns.run("ip addr add 10.0.0." + number + "/24 dev fabric; ip -6 addr add fd00::" + number +
                "/64 dev fabric nodad; ip link set fabric up");
  }

  void both_up() {
    node1->start();
    node2->start();
    ASSERT_TRUE(eventually([&] { return node1->established(2) && node2->established(2); }))
        << node1->log() << node2->log();
  }
  /// As the agent makes them.
  static void add_workload(Node& node, const std::string& name, const std::string& v4, const std::string& v6) {
    node.ns.run("ip link add " + name + " type veth peer name p" + name + "; ip link set " + name +
                " up; ip link set p" + name + " up; ip route add " + v4 + "/32 dev " + name +
                " proto 80 scope link; ip -6 route add " + v6 + "/128 dev " + name + " proto 80");
  }

  std::string folder_;
  std::unique_ptr<Node> node1, node2;
};

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
