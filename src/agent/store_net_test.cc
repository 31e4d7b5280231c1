// What can happen to an etcd happens to it, while `weft agent` runs on a machine with pods: nothing in the kernel
// changes that should not, no packet is lost, and pods are refused or removed as well as it goes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "agent/agent_fixture.h"
#include "agent/machine_fixture.h"
#include "base/env.h"

namespace weft::agent {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class StoreTest : public MachineTest {
 protected:
  void SetUp() override {
    MachineTest::SetUp();
    start_agent();
    ASSERT_TRUE(ready());
    for (const char* pod : {"a", "b"}) ASSERT_EQ(add(pod).status, 0) << add(pod).output;
    ASSERT_TRUE(caught_up());
  }

  /// Waits until the agent has in force what the store holds.
  bool caught_up() const {
    return eventually(
        [&] {
          const auto revision = in("ETCDCTL_API=3 etcdctl get / -w json | grep -o '\"revision\":[0-9]*' | cut -d: -f2");
          if (revision.status != 0 || trim(revision.output).empty()) return false;
          const auto answer = ask("wait", fmt::format(R"({{"revision":{},"timeout":1}})", trim(revision.output)));
          return answer && answer->code == 0;
        },
        20s);
  }

  /// From here on no packet between the pods may be lost and nothing that is in the kernel may change.
  void watch() {
    events = begin(inside({"ip", "monitor", "route"}), "events.log");
    rules = begin(inside({"nft", "monitor"}), "events.log");
    pings = begin(inside({"ip", "netns", "exec", "a", "ping", "-q", "-i", "0.02", address_of("b")}), "pings.log");
    std::this_thread::sleep_for(100ms);
  }
  void expect_untouched() {
    end(pings, SIGINT);
    end(events, SIGKILL);
    end(rules, SIGKILL);
    std::string changes;  // but for what the kernel does by itself to a new interface
    for (const auto& line : split(read_file(folder.path() + "/events.log").value_or(""), '\n')) {
      if (line.find("fe80") == line.npos && line.find("ff00") == line.npos) changes += std::string(line);
    }
    EXPECT_EQ(changes, "");
    EXPECT_THAT(read_file(folder.path() + "/pings.log").value_or(""), HasSubstr(" 0% packet loss"));
    (void)remove_file(folder.path() + "/events.log");
    (void)remove_file(folder.path() + "/pings.log");
  }

  void expect_refused(const std::string& pod, const std::string& reason) {
    const auto refused = add(pod);
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.output, HasSubstr(R"("code":11)"));
    EXPECT_THAT(refused.output, HasSubstr(reason));
  }
  /// The pod is gone from the machine at once and from the store when that answers.
  void expect_removed_later(const std::string& pod, const std::function<void()>& heal) {
    const auto refused = del(pod);
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.output, HasSubstr(R"("code":11)"));
    EXPECT_NE(in("ip netns exec " + pod + " ip link show eth0").status, 0) << "its link goes all the same";
    heal();
    EXPECT_TRUE(eventually([&] { return endpoints().find("-" + pod + "-") == std::string::npos; }, 20s));
    EXPECT_EQ(del(pod).status, 0);
    const auto check = weft("ipam check");
    EXPECT_EQ(check.status, 0) << check.output;
    EXPECT_EQ(add(pod).status, 0) << "it can be added again";
  }
  std::string endpoints() const {
    return in("ETCDCTL_API=3 etcdctl get --prefix --keys-only /calico/resources/v3/projectcalico.org/workloadendpoints")
        .output;
  }
  void stop_etcd() { end(etcd, SIGKILL); }
  void start_etcd_again(const std::vector<std::string>& more = {}) {
    start_etcd(more);
    ASSERT_TRUE(etcd_answers());
  }
  void save_etcd() { ASSERT_EQ(sh("rm -rf saved && cp -a etcd saved"), 0); }
  void restore_etcd() { ASSERT_EQ(sh("rm -rf etcd && cp -a saved etcd"), 0); }
  int sh(const std::string& line) const { return test::shell("cd " + folder.path() + " && " + line).status; }

  Process events, rules, pings;
};

TEST_F(StoreTest, GoesOnWhileItIsStopped) {
  watch();
  stop_etcd();
  expect_refused("c", "etcd at 127.0.0.1:2379");
  std::this_thread::sleep_for(std::chrono::seconds(std::atoi(env_or("WEFT_OUTAGE_SECONDS", "2").c_str())));
  start_etcd_again();
  EXPECT_TRUE(caught_up());
  expect_untouched();

  stop_etcd();
  expect_removed_later("b", [&] { start_etcd_again(); });
}

TEST_F(StoreTest, DoesNotTakeAnEmptyStoreForACluster) {
  stop_etcd();
  save_etcd();
  watch();
  ASSERT_EQ(sh("rm -rf etcd"), 0);
  start_etcd_again();
  EXPECT_TRUE(eventually([&] { return log().find("no ClusterInformation") != std::string::npos; })) << log();
  expect_refused("c", "ClusterInformation");
  std::this_thread::sleep_for(500ms);
  end(agent, SIGKILL);  // nor does an agent that knows nothing else
  start_agent();
  EXPECT_TRUE(eventually([&] { return add("c").output.find("ClusterInformation") != std::string::npos; }));
  std::this_thread::sleep_for(500ms);

  stop_etcd();
  restore_etcd();
  start_etcd_again();
  EXPECT_TRUE(caught_up());
  expect_untouched();
  EXPECT_EQ(add("c").status, 0);
}

