// A whole cluster, driven as a user drives it: by the program's command line. Each test has a lab of its own.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <fmt/core.h>

#include "base/file.h"
#include "base/strings.h"
#include "lab/lab.h"
#include "lab/lab_fixture.h"
#include "store/store.h"
#include "test/etcd.h"

namespace weft::lab {
namespace {

constexpr const char* serve = "-- weft lab frontend --leader 192.0.2.1 --follower 192.0.2.1";

TEST_F(LabTest, ComesUpAndEveryPodAnswersEveryNodeAndPod) {
  ok("lab up --nodes 3");
  add_pod("default/a --node node1");
  add_pod("default/b --node node2");
  add_pod("default/c --node node2");
  add_pod("other/d --node node3");

  const auto ping = weft("lab ping --all");

  EXPECT_EQ(ping.status, 0) << ping.out << ping.err;
  EXPECT_NE(ping.out.find("28 of 28 reached"), std::string::npos) << ping.out;
  // No single address of a block is known elsewhere.
  const auto routes = ok("lab exec node3 -- ip route show proto bird");
  for (const auto& line : split(trim(routes), '\n')) EXPECT_NE(line.find("/26"), std::string::npos) << line;
  const auto check = weft("lab exec node1 -- weft ipam check");
  EXPECT_EQ(check.status, 0) << check.out << check.err;
}

TEST_F(LabTest, GivesPodsBothFamilies) {
  ok("lab up --nodes 2 --ipv6");
  add_pod("default/a --node node1");
  add_pod("default/b --node node2");

  const auto ping = weft("lab ping --all");

  EXPECT_EQ(ping.status, 0) << ping.out << ping.err;
  EXPECT_NE(ping.out.find("16 of 16 reached"), std::string::npos) << ping.out;
}

TEST_F(LabTest, OfFiveNodesEachHasTheRoutesThatBlocksAskForAndNoOther) {
  ok("lab up --nodes 5 --ipv6");
  for (int node = 1; node <= 5; ++node) {
    add_pod(fmt::format("default/p{0} --node node{0}", node));
    if (node % 2 == 1) add_pod(fmt::format("default/q{0} --node node{0}", node));
  }
  ok("lab pod del default/p4");
  ok("lab wait");

  // What the keys ask for: node -> routes as `ip route` prints them. A lab's node N is 172.28.0.1N and fd28::1N.
  std::map<std::string, std::set<std::string>> wanted;
  const auto keys = sh("eval \"$(weft lab env)\"; etcdctl get --prefix --keys-only /calico/ipam/v2/host/").out;
  for (const auto& key : split(trim(keys), '\n')) {
    const auto parts = split(key, '/');  // "", calico, ipam, v2, host, node1, ipv4, block, 10.65.0.0-26
    if (parts.size() != 9) continue;
    const std::string& owner(parts[5]);
    std::string cidr(parts[8]);
    std::ranges::replace(cidr, '-', '/');
    for (int node = 1; node <= 5; ++node) {
      const std::string name = fmt::format("node{}", node);
      const std::string via = fmt::format("{}1{}", parts[6] == "ipv4" ? "172.28.0." : "fd28::", owner.back());
      wanted[name].insert(owner == name ? "blackhole " + cidr : fmt::format("{} via {}", cidr, via));
    }
  }
  ASSERT_EQ(wanted.size(), 5u);
  ASSERT_EQ(wanted["node1"].size(), 10u) << keys;
  for (const auto& [node, routes] : wanted) {
    std::set<std::string> found;
    for (const char* family : {"-4", "-6"}) {
      const auto shown = ok(fmt::format("lab exec {} -- ip {} route show proto bird", node, family));
      for (const auto& line : split(trim(shown), '\n')) {
        found.insert(std::string(line.substr(0, std::min(line.find(" dev "), line.find(" metric ")))));
      }
    }
    EXPECT_EQ(found, routes) << node;
  }
}

TEST_F(LabTest, PutsPolicyInForceBeforeThePodsFirstPacket) {
  ok("lab up --nodes 2");
  const auto server =
      add_pod(fmt::format("default/server --node node1 --labels app=server --port http=TCP:80 {}", serve));
  add_pod("default/friend --node node2 --labels app=friend");
  ok("lab apply -f -", R"(
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: server, namespace: default}
spec:
  selector: app == 'server'
  ingress:
  - action: Allow
    protocol: TCP
    source: {selector: app == 'friend'}
    destination: {ports: [http]}
)");
  ok("lab wait");

  // A stranger that tries from its first instruction on never gets through.
  add_pod(
      fmt::format("default/stranger --node node2 -- bash -c 'for i in $(seq 50); do (exec 3<>/dev/tcp/{}/80) "
                  "2>/dev/null && echo through >> /tmp/stranger-{}; sleep 0.02; done'",
                  server, name));
  EXPECT_TRUE(eventually([&] { return connects("default/friend", server, 80); }));
  ::sleep(2);
  EXPECT_FALSE(file_exists("/tmp/stranger-" + name));
  EXPECT_FALSE(connects("default/stranger", server, 80));

