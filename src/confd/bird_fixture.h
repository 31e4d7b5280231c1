#pragma once

#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <memory>

#include "base/file.h"
#include "base/process.h"
#include "bgp/control.h"
#include "bgp/status.h"
#include "confd/bird_example.h"
#include "test/netns.h"

/// Nodes in network namespaces, each with a real BIRD that runs with the configuration that we render.
namespace weft::confd {

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
  void plug_in(Node& node, const std::string& port) { plug_in(node.ns, port); }
  void plug_in(Netns& ns, const std::string& port) {
    Process holder;
    node2->ns.in([&] { holder = std::move(weft::start({.argv = {"sleep", "60"}}).value()); });
    ns.run("ip link add fabric type veth peer name " + port + " netns " + std::to_string(holder.pid));
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

}  // namespace weft::confd
