// `weft agent`, the real program, on a machine of its own: a network and mount namespace with a real etcd in it, and
// nothing in its environment but what the documentation asks for.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <fmt/core.h>

#include "base/file.h"
#include "base/process.h"
#include "base/strings.h"
#include "cni/client.h"
#include "http/server.h"
#include "kernel/netns.h"
#include "schema/value.h"
#include "test/folder.h"
#include "test/netns.h"

namespace weft::agent {
namespace {

using test::eventually;
using testing::HasSubstr;

class AgentTest : public testing::Test {
 protected:
  void SetUp() override {
    // Its own /run and /var/lib; what it writes there is gone with it.
    machine = begin({"unshare", "--net", "--mount", "--propagation", "private", "sh", "-c",
                     "ip link set lo up && mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib && "
                     "touch /run/begun && exec sleep 1000"},
                    "machine.log");
    ASSERT_TRUE(eventually([&] { return file_exists(root() + "/run/begun"); }));
    etcd = begin(inside({"etcd", "--data-dir", folder.path() + "/etcd", "--listen-client-urls", endpoint,
                         "--advertise-client-urls", endpoint, "--listen-peer-urls", "http://127.0.0.1:2380"}),
                 "etcd.log");
    ASSERT_TRUE(
        eventually([&] { return in("ETCDCTL_API=3 etcdctl endpoint health").status == 0; }, std::chrono::seconds(20)));
  }
  void TearDown() override {
    if (HasFailure()) fmt::print("{}\n", log());
    for (auto* process : {&agent, &etcd, &machine}) end(*process, SIGKILL);
  }

  // Processes.

  Process begin(std::vector<std::string> argv, const std::string& log_file,
                std::optional<std::vector<std::string>> env = std::nullopt) {
    const Fd out(::open((folder.path() + "/" + log_file).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    auto started = start({.argv = std::move(argv),
                          .env = std::move(env),
                          .ends_with_parent = true,
                          .end_signal = SIGKILL,
                          .out = out.get(),
                          .err = out.get()});
    if (!started) throw std::runtime_error(started.error().message);
    return std::move(*started);
  }
  /// @return wait status
  static int end(Process& process, int signal) {
    if (process.pid == 0) return 0;
    ::kill(process.pid, signal);
    int status = 0;
    ::waitpid(std::exchange(process.pid, 0), &status, 0);
    return status;
  }
  std::vector<std::string> inside(std::vector<std::string> argv) const {
    argv.insert(argv.begin(), {"/usr/bin/nsenter", "-t", std::to_string(machine.pid), "-n", "-m", "--"});
    return argv;
  }
  /// A shell command on the machine.
  test::Command in(const std::string& line, std::string_view input = {}) const {
    const auto finished = ::weft::run({.argv = inside({"/bin/sh", "-c", line})}, {.input = std::string(input)});
    if (!finished) return {.status = 255, .output = finished.error().message};
    return {.status = finished->exit_code(), .output = finished->out + finished->err};
  }
  std::string root() const { return fmt::format("/proc/{}/root", machine.pid); }

  // The agent.

  std::vector<std::string> environment() const {
    return {"DATASTORE_TYPE=etcdv3", "ETCD_ENDPOINTS=" + endpoint, "NODENAME=n1"};
  }
  void start_agent() { agent = begin(inside({WEFT_PROGRAM, "agent"}), "agent.log", environment()); }
  std::string log() const { return read_file(folder.path() + "/agent.log").value_or(""); }
  int http_status(int port, const std::string& path) const { return http(port, path).status; }
  http::Response http(int port, const std::string& path) const {
    const auto netns = kernel::Netns::open(fmt::format("/proc/{}/ns/net", machine.pid)).value();
    const auto response = kernel::run_in(netns, [&] { return http::get("127.0.0.1", port, path); });
    return response ? *response : http::Response{.status = 0, .body = response.error().message};
  }
  bool ready() const {
    return eventually([&] { return http_status(9099, "/readiness") == 200; }, std::chrono::seconds(20));
  }
  schema::Value status() const {
    const auto answer = cni::ask(root() + "/run/weft/agent.sock", {.verb = "status"}, std::chrono::seconds(5));
    return answer ? schema::parse_json(answer->output).value_or(schema::Value()) : schema::Value();
  }
  void apply(std::string_view yaml) const {
    const auto done =
        in(fmt::format("ETCD_ENDPOINTS={} WEFT_CONTROLLER=true '{}' apply -f -", endpoint, WEFT_PROGRAM), yaml);
    EXPECT_EQ(done.status, 0) << done.output;
  }
  std::string table() const { return in("nft -a list table inet weft").output; }
  void add_veth(const std::string& name) const {
    const auto done =
        in(fmt::format("ip link add {0} type veth peer name p{0} && ip link set {0} up && ip link set "
                       "p{0} up",
                       name));
    EXPECT_EQ(done.status, 0) << done.output;
  }
  std::string endpoint_yaml(const std::string& pod, const std::string& address) const {
    return fmt::format(R"(
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {{namespace: default}}
spec:
  orchestrator: k8s
  node: n1
  pod: {0}
  endpoint: eth0
  containerID: c-{0}
  interfaceName: cali{0}
  mac: "02:00:00:00:00:01"
  ipNetworks: [{1}/32]
)",
                       pod, address);
  }

  const std::string endpoint = "http://127.0.0.1:2379";
  test::Folder folder;
  Process machine, etcd, agent;
};

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
  etcd = begin(inside({"etcd", "--data-dir", folder.path() + "/etcd", "--listen-client-urls", endpoint,
                       "--advertise-client-urls", endpoint, "--listen-peer-urls", "http://127.0.0.1:2380"}),
               "etcd.log");
  EXPECT_TRUE(ready());
}

}  // namespace
}  // namespace weft::agent
