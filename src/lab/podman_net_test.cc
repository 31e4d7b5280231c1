// Containers of a real runtime: Debian's podman (4.3) with its CNI back end, conmon and crun, on the nodes of a lab.
//
// podman runs inside the node's mount, process and network namespaces; all that it keeps lies in the node's /run. The
// containers have the machine's /usr and nothing else, so that no image has to be pulled. They have no cgroups of
// their own (whoever runs the tests may not be allowed to make some), but crun wants to see a cgroup file system,
// which a node's fresh /sys lacks.
//
// podman names no Kubernetes pod, so the endpoints are those of orchestrator "cni", and a network configuration
// without policy.type gives them the network's own profile.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include <fmt/core.h>

#include "base/strings.h"
#include "lab/lab_fixture.h"

namespace weft::lab {
namespace {

constexpr const char* prepare = R"sh(set -e
if [ "$(stat -f -c %T /sys/fs/cgroup)" = sysfs ]; then mount -t cgroup2 cgroup2 /sys/fs/cgroup; fi
mkdir -p /run/podman/root/usr /run/podman/root/proc /run/podman/root/sys /run/podman/root/dev /run/podman/root/etc \
  /run/podman/root/run /run/podman/root/tmp /run/podman/root/weft
for each in bin sbin lib lib64; do ln -s usr/$each /run/podman/root/$each; done
rm -f /etc/cni/net.d/*podman*
cat >/etc/cni/net.d/20-containers.conflist <<'END'
{"name": "containers", "cniVersion": "1.0.0", "plugins": [{
  "type": "calico", "ipam": {"type": "calico-ipam", "assign_ipv4": "true", "assign_ipv6": "true"}}]}
END
cat >/run/podman/containers.conf <<'END'
[containers]
apparmor_profile = "unconfined"
cgroups = "disabled"
log_driver = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
runtime = "crun"
[network]
network_backend = "cni"
cni_plugin_dirs = ["/opt/cni/bin"]
network_config_dir = "/etc/cni/net.d"
END
)sh";

class PodmanTest : public LabTest {
 protected:
  void prepare_node(const std::string& node) { ok(fmt::format("lab exec {} -- sh", node), prepare); }

  Outcome podman(const std::string& node, const std::string& words) {
    return weft(
        fmt::format("lab exec {} -- env CONTAINERS_CONF=/run/podman/containers.conf podman "
                    "--root /run/podman/storage --runroot /run/podman/runroot --storage-driver vfs {}",
                    node, words));
  }
  std::string podman_ok(const std::string& node, const std::string& words) {
    const auto outcome = podman(node, words);
    EXPECT_EQ(outcome.status, 0) << "podman " << words << "\n" << outcome.out << outcome.err;
    return outcome.out;
  }
  void run(const std::string& node, const std::string& container, const std::string& command) {
    const std::string program = WEFT_PROGRAM;
    podman_ok(node,
              fmt::format("run --detach --name {} --network containers --volume /usr:/usr:ro --volume {}:/weft:ro "
                          "--rootfs /run/podman/root {}",
                          container, program.substr(0, program.rfind('/')), command));
  }
  struct Addresses {
    std::string v4, v6;
  };
  /// As podman has read them from the plug-in's result.
  Addresses addresses(const std::string& node, const std::string& container) {
    const auto words = split(trim(podman_ok(node,
                                            "inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}} "
                                            "{{.GlobalIPv6Address}}{{end}}' " +
                                                container)),
                             ' ');
    if (words.size() == 2) return {words[0], words[1]};
    ADD_FAILURE() << container << " has not two addresses";
    return {};
  }
  bool pings(const std::string& node, const std::string& container, const std::string& address) {
    return podman(node, fmt::format("exec {} ping -c 1 -W 1 {}", container, address)).status == 0;
  }
  bool opens(const std::string& node, const std::string& container, const std::string& address, int port) {
    return podman(node, fmt::format("exec {} timeout 1 bash -c 'exec 3<>/dev/tcp/{}/{}'", container, address, port))
               .status == 0;
  }
  std::string endpoints() { return ok("lab exec node1 -- weft get workloadendpoints -A -o name"); }
};

constexpr const char* server_command = "/weft/weft lab frontend --leader 192.0.2.1 --follower 192.0.2.1";

TEST_F(PodmanTest, ContainersReachEachOtherAndObeyPolicy) {
  ok("lab up --nodes 2 --ipv6");
  prepare_node("node1");
  prepare_node("node2");
  run("node1", "server", server_command);
  run("node2", "client", "sleep 1000");
  ok("lab wait");
  auto server = addresses("node1", "server");
  const auto client = addresses("node2", "client");
  ASSERT_FALSE(HasFailure());

  EXPECT_TRUE(eventually([&] { return opens("node2", "client", server.v4, 80); })) << server.v4;
  EXPECT_TRUE(pings("node2", "client", server.v4)) << server.v4;
  EXPECT_TRUE(eventually([&] { return pings("node2", "client", server.v6); })) << server.v6;
  EXPECT_TRUE(pings("node1", "server", client.v4)) << client.v4;
  EXPECT_TRUE(pings("node1", "server", client.v6)) << client.v6;

  // A policy that lets nothing but TCP to port 80 through, and that only from clients.
  const std::string policy = R"(
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: containers, namespace: default}
spec:
  selector: projectcalico.org/orchestrator == 'cni' && has(containers)
  ingress:
  - action: Allow
    protocol: TCP
    source: {selector: role == 'client'}
    destination: {ports: [80]}
)";
  ok("lab apply -f -", policy);
  ok("lab wait");
  EXPECT_FALSE(opens("node2", "client", server.v4, 80));
  EXPECT_FALSE(pings("node2", "client", server.v4));
  EXPECT_FALSE(pings("node2", "client", server.v6));
  EXPECT_FALSE(pings("node1", "server", client.v4));

  // The container's endpoint is given the label as any resource is.
  auto listed = split(trim(endpoints()), '\n');
  std::erase_if(listed, [](const auto& line) { return line.find("/node2-cni-") == std::string::npos; });
  ASSERT_EQ(listed.size(), 1u) << endpoints();
  const std::string endpoint = listed[0].substr(listed[0].rfind('/') + 1);
  std::string text = ok("lab exec node1 -- weft get workloadendpoint " + endpoint + " -n default -o yaml");
  const auto at = text.find("  labels:\n");
  ASSERT_NE(at, std::string::npos) << text;
  text.insert(at + 10, "    role: client\n");
  ok("lab apply -f -", text);
  ok("lab wait");
  EXPECT_TRUE(opens("node2", "client", server.v4, 80));
  EXPECT_FALSE(pings("node2", "client", server.v4));

  // A restarted container is a new endpoint with other addresses; the policy holds for it too.
  podman_ok("node1", "restart --time 0 server");
  server = addresses("node1", "server");
  EXPECT_TRUE(eventually([&] { return opens("node2", "client", server.v4, 80); })) << server.v4;
  EXPECT_FALSE(pings("node2", "client", server.v4));

  ok("lab delete -f -", policy);
  ok("lab wait");
  EXPECT_TRUE(pings("node2", "client", server.v4));
  EXPECT_TRUE(pings("node2", "client", server.v6));
}

TEST_F(PodmanTest, RemovedContainersLeaveNothing) {
  ok("lab up --nodes 1 --ipv6");
  prepare_node("node1");
  const auto state = [&] {
    return ok("lab exec node1 -- sh",
              "ip -br link show type veth; ip route show proto 80; ip -6 route show proto 80; "
              "nft list table inet weft | grep cali; ls /run/netns 2>/dev/null; true");
  };
  const std::string before = state();
  run("node1", "one", "sleep 1000");
  run("node1", "two", "sleep 1000");
  ok("lab wait");
  ASSERT_FALSE(HasFailure());
  EXPECT_TRUE(pings("node1", "one", addresses("node1", "two").v4));
  EXPECT_TRUE(pings("node1", "two", addresses("node1", "one").v6));
  const auto holds = ok("lab exec node1 -- weft ipam check");
  EXPECT_NE(holds.find("4 addresses are assigned"), std::string::npos) << holds;
  EXPECT_EQ(split(trim(endpoints()), '\n').size(), 2u);
  EXPECT_NE(state(), before);

  podman_ok("node1", "rm --force --time 0 one two");

  EXPECT_EQ(trim(endpoints()), "");
  const auto check = weft("lab exec node1 -- weft ipam check");
  EXPECT_EQ(check.status, 0) << check.out << check.err;
  EXPECT_NE(check.out.find(" 0 addresses are assigned"), std::string::npos) << check.out;
  EXPECT_NE(check.out.find("Nothing is wrong"), std::string::npos) << check.out;
  EXPECT_TRUE(eventually([&] { return state() == before; })) << before << "\nnow\n" << state();
}

TEST_F(PodmanTest, ContainerThatCannotBePluggedInIsRefusedAndLeavesNothing) {
  ok("lab up --nodes 1");
  prepare_node("node1");
  ok("lab exec node1 -- sed -i 's/\"assign_ipv4\": \"true\", \"assign_ipv6\": \"true\"/\"ipv4_pools\": [\"nowhere\"]/' "
     "/etc/cni/net.d/20-containers.conflist");

  const auto refused = podman("node1", "run --name one --network containers --rootfs /run/podman/root true");

  EXPECT_NE(refused.status, 0);
  EXPECT_NE(refused.err.find("nowhere"), std::string::npos) << "podman shows what the plug-in said: " << refused.err;
  EXPECT_EQ(trim(endpoints()), "");
  EXPECT_EQ(weft("lab exec node1 -- weft ipam check").status, 0);
}

}  // namespace
}  // namespace weft::lab