TEST_F(StoreTest, FollowsASnapshotThatIsOlder) {
  stop_etcd();
  save_etcd();
  start_etcd_again();
  ASSERT_EQ(add("c").status, 0);
  const std::string address = address_of("c");
  watch();
  stop_etcd();
  restore_etcd();
  start_etcd_again();
  EXPECT_TRUE(caught_up());

  // Of c the store knows nothing; the others are as they were.
  EXPECT_TRUE(eventually([&] { return in("ip route show " + address).output.empty(); }));
  end(pings, SIGINT);
  EXPECT_THAT(read_file(folder.path() + "/pings.log").value_or(""), HasSubstr(" 0% packet loss"));
  for (auto* process : {&events, &rules}) end(*process, SIGKILL);
  const auto told = read_file(folder.path() + "/events.log").value_or("");
  for (const char* pod : {"a", "b"}) EXPECT_THAT(told, Not(HasSubstr(address_of(pod)))) << told;
  EXPECT_EQ(del("c").status, 0);
  EXPECT_EQ(weft("ipam check").status, 0);
  EXPECT_EQ(add("c").status, 0);
}

TEST_F(StoreTest, IsNotImpressedByACompaction) {
  watch();
  ::kill(agent.pid, SIGSTOP);
  const auto churned =
      in("for i in $(seq 30); do ETCDCTL_API=3 etcdctl put /calico/resources/v3/projectcalico.org/tiers/churn "
         "'{\"metadata\":{\"name\":\"churn\"},\"spec\":{\"order\":'$i'}}'; done; ETCDCTL_API=3 etcdctl compact $("
         "ETCDCTL_API=3 etcdctl get / -w json | grep -o '\"revision\":[0-9]*' | cut -d: -f2) --physical");
  EXPECT_EQ(churned.status, 0) << churned.output;
  ::kill(agent.pid, SIGCONT);
  EXPECT_TRUE(caught_up());
  expect_untouched();
  EXPECT_EQ(add("c").status, 0);
}

TEST_F(StoreTest, WaitsForOneThatAnswersSlowly) {
  watch();
  {
    std::jthread slow([&](const std::stop_token& stop) {  // nine tenths of the time it does nothing
      while (!stop.stop_requested()) {
        ::kill(etcd.pid, SIGSTOP);
        std::this_thread::sleep_for(90ms);
        ::kill(etcd.pid, SIGCONT);
        std::this_thread::sleep_for(10ms);
      }
    });
    std::this_thread::sleep_for(1s);
    expect_untouched();
    EXPECT_EQ(add("c").status, 0);
    EXPECT_EQ(del("b").status, 0);
  }
  EXPECT_TRUE(caught_up());
  EXPECT_EQ(weft("ipam check").status, 0);
}

TEST_F(StoreTest, SaysThatItIsFull) {
  stop_etcd();
  start_etcd_again({"--quota-backend-bytes", "4000000"});
  watch();
  const auto filled = in(
      "head -c 900000 /dev/zero | tr '\\0' x > /run/much; for i in $(seq 10); do ETCDCTL_API=3 etcdctl put /much/$i < "
      "/run/much || exit 0; done; exit 1");
  EXPECT_EQ(filled.status, 0) << filled.output;
  expect_refused("c", "database space exceeded");
  EXPECT_TRUE(caught_up());
  expect_untouched();

  expect_removed_later("b", [&] {
    stop_etcd();
    start_etcd();
    ASSERT_TRUE(eventually([&] { return in("ETCDCTL_API=3 etcdctl alarm disarm").status == 0; }, 20s));
  });
}

TEST_F(StoreTest, WaitsForAQuorum) {
  // A second member; the first alone is none then.
  Process second;
  const auto joined = in("ETCDCTL_API=3 etcdctl member add second --peer-urls=http://127.0.0.1:2390");
  ASSERT_EQ(joined.status, 0) << joined.output;
  const auto start_second = [&] {
    second = begin(
        inside({"etcd", "--name", "second", "--data-dir", folder.path() + "/second", "--listen-client-urls",
                "http://127.0.0.1:2389", "--advertise-client-urls", "http://127.0.0.1:2389", "--listen-peer-urls",
                "http://127.0.0.1:2390", "--initial-advertise-peer-urls", "http://127.0.0.1:2390", "--initial-cluster",
                "default=http://localhost:2380,second=http://127.0.0.1:2390", "--initial-cluster-state", "existing"}),
        "second.log");
  };
  start_second();
  ASSERT_TRUE(etcd_answers());
  ASSERT_TRUE(caught_up());
  watch();
  end(second, SIGKILL);
  expect_refused("c", "etcd at 127.0.0.1:2379");
  std::this_thread::sleep_for(1s);
  expect_untouched();
  expect_removed_later("b", [&] {
    start_second();
    ASSERT_TRUE(etcd_answers());
  });
  end(second, SIGKILL);
}

}  // namespace
}  // namespace weft::agent