  // Labels decide, and a change of them is followed.
  ok("lab pod label default/stranger --labels app=friend");
  ok("lab wait");
  EXPECT_TRUE(connects("default/stranger", server, 80));
  ok("lab pod label default/friend --labels app=other");
  ok("lab wait");
  EXPECT_FALSE(connects("default/friend", server, 80));

  // Policies that only controllers write can be written here, and taken away.
  const std::string knp =
      "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: knp.default.all, namespace: "
      "default}\nspec: {order: 1, selector: all(), ingress: [{action: Allow}]}\n";
  ok("lab apply -f -", knp);
  ok("lab wait");
  EXPECT_TRUE(connects("default/friend", server, 80));
  ok("lab delete -f -", knp);
  ok("lab wait");
  EXPECT_FALSE(connects("default/friend", server, 80));
  const auto written = Lab::find(name).value().open_store().value()->list("/").value().revision;
  const std::string status = ok("lab status");
  for (const char* node : {"node1 ", "node2 "}) {
    const auto line = status.substr(status.find(node), status.find('\n', status.find(node)) - status.find(node));
    EXPECT_GE(std::atoll(line.substr(line.rfind(' ') + 1).c_str()), written) << line;
  }
}

TEST_F(LabTest, LosesNoPacketWhenComponentsAreKilled) {
  ok("lab up --nodes 2");
  const auto a = add_pod("default/a --node node1");
  add_pod("default/b --node node2");
  ok("lab wait");
  for (const char* component : {"agent", "confd", "bird", "all"}) {
    const auto outcome = sh(fmt::format(
        "(sleep 0.2; weft lab node kill node1 {} >&2) & weft lab exec default/b -- ping -q -i 0.005 -c 300 {}; wait",
        component, a));
    EXPECT_NE(outcome.out.find(" 0% packet loss"), std::string::npos) << component << "\n"
                                                                      << outcome.out << outcome.err;
    ok("lab wait");
  }
  const auto outcome = sh(fmt::format(
      "(sleep 0.2; weft lab node restart node1 >&2) & weft lab exec default/b -- ping -q -i 0.005 -c 400 {}; wait", a));
  EXPECT_NE(outcome.out.find(" 0% packet loss"), std::string::npos) << outcome.out << outcome.err;
}

TEST_F(LabTest, RepairsWhatOthersBreak) {
  ok("lab up --nodes 1");
  const auto a = add_pod("default/a");
  add_pod("default/b");
  ok("lab exec node1 -- ip route add 198.51.100.0/24 dev eth0");

  ok(fmt::format("lab exec node1 -- ip route del {}", a));
  EXPECT_TRUE(eventually([&] { return !ok(fmt::format("lab exec node1 -- ip route show {}", a)).empty(); }));
  // Chains are listed in the order they were made in.
  const auto listed = [&] {
    auto lines = split(weft("lab exec node1 -- nft list table inet weft").out, '\n');
    std::ranges::sort(lines);
    return lines;
  };
  const auto rules = listed();
  ok("lab exec node1 -- nft delete table inet weft");
  EXPECT_TRUE(eventually([&] { return listed() == rules; }));

  EXPECT_NE(ok("lab exec node1 -- ip route").find("198.51.100.0/24"), std::string::npos)
      << "a foreign route was touched";
  EXPECT_EQ(weft("lab ping --all").status, 0);
}

TEST_F(LabTest, FreesThePodAndLaterItsAddressWhenTheStoreIsAway) {
  ok("lab up --nodes 1");
  add_pod("default/a");
  add_pod("default/b");
  ok("lab wait");
  const std::string etcd(trim(sh(fmt::format("pgrep -f '[e]tcd --name {} '", name)).out));
  ASSERT_FALSE(etcd.empty());
  sh(fmt::format("kill -STOP {}", etcd));

  const auto deleted = weft("lab pod del default/a");
  EXPECT_EQ(deleted.status, 1);
  EXPECT_NE(deleted.err.find("error 11"), std::string::npos) << deleted.err;
  EXPECT_EQ(split(trim(ok("lab exec node1 -- ip -br link show type veth")), '\n').size(), 2u)
      << "the pod's link is still there";

  ok("lab node kill node1 agent");
  sh(fmt::format("kill -CONT {}", etcd));
  EXPECT_TRUE(eventually([&] {
    const auto endpoints = weft("lab exec node1 -- weft get workloadendpoints -A -o name");
    return endpoints.status == 0 && endpoints.out.find("-a-eth0") == std::string::npos;
  }));
  ok("lab pod del default/a");
  EXPECT_EQ(weft("lab exec node1 -- weft ipam check").status, 0);
}

TEST_F(LabTest, TakesNodesInAndOut) {
  ok("lab up --nodes 1");
  add_pod("default/a --node node1");
  ok("lab node add node7");
  add_pod("default/b --node node7");
  EXPECT_EQ(weft("lab ping --all").status, 0);
  ok("lab node rm node7");
  EXPECT_EQ(ok("lab pod ls").find("node7"), std::string::npos);
}

TEST_F(LabTest, WaitsForTheNetworkConfigurationToo) {
  ok("lab up --nodes 1");
  ok("lab exec node1 -- mv /etc/cni/net.d/10-calico.conflist /etc/cni/away");
  const auto waited = weft("lab wait --timeout 0.5");
  EXPECT_EQ(waited.status, 1);
  EXPECT_NE(waited.err.find("node1: no network configuration /etc/cni/net.d/10-calico.conflist"), std::string::npos)
      << waited.err;
  ok("lab exec node1 -- mv /etc/cni/away /etc/cni/net.d/10-calico.conflist");
  ok("lab wait");
}

TEST_F(LabTest, ExecBecomesTheCommand) {
  ok("lab up --nodes 1");
  add_pod("default/a");
  EXPECT_EQ(weft("lab exec default/a -- sh -c 'exit 7'").status, 7);
  EXPECT_EQ(weft("lab exec node1 -- cat", "through").out, "through");
  EXPECT_EQ(weft("lab exec node1 -- sh -c 'kill -TERM $$'").status, 128 + 15);
  EXPECT_EQ(weft("lab exec node1 -- hostname").out, "node1\n");
  EXPECT_EQ(weft("lab exec nowhere -- true").status, 127);
  // A signal reaches it.
  EXPECT_EQ(sh("weft lab exec default/a -- sleep 100 & p=$!; sleep 0.3; kill -TERM $p; wait $p").status, 128 + 15);
}

TEST_F(LabTest, ReachesItsStoreFromTheMachine) {
  ok("lab up --nodes 1");
  EXPECT_NE(sh("eval \"$(weft lab env)\"; etcdctl get --prefix --keys-only /calico/")
                .out.find("/calico/resources/v3/projectcalico.org/nodes/node1"),
            std::string::npos);
  EXPECT_NE(sh("eval \"$(weft lab env)\"; weft get nodes").out.find("node1"), std::string::npos);
  EXPECT_NE(weft("lab exec node1 -- weft get nodes").out.find("node1"), std::string::npos);
}

TEST_F(LabTest, LivesBesideAnother) {
  ok("lab up --nodes 1");
  ok("lab --name " + name + "b up --nodes 1 --pool 10.65.0.0/16");
  const auto here = add_pod("default/a");
  EXPECT_EQ(last_line(ok("lab --name " + name + "b pod add default/a")), here);
  EXPECT_EQ(weft("lab ping").status, 0);
  ok("lab --name " + name + "b down");
  EXPECT_EQ(weft("lab ping").status, 0);
}

TEST_F(LabTest, LeavesNothingWhenItCrashes) {
  ok("lab up --nodes 1");
  add_pod("default/a -- sleep 1000");
  const std::string init = split(trim(*read_file("/run/weft-lab/" + name + "/init")), ' ').front();
  sh("kill -9 " + init);

  EXPECT_TRUE(eventually([&] { return weft("lab status").status == 1; }));
  EXPECT_EQ(sh("ps -eo args | grep -c '[-]-name " + name + "'").out, "0\n");
  ok("lab up --nodes 1");
  EXPECT_EQ(weft("lab ping").status, 0);
}

TEST_F(LabTest, UsesAnEtcdOutside) {
  test::Etcd etcd;
  ok("lab up --nodes 2 --etcd " + etcd.endpoint());
  add_pod("default/a");
  add_pod("default/b");
  EXPECT_EQ(weft("lab ping").status, 0);
  EXPECT_NE(sh("ETCDCTL_API=3 etcdctl --endpoints " + etcd.endpoint() + " get --prefix --keys-only /calico/")
                .out.find("/nodes/node2"),
            std::string::npos);
  EXPECT_EQ(weft("lab --name " + name + "c up --etcd https://192.0.2.1:2379").status, 2);
}

TEST_F(LabTest, KeepsTheAddressAndRunsPodCheck) {
  ok("lab up --nodes 1");
  EXPECT_EQ(add_pod("default/fixed --ip 10.65.3.7"), "10.65.3.7");
  EXPECT_EQ(weft("lab pod check default/fixed").status, 0);
  const auto twice = weft("lab pod add default/other --ip 10.65.3.7");
  EXPECT_EQ(twice.status, 1);
  EXPECT_NE(twice.err.find("10.65.3.7"), std::string::npos) << twice.err;
  ok("lab exec default/fixed -- ip route del default");
  EXPECT_EQ(weft("lab pod check default/fixed").status, 1);
  ok("lab pod del default/fixed");
  EXPECT_EQ(weft("lab exec node1 -- weft ipam check").status, 0);
  EXPECT_EQ(trim(ok("lab exec node1 -- ip -br link show type veth")).find("cali"), std::string_view::npos);
}

TEST_F(LabTest, RefusesWhatCannotWorkAndSaysWhy) {
  const auto absent = weft("lab pod ls");
  EXPECT_EQ(absent.status, 1);
  EXPECT_NE(absent.err.find("weft lab up"), std::string::npos) << absent.err;
  EXPECT_EQ(weft("lab up --nodes 0").status, 2);
  EXPECT_EQ(weft("lab up --pool 10.0.0.1/8").status, 2);
  EXPECT_EQ(weft("lab --name 'no good' up").status, 2);
}

}  // namespace
}  // namespace weft::lab
