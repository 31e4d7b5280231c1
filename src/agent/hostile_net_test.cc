// What one would rather not meet in a store, under every key that somebody reads: an error for that object, and
// everything else goes on. The real programs and a real etcd.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/machine_fixture.h"

namespace weft::agent {
namespace {

using testing::HasSubstr;

constexpr std::string_view resources = "/calico/resources/v3/projectcalico.org/";

/// Folders of resources; those with a namespace have a slash in it.
constexpr std::string_view folders[] = {"nodes/",
                                        "ippools/",
                                        "tiers/",
                                        "globalnetworkpolicies/",
                                        "networkpolicies/default/",
                                        "stagedglobalnetworkpolicies/",
                                        "stagednetworkpolicies/default/",
                                        "stagedkubernetesnetworkpolicies/default/",
                                        "globalnetworksets/",
                                        "networksets/default/",
                                        "profiles/",
                                        "workloadendpoints/default/",
                                        "hostendpoints/",
                                        "felixconfigurations/",
                                        "bgpconfigurations/",
                                        "bgppeers/",
                                        "bgpfilters/",
                                        "kubecontrollersconfigurations/",
                                        "ipreservations/",
                                        "caliconodestatuses/"};

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}
std::string resource(std::string_view metadata, std::string_view spec) {
  return fmt::format(R"({{"apiVersion":"projectcalico.org/v3","metadata":{{{}}},"spec":{{{}}}}})", metadata, spec);
}

class HostileTest : public MachineTest {
 protected:
  void put(const std::string& key, std::string_view value) const {
    auto argv = inside({"/usr/bin/env", "ETCDCTL_API=3", "etcdctl", "put", "--", key});
    if (value.empty()) argv.emplace_back();  // from standard input it takes none
    const auto done = ::weft::run({.argv = std::move(argv)}, {.input = std::string(value)});
    ASSERT_TRUE(done && done->ok()) << key.substr(0, 100) << ": " << (done ? done->err : done.error().message);
  }
  bool reaches(const std::string& from, const std::string& to) const {
    return in(fmt::format("ip netns exec {} ping -q -c 1 -W 1 {}", from, address_of(to))).status == 0;
  }
};

TEST_F(HostileTest, OneObjectThatCannotBeReadHoldsBackNoOther) {
  start_agent();
  ASSERT_TRUE(ready());
  ASSERT_EQ(add("a").status, 0);
  const std::string broken[] = {"",
                                "{",
                                "null",
                                "[]",
                                "7",
                                "\"text\"",
                                repeated("[", 500'000),
                                repeated("{\"a\":", 200'000),
                                "{\"metadata\":{\"name\":\"\xff\xfe\"},\"spec\":{}}",
                                std::string("\x00\x01\x02", 3),
                                resource(R"("name":7)", ""),
                                R"({"metadata":[],"spec":"no"})",
                                resource(R"("name":"big")", "\"selector\":\"" + std::string(1'400'000, 'x'))};
  std::size_t number = 0;
  for (const auto folder : folders) {
    // A few of them each, so that every kind meets every one of them with some kind beside it.
    for (int i = 0; i < 4; ++i) {
      const auto which = number++ % std::size(broken);
      put(fmt::format("{}{}bad-{}", resources, folder, which), broken[which]);
    }
  }
  for (const char* key :
       {"/calico/ipam/v2/assignment/ipv4/block/10.65.77.0-26", "/calico/ipam/v2/host/n1/ipv4/block/10.65.77.0-26",
        "/calico/ipam/v2/host/n1/ipv4/block/nonsense", "/calico/ipam/v2/assignment/ipv4/block/10.65.0.0-99",
        "/calico/ipam/v2/handle/bad", "/calico/resources/v3/projectcalico.org/",
        "/calico/felix/v2/no-region/host/n1/status", "/calico/none/of/ours"})
    put(key, broken[number++ % std::size(broken)]);

  // The agent goes on.
  EXPECT_EQ(add("b").status, 0) << add("b").output;
  EXPECT_TRUE(reaches("a", "b"));
  apply(
      "{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: none}, spec: {order: 1, "
      "selector: all(), ingress: [{action: Deny}]}}");
  EXPECT_TRUE(eventually([&] { return !reaches("a", "b"); }));
  EXPECT_EQ(in(fmt::format("ETCD_ENDPOINTS={} '{}' delete gnp none", endpoint, WEFT_PROGRAM)).status, 0);
  EXPECT_TRUE(eventually([&] { return reaches("a", "b"); }));
  EXPECT_EQ(::waitpid(agent.pid, nullptr, WNOHANG), 0);
  EXPECT_EQ(http_status(9099, "/readiness"), 200);
  EXPECT_THAT(log(), HasSubstr("globalnetworkpolicies/bad-"));
  // So does one that meets all of it at its start.
  end(agent, SIGKILL);
  start_agent();
  EXPECT_TRUE(ready());
  EXPECT_TRUE(reaches("a", "b"));
  EXPECT_EQ(del("b").status, 0);
  EXPECT_EQ(add("b").status, 0);

  // And the others that read the store.
  for (const char* kind :
       {"nodes", "ippools", "tiers", "gnp", "networkpolicies -A", "globalnetworksets", "networksets -A", "profiles",
        "wep -A", "hep", "felixconfig", "bgpconfig", "bgppeers", "bgpfilters"}) {
    const auto got = weft(fmt::format("get {} -o wide", kind));
    EXPECT_EQ(got.status, 0) << kind << "\n" << got.output.substr(0, 1000);
    EXPECT_THAT(got.output, HasSubstr("left out")) << kind;
  }
  EXPECT_THAT(weft("get wep -A").output, HasSubstr("caliacd53aa4120"));
  const auto check = weft("ipam check");
  EXPECT_EQ(check.status, 1) << check.output;
  EXPECT_THAT(check.output, HasSubstr("10.65.77.0-26"));
  EXPECT_THAT(check.output, HasSubstr("handle/bad"));
  for (const char* words : {"ipam show", "ipam show --show-blocks", "explain default/a default/b tcp/80"}) {
    const auto shown = weft(words);
    EXPECT_LT(shown.status, 3) << words << ": " << shown.output.substr(0, 1000);
  }
  const auto rendered = in(fmt::format(
      "mkdir -p /run/confd/conf.d /run/confd/templates && cp {0}/bird.cfg.template /run/confd/templates && printf "
      "'[template]\\nsrc = \"bird.cfg.template\"\\ndest = \"/run/bird.cfg\"\\nprefix = \"/calico\"\\nkeys = "
      "[\"/bird\"]\\ncheck_cmd = \"bird -p -c {{{{.src}}}}\"\\n' > /run/confd/conf.d/bird.toml && '{1}' confd -onetime "
      "-backend=calico -node-name=n1 -confdir=/run/confd -node={2}",
      WEFT_TEMPLATES, WEFT_PROGRAM, endpoint));
  EXPECT_EQ(rendered.status, 0) << rendered.output.substr(0, 2000);
}

TEST_F(HostileTest, WhatCanBeReadAndMakesNoSenseHoldsBackNothingElse) {
  start_agent();
  ASSERT_TRUE(ready());
  ASSERT_EQ(add("a").status, 0);
  ASSERT_EQ(add("b").status, 0);
  const auto put_resource = [&](std::string_view path, std::string_view metadata, std::string_view spec) {
    put(std::string(resources) + std::string(path), resource(metadata, spec));
  };
  std::string selector = "has(none)";
  while (selector.size() < 100'000) selector += fmt::format(" || n{} == 'y'", selector.size());
  put_resource("globalnetworkpolicies/long", R"("name":"long")",
               fmt::format(R"("order":5,"selector":"{}","ingress":[{{"action":"Deny"}}])", selector));
  put_resource("globalnetworkpolicies/broken", R"("name":"broken")",
               fmt::format(R"("order":5,"selector":"{} ||","ingress":[{{"action":"Deny"}}])", selector));
  put_resource("globalnetworkpolicies/deep", R"("name":"deep")",
               fmt::format(R"j("order":5,"selector":"{}all(){}","ingress":[{{"action":"Allow"}}])j",
                           std::string(50'000, '('), std::string(50'000, ')')));
  std::string rules;
  for (int i = 0; i < 10'000; ++i)
    rules += fmt::format(R"({}{{"action":"Allow","protocol":"TCP","source":{{"nets":["10.{}.{}.0/24"]}}}})",
                         i == 0 ? "" : ",", 100 + i / 256, i % 256);
  put_resource("globalnetworkpolicies/many", R"("name":"many")",
               fmt::format(R"j("order":6,"selector":"all()","ingress":[{}],"types":["Ingress"])j", rules));
  put_resource("globalnetworkpolicies/line\nbreak", R"("name":"line\nbreak")",
               R"j("order":7,"selector":"has(none)","ingress":[{"action":"Deny"}])j");
  put_resource("globalnetworkpolicies/line\nbroken", R"("name":"line\nbroken")",
               R"j("order":7,"selector":"has(","ingress":[{"action":"Deny"}])j");
  put_resource("globalnetworkpolicies/" + std::string(300, 'n'), fmt::format(R"("name":"{}")", std::string(300, 'n')),
               R"j("order":8,"selector":"all()","egress":[{"action":"Allow"}])j");
  // Pools that overlap, two endpoints with one address, one with another's interface, blocks against affinities.
  put_resource("ippools/wider", R"("name":"wider")", R"("cidr":"10.0.0.0/8","natOutgoing":true)");
  put_resource("ippools/same", R"("name":"same")", R"("cidr":"10.65.0.0/16")");
  put_resource("workloadendpoints/default/n1-k8s-thief-eth0", R"("name":"n1-k8s-thief-eth0","namespace":"default")",
               fmt::format(R"("orchestrator":"k8s","node":"n1","pod":"thief","endpoint":"eth0","containerID":"t",)"
                           R"("interfaceName":"calithief","ipNetworks":["{}/32"])",
                           address_of("a")));
  put_resource("workloadendpoints/default/n1-k8s-twin-eth0", R"("name":"n1-k8s-twin-eth0","namespace":"default")",
               fmt::format(R"("orchestrator":"k8s","node":"n1","pod":"twin","endpoint":"eth0","containerID":"u",)"
                           R"("interfaceName":"{}","ipNetworks":["10.65.200.1/32"])",
                           "eth-with-a-name-that-is-much-too-long"));
  put("/calico/ipam/v2/assignment/ipv4/block/10.65.88.0-30",
      R"({"cidr":"10.65.88.0/30","affinity":"host:other","allocations":[0,null,null,null],"unallocated":[1,2,3],)"
      R"("attributes":[{"handle_id":"gone","secondary":{}}],"deleted":false})");
  put("/calico/ipam/v2/host/n1/ipv4/block/10.65.88.0-30", R"({"state":"confirmed"})");
  put("/calico/ipam/v2/assignment/ipv4/block/10.65.89.0-30",
      R"({"cidr":"10.65.89.0/30","affinity":"host:n1","allocations":[9,9,9,9],"unallocated":[0,0,7],"attributes":[],)"
      R"("deleted":false})");

  EXPECT_EQ(add("c").status, 0) << add("c").output;
  EXPECT_TRUE(eventually([&] { return reaches("c", "b"); }, std::chrono::seconds(20)));
  EXPECT_TRUE(
      eventually([&] { return in("nft list table inet weft").output.find("10.110.0.0/24") != std::string::npos; },
                 std::chrono::seconds(20)))
      << "ten thousand rules are in force";
  const auto said = schema::to_json(status());
  EXPECT_THAT(said, HasSubstr("GlobalNetworkPolicy//broken"));
  EXPECT_THAT(said, HasSubstr(R"(GlobalNetworkPolicy//line\nbroken)"));
  EXPECT_EQ(http_status(9099, "/readiness"), 200);
  const auto check = weft("ipam check");
  EXPECT_EQ(check.status, 1);
  for (const char* what : {"10.65.88.0/30", "10.65.89.0-30", "n1-k8s-thief-eth0"})
    EXPECT_THAT(check.output, HasSubstr(what));
  for (const char* kind : {"gnp", "ippools", "wep -A"}) EXPECT_EQ(weft(fmt::format("get {} -o wide", kind)).status, 0);
  EXPECT_EQ(del("a").status, 0);
  EXPECT_EQ(del("c").status, 0);
}

}  // namespace
}  // namespace weft::agent
