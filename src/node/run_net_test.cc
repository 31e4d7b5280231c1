// `weft node` as a process: real children (small scripts in the place of agent and confd), a real BIRD, a store in
// memory.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "base/process.h"
#include "node/node.h"
#include "node/state.h"
#include "store/memory.h"
#include "test/netns.h"

namespace weft::node {
namespace {

// Stands for the weft program: says which part it was called for, and what it was told.
constexpr const char* program = R"(#!/bin/sh
case "$1" in
  cni) echo "$NODENAME $ETCD_ENDPOINTS" > $FOLDER/cni.installed ;;
  confd)
    cat > $FOLDER/bird.cfg <<BIRD
      log stderr all;
      router id 10.0.0.1;
      protocol device {}
      protocol kernel { ipv4 { export all; }; }
      protocol static { ipv4; route 10.65.0.0/26 blackhole; }
BIRD
    echo rendered; exec sleep 600 ;;
  *) echo "$1 of $NODENAME at $ETCD_ENDPOINTS"; trap 'echo bye; exit 0' TERM; while :; do sleep 0.02; done ;;
esac
)";

struct NodeRunNetTest : testing::Test {
  test::InNetns netns;
  std::string folder = [] {
    std::string name = testing::TempDir() + "weft-node-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    return name;
  }();
  Options options;
  pid_t pid = 0;

  void SetUp() override {
    netns.run("ip link add eth0 type dummy || ip link add eth0 type veth peer name far0; ip link set eth0 up");
    netns.run("ip address add 10.0.0.1/24 dev eth0");
    ASSERT_TRUE(write_file_atomic(folder + "/weft", program, 0755));
    ::setenv("FOLDER", folder.c_str(), 1);
    options.name = "node1";
    options.settings = read_settings([](const std::string&) { return std::nullopt; }).value();
    options.store.etcd_endpoints = {.value = "http://192.0.2.1:2379", .from = "test"};
    options.open_store = [](const store::Settings&) -> Result<std::unique_ptr<store::Store>> {
      return std::make_unique<store::Memory>();
    };
    options.run_folder = folder + "/run";
    options.state_folder = folder + "/lib";
    options.nodename_file = folder + "/nodename";
    options.bird_config = folder + "/bird.cfg";
    options.bird_socket = folder + "/bird.ctl";
    options.program = folder + "/weft";
  }
  ~NodeRunNetTest() override {
    if (pid > 0) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      wait_for_end_of_bird();
    }
    std::filesystem::remove_all(folder);
  }

  void start() {
    pid = ::fork();
    if (pid == 0) {
      const std::string log = folder + "/log";
      FILE* file = std::freopen(log.c_str(), "a", stderr);
      ::_exit(file == nullptr ? 99 : run(options));
    }
  }
  int stop(int signal = SIGTERM) {
    ::kill(pid, signal);
    int status = -1;
    ::waitpid(std::exchange(pid, 0), &status, 0);
    return status;
  }
  std::string log() const { return read_file(folder + "/log").value_or(""); }
  bool logged(const std::string& text) const { return log().find(text) != std::string::npos; }
  std::string route() const { return netns.run("ip route show 10.65.0.0/26"); }
  std::vector<Row> rows() const {
    const auto state = load_state(options.run_folder);
    return state ? state->rows : std::vector<Row>{};
  }
  bool all_run() const {
    const auto all = rows();
    return all.size() == 3 &&
           std::all_of(all.begin(), all.end(), [](const Row& row) { return row.state == "running"; });
  }
  static void wait_for_end_of(int process) {
    EXPECT_TRUE(test::eventually([&] { return ::kill(process, 0) != 0; })) << process;
  }
  void wait_for_end_of_bird() const {
    test::eventually([&] { return run_ok({"pgrep", "-f", folder + "/bird.ctl"}).value_or("").empty(); });
  }
};

TEST_F(NodeRunNetTest, BringsUpAllProgramsAndTellsThemNodeAndStore) {
  start();

  ASSERT_TRUE(test::eventually([&] { return all_run(); })) << log();
  EXPECT_TRUE(test::eventually([&] { return logged("agent | agent of node1 at http://192.0.2.1:2379"); })) << log();
  EXPECT_TRUE(test::eventually([&] { return logged("bird | "); })) << log();
  EXPECT_TRUE(test::eventually([&] { return file_exists(folder + "/cni.installed"); }));
  EXPECT_EQ(read_file(folder + "/nodename"), "node1");
  EXPECT_TRUE(test::eventually([&] { return route() == "blackhole 10.65.0.0/26 proto bird metric 32 \n"; })) << route();
  EXPECT_EQ(stop(), 0);
}

