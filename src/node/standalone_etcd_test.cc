// `weft node --standalone`: a node with an etcd of its own.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "api/cluster_information.h"
#include "api/node.h"
#include "base/env.h"
#include "base/file.h"
#include "base/process.h"
#include "base/strings.h"
#include "client/resources.h"
#include "node/node.h"
#include "node/state.h"
#include "store/etcd/open.h"
#include "test/netns.h"

namespace weft::node {
namespace {

// Not a test: what the others start as a process of its own.
TEST(StandaloneNode, DISABLED_Process) {
  const std::string folder = env_or("WEFT_TEST_FOLDER", "");
  ASSERT_NE(folder, "");
  const std::string log = folder + "/log";
  ASSERT_NE(std::freopen(log.c_str(), "a", stderr), nullptr);
  Options options;
  options.name = "node1";
  options.settings = read_settings([](const std::string&) { return std::nullopt; }).value();
  options.settings.bird = false;
  options.settings.ipv4 = {.kind = AddressSetting::Kind::given,
                           .address = net::Address::parse("192.0.2.1/24").value(),
                           .has_length = true,
                           .method = {}};
  options.store.etcd_endpoints = {.value = env_or("WEFT_TEST_ENDPOINTS", ""), .from = "ETCD_ENDPOINTS"};
  options.standalone = true;
  options.run_folder = folder + "/run";
  options.state_folder = folder + "/lib";
  options.nodename_file = folder + "/nodename";
  options.bird_config = folder + "/bird.cfg";
  options.bird_socket = folder + "/bird.ctl";
  options.program = folder + "/weft";
  ::_exit(run(options));
}

struct StandaloneEtcdTest : testing::Test {
  std::string folder = [] {
    std::string name = testing::TempDir() + "weft-standalone-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    return name;
  }();
  pid_t pid = 0;

  void SetUp() override {
    ASSERT_TRUE(write_file_atomic(folder + "/weft",
                                  "#!/bin/sh\n[ $1 = agent ] && echo at $ETCD_ENDPOINTS && exec sleep 600\n", 0755));
  }
  ~StandaloneEtcdTest() override {
    if (pid > 0) stop();
    std::filesystem::remove_all(folder);
  }

  /// A process of its own, not a copy of ours: gRPC does not live on in copies.
  void start(const std::string& endpoints = "") {
    const auto process = weft::start({.argv = {"/proc/self/exe", "--gtest_also_run_disabled_tests",
                                               "--gtest_filter=StandaloneNode.DISABLED_Process"},
                                      .env_more = {"WEFT_TEST_FOLDER=" + folder, "WEFT_TEST_ENDPOINTS=" + endpoints}});
    ASSERT_TRUE(process) << process.error().message;
    pid = process->pid;
  }
  int stop() {
    ::kill(pid, SIGTERM);
    int status = -1;
    ::waitpid(std::exchange(pid, 0), &status, 0);
    return status;
  }
  std::string log() const { return read_file(folder + "/log").value_or(""); }
  std::string endpoint() const { return std::string(trim(read_file(folder + "/lib/etcd.endpoint").value_or(""))); }
  std::unique_ptr<store::Store> open() const {
    store::Settings settings;
    settings.etcd_endpoints = {.value = endpoint(), .from = "test"};
    return store::open(settings).value();
  }
  std::string cluster() const {
    const auto store = open();
    const auto information = client::get<api::ClusterInformation>(*store, "default");
    return information ? information->spec.cluster_guid : "";
  }
  bool is_registered() const {
    if (endpoint().empty()) return false;
    const auto store = open();
    return client::get<api::Node>(*store, "node1").has_value();
  }
};

TEST_F(StandaloneEtcdTest, RunsAnEtcdThatItsProgramsUseAndThatEndsWithIt) {
  start();
  ASSERT_TRUE(test::eventually([&] { return is_registered(); }, std::chrono::seconds(20))) << log();
  EXPECT_TRUE(test::eventually([&] { return log().find("agent | at " + endpoint()) != std::string::npos; })) << log();

  EXPECT_EQ(stop(), 0);

  EXPECT_FALSE(client::get<api::Node>(*open(), "node1"));
}

TEST_F(StandaloneEtcdTest, ComesBackWithTheSameDataAtTheSameAddress) {
  start();
  ASSERT_TRUE(test::eventually([&] { return is_registered(); }, std::chrono::seconds(20))) << log();
  const std::string first_cluster = cluster();
  const std::string first_endpoint = endpoint();
  EXPECT_EQ(stop(), 0);
  ASSERT_NE(first_cluster, "");

  start();

  ASSERT_TRUE(test::eventually([&] { return is_registered(); }, std::chrono::seconds(20))) << log();
  EXPECT_EQ(endpoint(), first_endpoint);
  EXPECT_EQ(cluster(), first_cluster);
}

TEST_F(StandaloneEtcdTest, RefusesToBeStandaloneBesideAStoreThatIsNamed) {
  start("http://192.0.2.1:2379");
  int status = 0;
  ::waitpid(std::exchange(pid, 0), &status, 0);

  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_NE(log().find("--standalone, and ETCD_ENDPOINTS names a store"), std::string::npos) << log();
}

}  // namespace
}  // namespace weft::node
