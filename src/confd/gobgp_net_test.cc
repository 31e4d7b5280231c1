// BIRD with our configuration and a router that is not BIRD: GoBGP, in a namespace beside the nodes.

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "confd/bird_fixture.h"

namespace weft::confd {
namespace {

using testing::HasSubstr;

/// GoBGP as the router of the rack: AS 65100, 10.0.0.254, a neighbour of node1.
class Router {
 public:
  explicit Router(std::string folder) : folder_(std::move(folder) + "/router") {
    std::filesystem::create_directories(folder_);
    EXPECT_TRUE(write_file_atomic(folder_ + "/gobgpd.toml", R"(
[global.config]
  as = 65100
  router-id = "10.0.0.254"
[[neighbors]]
  [neighbors.config]
    neighbor-address = "10.0.0.1"
    peer-as = 64512
  [neighbors.timers.config]
    connect-retry = 1
    idle-hold-time-after-reset = 1
  [neighbors.graceful-restart.config]
    enabled = true
    restart-time = 30
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv4-unicast"
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true
)")
                    .has_value());
  }
  ~Router() { kill(); }

  void start(bool recover = false) {
    ns.in([&] {
      const Fd log(::open((folder_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
      Command command{
          .argv = {"gobgpd", "-f", folder_ + "/gobgpd.toml", "--api-hosts=127.0.0.1:50051", "--pprof-disable"}};
      if (recover) command.argv.push_back("--graceful-restart");
      command.out = log.get();
      command.err = log.get();
      auto started = weft::start(command);
      ASSERT_TRUE(started.has_value()) << started.error().message;
      process_ = std::move(*started);
    });
    ASSERT_TRUE(eventually([&] { return says("global").status == 0; })) << log();
  }
  void kill() {
    if (process_.pid == 0) return;
    ::kill(process_.pid, SIGKILL);
    ::waitpid(process_.pid, nullptr, 0);
    process_ = {};
  }
  weft::test::Command says(const std::string& words) const { return ns.shell_in("gobgp " + words); }
  bool knows(const std::string& route) const { return says("global rib").output.find(route) != std::string::npos; }
  bool established() const { return says("neighbor 10.0.0.1").output.find("ESTABLISHED") != std::string::npos; }
  std::string log() const { return read_file(folder_ + "/log").value_or(""); }

  Netns ns;

 private:
  std::string folder_;
  Process process_;
};

class GoBgpNet : public BirdNet {
 protected:
  GoBgpNet() : router(folder_) {
    plug_in(router.ns, "port9");
    router.ns.run("ip addr add 10.0.0.254/24 dev fabric; ip link set fabric up");
    auto& peer = test::add_peer(node1->input, "rack");
    peer.node = "node1";
    peer.peer_ip = "10.0.0.254";
    peer.as_number = api::AsNumber{65100};
    peer.max_restart_time = api::Duration{std::chrono::seconds(30)};
    node1->start();
    router.start();
  }
  void announce() { router.ns.run("gobgp global rib add 203.0.113.0/24"); }
  void exchanged() {
    ASSERT_TRUE(eventually([&] { return router.established(); }, std::chrono::seconds(20)))
        << router.log() << node1->log();
    ASSERT_TRUE(eventually([&] { return router.knows("10.65.1.0/26"); })) << router.says("global rib").output;
    ASSERT_TRUE(eventually([&] { return node1->has_route(theirs); })) << node1->routes();
  }

  const std::string theirs = "203.0.113.0/24 via 10.0.0.254 dev fabric proto bird";
  Router router;
};

TEST_F(GoBgpNet, ExchangesRoutesAndWithdrawsThem) {
  announce();
  exchanged();
  EXPECT_THAT(router.says("global rib").output, HasSubstr("64512")) << "our AS is in the path";
  EXPECT_FALSE(router.knows("203.0.113.0/24       10.0.0.1")) << "its own route came back to it";

  router.ns.run("gobgp global rib del 203.0.113.0/24");
  EXPECT_TRUE(eventually([&] { return !node1->has_route("203.0.113.0/24"); })) << node1->routes();

  node1->input.affinities.erase({"node1", *net::Cidr::parse("10.65.1.0/26")});
  node1->reload();
  EXPECT_TRUE(eventually([&] { return !router.knows("10.65.1.0/26"); })) << router.says("global rib").output;
  EXPECT_TRUE(router.established());
}

TEST_F(GoBgpNet, LosesNoRouteWhenEitherSideIsKilledAndRestarted) {
  announce();
  exchanged();

  std::atomic<bool> stop = false;
  std::atomic<int> missed = 0;
  std::thread watcher([&] {
    while (!stop) missed += !node1->has_route(theirs) || !node1->has_route("blackhole 10.65.1.0/26");
  });
  // BIRD: the router goes on sending here what it has learned.
  node1->stop(SIGKILL);
  EXPECT_TRUE(eventually([&] { return !router.established(); }));
  EXPECT_TRUE(router.knows("10.65.1.0/26"));
  node1->start(true);
  EXPECT_TRUE(eventually([&] { return router.established(); }, std::chrono::seconds(20))) << router.log();
  EXPECT_TRUE(router.knows("10.65.1.0/26"));

  // The router: BIRD keeps its routes until it has sent them anew.
  const auto settled = [&] {
    auto control = bgp::Control::connect(node1->socket());
    const auto protocols = control ? bgp::show_protocols(*control) : std::unexpected(control.error());
    if (!protocols) return false;
    const auto peers = bgp::peer_statuses(*protocols);
    return std::ranges::any_of(peers, [](const bgp::PeerStatus& peer) {
      return peer.type == "node specific" && peer.info == "Established" && !peer.restarting;
    });
  };
  EXPECT_TRUE(eventually(settled, std::chrono::seconds(20))) << node1->log();
  router.kill();
  EXPECT_TRUE(eventually([&] { return !settled(); }, std::chrono::seconds(20)));
  router.start(true);
  announce();
  EXPECT_TRUE(eventually(settled, std::chrono::seconds(40))) << node1->log() << router.log();
  stop = true;
  watcher.join();

  EXPECT_EQ(missed, 0);
  EXPECT_TRUE(node1->has_route(theirs));
}

}  // namespace
}  // namespace weft::confd
