#pragma once

#include "agent/agent_fixture.h"

namespace weft::agent {

/// A machine that is a node of a cluster: with a pool, a policy that lets everything through, and network namespaces to
/// be plugged in as pods by the real plug-in.
class MachineTest : public AgentTest {
 protected:
  void SetUp() override {
    AgentTest::SetUp();
    const auto made = in("ip addr add 192.0.2.1/32 dev lo && mkdir -p /run/netns");
    ASSERT_EQ(made.status, 0) << made.output;
    apply(R"(
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: n1}
spec: {}
---
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: pool}
spec: {cidr: 10.65.0.0/16}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: everything}
spec: {selector: all(), ingress: [{action: Allow}], egress: [{action: Allow}]}
)");
  }

  /// The plug-in, as a runtime calls it for the pod default/NAME in the network namespace NAME.
  test::Command plugin(const std::string& verb, const std::string& pod) const {
    return in(plugin_line(verb, pod), config);
  }
  static std::string plugin_line(const std::string& verb, const std::string& pod) {
    return fmt::format(
        "CNI_COMMAND={} CNI_CONTAINERID=c-{} CNI_NETNS=/run/netns/{} CNI_IFNAME=eth0 CNI_PATH=/none "
        "CNI_ARGS='IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME={}' {}",
        verb, pod, pod, pod, WEFT_CNI_PROGRAM);
  }
  test::Command add(const std::string& pod) const {
    in(fmt::format("ip netns add {0} && ip netns exec {0} ip link set lo up", pod));
    return plugin("ADD", pod);
  }
  test::Command del(const std::string& pod) const { return plugin("DEL", pod); }
  std::string address_of(const std::string& pod) const {
    return std::string(
        trim(in(fmt::format("ip netns exec {} ip -4 -o addr show eth0 | grep -o '10[0-9.]*' | head -1", pod)).output));
  }
  test::Command weft(const std::string& words) const {
    return in(fmt::format("ETCD_ENDPOINTS={} '{}' {}", endpoint, WEFT_PROGRAM, words));
  }
  Result<cni::Answer> ask(const std::string& verb, const std::string& words = {}) const {
    return cni::ask(root() + "/run/weft/agent.sock", {.verb = verb, .config = words}, std::chrono::seconds(5));
  }

  const std::string config = R"({"cniVersion":"1.0.0","name":"net","type":"calico","nodename":"n1","mtu":1450,)"
                             R"("ipam":{"type":"calico-ipam"},"policy":{"type":"k8s"}})";
};

}  // namespace weft::agent
