// `weft agent` on a machine of its own, from outside.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/agent_fixture.h"

namespace weft::agent {
namespace {

using testing::HasSubstr;

TEST_F(AgentTest, NeedsNothingButAStoreAndAName) {
  start_agent();
  EXPECT_TRUE(ready());
  EXPECT_EQ(http_status(9099, "/liveness"), 200);
  EXPECT_THAT(http(9091, "/metrics").body, HasSubstr("weft_"));
  EXPECT_EQ(status().text("node"), "n1");

  // Somebody else makes the veth: before the endpoint, and after.
  add_veth("calia");
  apply(endpoint_yaml("a", "10.65.0.1"));
  apply(endpoint_yaml("b", "10.65.0.2"));
  for (const char* pod : {"a", "b"}) {
    if (*pod == 'b') {
      EXPECT_EQ(in("ip route show 10.65.0.2").output, "");
      add_veth("calib");
    }
    const std::string address = *pod == 'a' ? "10.65.0.1" : "10.65.0.2";
    EXPECT_TRUE(eventually([&] { return !in("ip route show " + address).output.empty(); })) << pod;
    EXPECT_EQ(in("ip route show " + address).output,
              fmt::format("{} dev cali{} proto 80 scope link metric 1024 \n", address, pod));
    EXPECT_THAT(table(), HasSubstr(fmt::format("\"cali{}\"", pod)));
    const std::string file = root() + "/run/calico/endpoint-status/k8s default%2F" + pod + " eth0";
    EXPECT_TRUE(eventually([&] { return file_exists(file); })) << file;
    EXPECT_EQ(read_file(file).value_or("no file"),
              fmt::format(R"({{"ifaceName":"cali{}","mac":"02:00:00:00:00:01","ipv4Nets":["{}/32"]}})", pod, address));
  }
  EXPECT_EQ(in("cat /proc/sys/net/ipv4/conf/calia/proxy_arp").output, "1\n");

  EXPECT_EQ(in("ip link del calib").status, 0);
  EXPECT_TRUE(eventually([&] { return !file_exists(root() + "/run/calico/endpoint-status/k8s default%2Fb eth0"); }));

  EXPECT_EQ(end(agent, SIGTERM), 0);
  EXPECT_FALSE(file_exists(root() + "/run/weft/agent.sock"));
  EXPECT_NE(in("ip route show 10.65.0.1").output, "") << "what is in the kernel stays";
}

TEST_F(AgentTest, FollowsAStoreThatHoldsNothingButAnEndpoint) {
  const auto put =
      in("ETCDCTL_API=3 etcdctl put /calico/resources/v3/projectcalico.org/workloadendpoints/default/n1-k8s-a-eth0",
         R"({"kind":"WorkloadEndpoint","apiVersion":"projectcalico.org/v3",
          "metadata":{"name":"n1-k8s-a-eth0","namespace":"default"},
          "spec":{"orchestrator":"k8s","node":"n1","pod":"a","endpoint":"eth0","interfaceName":"calia",
                  "ipNetworks":["10.65.0.1/32"]}})");
  ASSERT_EQ(put.status, 0) << put.output;
  add_veth("calia");
  start_agent();
  EXPECT_TRUE(eventually([&] { return !in("ip route show 10.65.0.1").output.empty(); }));
}

TEST_F(AgentTest, FollowsSettingsLive) {
  start_agent();
  add_veth("calia");
  apply(endpoint_yaml("a", "10.65.0.1"));
  ASSERT_TRUE(ready());
  ASSERT_TRUE(eventually([&] { return !in("ip route show 10.65.0.1").output.empty(); }));
  const auto before = table();
  const std::string key = "/calico/felix/v2/no-region/host/n1/workload/k8s/default%2fa/endpoint/eth0";
  EXPECT_EQ(in("ETCDCTL_API=3 etcdctl get --prefix /calico/felix").output, "");
  EXPECT_THAT(log(), Not(HasSubstr(" DEBUG ")));

  apply(R"(
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec:
  defaultEndpointToHostAction: Accept
  logSeverityScreen: Debug
  endpointReportingEnabled: true
  endpointStatusPathPrefix: /run/elsewhere
  healthPort: 9199
)");

  EXPECT_TRUE(eventually([&] { return table() != before; })) << "the rule for what goes to the host";
  EXPECT_TRUE(eventually([&] {
    return in("ETCDCTL_API=3 etcdctl get --print-value-only '" + key + "'").output == "{\"status\":\"up\"}\n";
  }));
  EXPECT_TRUE(eventually([&] { return http_status(9199, "/readiness") == 200; }));
  EXPECT_EQ(http_status(9099, "/readiness"), 0);
  EXPECT_TRUE(eventually([&] { return file_exists(root() + "/run/elsewhere/endpoint-status/k8s default%2Fa eth0"); }));
  EXPECT_FALSE(file_exists(root() + "/run/calico/endpoint-status/k8s default%2Fa eth0"));
  apply(endpoint_yaml("b", "10.65.0.2"));
  EXPECT_TRUE(eventually([&] { return log().find(" DEBUG ") != std::string::npos; }));
  EXPECT_EQ(::kill(agent.pid, 0), 0) << "the same process";
  EXPECT_EQ(::waitpid(agent.pid, nullptr, WNOHANG), 0);
}

TEST_F(AgentTest, TimesAChangeOnItsWholeWay) {
  auto debug = environment();
  debug.emplace_back("WEFT_LOG_LEVEL=debug");
  agent = begin(inside({WEFT_PROGRAM, "agent"}), "agent.log", debug);
  ASSERT_TRUE(ready());
  add_veth("calia");
  apply(endpoint_yaml("a", "10.65.0.1"));
  const std::string revision(trim(in("ETCDCTL_API=3 etcdctl get --prefix /calico/resources/v3/projectcalico.org/"
                                     "workloadendpoints -w fields | sed -n 's/.*\"ModRevision\" : //p'")
                                      .output));
  const auto line = fmt::format("change in force revision={} ms=", revision);
  EXPECT_TRUE(eventually([&] { return log().find(line) != std::string::npos; })) << line;

  const auto metrics = http(9091, "/metrics").body;
  for (const char* stage : {"decode", "graph_queue", "graph", "dataplane_queue", "policy", "routes", "total"}) {
    EXPECT_THAT(metrics, testing::ContainsRegex(fmt::format("weft_change_seconds_count.stage=\"{}\". [1-9]", stage)));
    // From one place to the next time goes forwards: nothing took less than none, or longer than the test.
    const auto sum = metrics.find(fmt::format("weft_change_seconds_sum{{stage=\"{}\"}} ", stage));
    ASSERT_NE(sum, std::string::npos) << stage;
    const double seconds = std::strtod(metrics.c_str() + metrics.find(' ', sum), nullptr);
    EXPECT_GE(seconds, 0) << stage;
    EXPECT_LT(seconds, 60) << stage;
  }
  EXPECT_THAT(metrics, HasSubstr("weft_queue_depth{queue=\"dataplane\"} 0"));
  EXPECT_THAT(metrics, HasSubstr("felix_active_local_endpoints 1"));
  EXPECT_THAT(metrics, HasSubstr("weft_store_seconds_count{call=\"range\"}"));
  EXPECT_THAT(metrics, testing::ContainsRegex("weft_nftables_elements [1-9]"));
  EXPECT_THAT(in(fmt::format("'{}' node status", WEFT_PROGRAM)).output,
              HasSubstr(fmt::format("Agent: revision {} of the store is in force, 1 of 1 endpoints up", revision)));
}

TEST_F(AgentTest, SaysWhatItDoesNotPutIntoForce) {
  start_agent();
  ASSERT_TRUE(ready());
  apply(R"(
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: tunnelled}
spec: {cidr: 10.70.0.0/16, ipipMode: Always, natOutgoing: true}
)");
  EXPECT_TRUE(eventually([&] { return log().find("IPPool tunnelled") != std::string::npos; }));
  const auto current = status();
  const auto* unsupported = current.at("unsupported");
  ASSERT_TRUE(unsupported && unsupported->as_array());
  ASSERT_EQ(unsupported->as_array()->size(), 1u);
  EXPECT_EQ(unsupported->at("0")->text("object"), "IPPool tunnelled");
  EXPECT_THAT(std::string(unsupported->at("0")->text("reason")), HasSubstr("IPIP"));
  EXPECT_THAT(http(9091, "/metrics").body, HasSubstr("weft_unsupported 1"));

