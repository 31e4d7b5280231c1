#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <fmt/core.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/process.h"
#include "base/strings.h"
#include "cni/client.h"
#include "http/server.h"
#include "kernel/netns.h"
#include "schema/value.h"
#include "test/folder.h"
#include "test/netns.h"

/// `weft agent`, the real program, on a machine of its own: a network and mount namespace with a real etcd in it, and
/// nothing in its environment but what the documentation asks for.
namespace weft::agent {

using test::eventually;

class AgentTest : public testing::Test {
 protected:
  void SetUp() override {
    // Its own /run and /var/lib; what it writes there is gone with it.
    machine = begin({"unshare", "--net", "--mount", "--propagation", "private", "sh", "-c",
                     "ip link set lo up && mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib && "
                     "touch /run/begun && exec sleep 1000"},
                    "machine.log");
    ASSERT_TRUE(eventually([&] { return file_exists(root() + "/run/begun"); }));
    start_etcd();
    ASSERT_TRUE(etcd_answers());
    apply("{apiVersion: projectcalico.org/v3, kind: Profile, metadata: {name: first}}");  // the first write sets it up
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
  /// @param more  further flags
  void start_etcd(const std::vector<std::string>& more = {}) {
    std::vector<std::string> argv = {"etcd",
                                     "--data-dir",
                                     folder.path() + "/etcd",
                                     "--listen-client-urls",
                                     endpoint,
                                     "--advertise-client-urls",
                                     endpoint,
                                     "--listen-peer-urls",
                                     "http://127.0.0.1:2380"};
    argv.insert(argv.end(), more.begin(), more.end());
    etcd = begin(inside(std::move(argv)), "etcd.log");
  }
  bool etcd_answers() const {
    return eventually([&] { return in("ETCDCTL_API=3 etcdctl endpoint health").status == 0; },
                      std::chrono::seconds(20));
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

}  // namespace weft::agent