TEST_F(NodeRunNetTest, ACleanStopLeavesTheRoutesAndNoProcess) {
  start();
  ASSERT_TRUE(test::eventually([&] { return all_run() && !route().empty(); })) << log();
  const auto before = rows();

  EXPECT_EQ(stop(), 0);

  EXPECT_EQ(route(), "blackhole 10.65.0.0/26 proto bird metric 32 \n");
  for (const auto& row : before) EXPECT_NE(::kill(row.pid, 0), 0) << row.name;
  EXPECT_TRUE(logged("agent | bye")) << log();
  EXPECT_TRUE(logged("program ended program=bird how=\"exit status 0\"")) << log();
}

TEST_F(NodeRunNetTest, StartsAgainWhatIsKilledAndKeepsRoutesMeanwhile) {
  start();
  ASSERT_TRUE(test::eventually([&] { return all_run() && !route().empty(); })) << log();
  const auto before = rows();

  ::kill(before[2].pid, SIGKILL);

  ASSERT_TRUE(test::eventually([&] { return all_run() && rows()[2].pid != before[2].pid; })) << log();
  EXPECT_EQ(route(), "blackhole 10.65.0.0/26 proto bird metric 32 \n");
  EXPECT_EQ(rows()[0].pid, before[0].pid);
  EXPECT_EQ(rows()[2].restarts, 1);
  const auto command = read_file("/proc/" + std::to_string(rows()[2].pid) + "/cmdline").value_or("");
  EXPECT_NE(command.find("-R"), std::string::npos) << command << log();
  EXPECT_EQ(stop(), 0);
}

TEST_F(NodeRunNetTest, TakesItsProgramsWithItWhenItIsKilledAndLeavesTheRoutes) {
  start();
  ASSERT_TRUE(test::eventually([&] { return all_run() && !route().empty(); })) << log();
  const auto before = rows();

  stop(SIGKILL);

  for (const auto& row : before) wait_for_end_of(row.pid);
  EXPECT_EQ(route(), "blackhole 10.65.0.0/26 proto bird metric 32 \n");
}

TEST_F(NodeRunNetTest, RunsWithoutBirdWhenTold) {
  options.settings.bird = false;
  start();

  ASSERT_TRUE(test::eventually([&] { return rows().size() == 1 && rows()[0].state == "running"; })) << log();
  EXPECT_EQ(stop(SIGINT), 0);
}

TEST_F(NodeRunNetTest, StartsItsProgramsWhileTheStoreIsAway) {
  options.open_store = [](const store::Settings&) -> Result<std::unique_ptr<store::Store>> {
    auto store = std::make_unique<store::Memory>();
    store->set_available(false);
    return store;
  };
  start();

  ASSERT_TRUE(test::eventually([&] { return all_run(); })) << log();
  EXPECT_TRUE(logged("waiting for the store")) << log();
  EXPECT_EQ(stop(), 0);
}

TEST_F(NodeRunNetTest, GivesUpWhenTryingAgainCannotHelp) {
  options.settings.ipv4.kind = AddressSetting::Kind::none;
  start();
  int status = 0;
  ::waitpid(std::exchange(pid, 0), &status, 0);

  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_TRUE(logged("reason=\"Node node1: it has no address (IP, IP6), and BIRD needs one\"")) << log();
}

TEST_F(NodeRunNetTest, ASecondOneDoesNotStart) {
  start();
  ASSERT_TRUE(test::eventually([&] { return all_run(); })) << log();
  const pid_t first = pid;
  start();
  int status = 0;
  ::waitpid(pid, &status, 0);
  pid = first;

  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_TRUE(logged("a `weft node` runs here already")) << log();
  EXPECT_EQ(stop(), 0);
}

TEST_F(NodeRunNetTest, WithoutAStoreItSaysWhatToDo) {
  options.store = {};
  start();
  int status = 0;
  ::waitpid(std::exchange(pid, 0), &status, 0);

  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_TRUE(logged("set ETCD_ENDPOINTS, or run with --standalone")) << log();
}

}  // namespace
}  // namespace weft::node