  EXPECT_EQ(in(fmt::format("ETCD_ENDPOINTS={} '{}' delete ippool tunnelled", endpoint, WEFT_PROGRAM)).status, 0);
  EXPECT_TRUE(eventually([&] { return status().at("unsupported")->as_array()->empty(); }));
}

TEST_F(AgentTest, AdoptsWhatAKilledOneLeft) {
  start_agent();
  add_veth("calia");
  apply(endpoint_yaml("a", "10.65.0.1"));
  ASSERT_TRUE(ready());
  ASSERT_TRUE(eventually([&] { return !in("ip route show 10.65.0.1").output.empty(); }));
  const auto before = table();  // with handles: nothing of it may be made anew
  const auto file = root() + "/run/calico/endpoint-status/k8s default%2Fa eth0";
  ASSERT_TRUE(eventually([&] { return file_exists(file); }));

  // Routes have no handles: a listener to all changes sees whether one is made anew.
  auto monitor = begin(inside({"ip", "monitor", "route"}), "monitor.log");
  end(agent, SIGKILL);
  EXPECT_TRUE(file_exists(root() + "/run/weft/agent.sock")) << "as a crash leaves it";
  start_agent();
  ASSERT_TRUE(ready());

  EXPECT_EQ(table(), before);
  EXPECT_TRUE(eventually([&] { return file_exists(file); }));
  end(monitor, SIGKILL);
  EXPECT_THAT(read_file(folder.path() + "/monitor.log").value_or(""), Not(HasSubstr("10.65.0.1")));
}

TEST_F(AgentTest, LeavesTheMachineToTheFirst) {
  start_agent();
  ASSERT_TRUE(ready());
  auto second = begin(inside({WEFT_PROGRAM, "agent"}), "second.log", environment());
  int status = 0;
  ASSERT_EQ(::waitpid(second.pid, &status, 0), second.pid);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(read_file(folder.path() + "/second.log").value_or(""), HasSubstr("another agent answers there"));
  EXPECT_EQ(http_status(9099, "/readiness"), 200);
  EXPECT_EQ(this->status().text("node"), "n1");
}

TEST_F(AgentTest, LivesAndWaitsWhileThereIsNoStore) {
  end(etcd, SIGKILL);
  start_agent();
  EXPECT_TRUE(eventually([&] { return http_status(9099, "/liveness") == 200; }));
  EXPECT_EQ(http_status(9099, "/readiness"), 503);
  start_etcd();
  EXPECT_TRUE(ready());
}

}  // namespace
}  // namespace weft::agent
