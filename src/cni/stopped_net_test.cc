// The agent's process is killed before each of its system calls that change something, one after the other: while it
// adds a container and while it removes one. The next process finds what that one left.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/cluster_information.h"
#include "api/codec.h"
#include "api/ip_pool.h"
#include "api/node.h"
#include "base/log.h"
#include "cni/server.h"
#include "ipam/check.h"
#include "ipam/ipam.h"
#include "schema/value.h"
#include "test/folder.h"
#include "test/netns.h"
#include "test/saved_store.h"
#include "test/stopped.h"

namespace weft::cni {
namespace {

using testing::IsEmpty;

class StoppedNetTest : public testing::Test {
 protected:
  void SetUp() override {
    log::set_level(log::Level::error);
    test::SavedStore store(store_file);
    api::ClusterInformation cluster;
    cluster.metadata.name = "default";
    cluster.spec.datastore_ready = true;
    put(store, cluster);
    api::Node object;
    object.metadata.name = "node1";
    put(store, object);
    for (const auto& [name, range, size] : {std::tuple{"pool4", "10.65.0.0/24", 29}, {"pool6", "fd65::/112", 122}}) {
      api::IpPool pool;
      pool.metadata.name = name;
      pool.spec = {.cidr = *net::Cidr::parse(range),
                   .block_size = size,
                   .node_selector = "all()",
                   .allowed_uses = {"Workload"},
                   .assignment_mode = "Automatic"};
      put(store, pool);
    }
    fresh = read_file(store_file).value();
  }
  void TearDown() override { log::set_level(log::Level::info); }

  template <class T>
  static void put(store::Store& store, const T& object) {
    ASSERT_TRUE(store.put(api::path_of(object), api::to_json(object)));
  }
  void start_anew() { ASSERT_TRUE(write_file_atomic(store_file, fresh)); }

  /// What the agent does with a request, in a process of its own that is killed before its n-th deed.
  /// @return code of the answer; nullopt: killed
  std::optional<int> request(const std::string& verb, int n = 0, schema::Value config = base_config()) {
    const Request what{.verb = verb,
                       .plugin = "cni",
                       .environment = {{"CNI_COMMAND", verb},
                                       {"CNI_CONTAINERID", "c0ffee"},
                                       {"CNI_NETNS", pod.path()},
                                       {"CNI_IFNAME", "eth0"},
                                       {"CNI_ARGS", "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web"}},
                       .config = schema::to_json(config),
                       .ipam = {}};
    return test::stopped_before(n, [&] {
      test::SavedStore store(store_file);
      Server server({.node = "node1",
                     .store = store,
                     .state_folder = folder.path(),
                     .wait = [](const auto&, auto, auto) { return Result<>(); },
                     .mtu_file = folder.path() + "/mtu"});
      const Answer answer = server.handle(what);
      if (answer.code != 0) fputs(answer.output.c_str(), stderr);
      std::ofstream(folder.path() + "/answer") << answer.output;
      return answer.code;
    });
  }
  static schema::Value base_config() {
    return *schema::parse_json(R"({"cniVersion":"1.0.0","name":"net","type":"calico","nodename":"node1","mtu":1450,)"
                               R"("ipam":{"type":"calico-ipam","assign_ipv6":"true"},"policy":{"type":"k8s"}})");
  }
  /// Whether the pod is whole, as CHECK sees it.
  std::optional<int> check() {
    auto config = base_config();
    config.as_object()->set("prevResult", *schema::parse_json(read_file(folder.path() + "/answer").value()));
    return request("CHECK", 0, config);
  }

  std::vector<std::string> addresses() {
    test::SavedStore store(store_file);
    std::vector<std::string> list;
    const auto held = ipam::Ipam(store).by_handle("net.c0ffee").value();
    for (const auto& holder : held) list.push_back(to_string(holder.ip));
    return list;
  }
  /// Interfaces, endpoints and handles.
  std::vector<std::string> left() {
    std::vector<std::string> all;
    if (const auto links = test::shell("ip -o link | grep -o 'cali[^@:]*'").output; !links.empty())
      all.push_back(links);
    test::SavedStore store(store_file);
    for (const char* prefix :
         {"/calico/resources/v3/projectcalico.org/workloadendpoints/", "/calico/ipam/v2/handle/"}) {
      const auto listing = store.list(prefix);
      for (const auto& entry : listing->entries) all.push_back(entry.key);
    }
    return all;
  }
  /// Nothing contradicts anything, and no address is held that no endpoint uses. A claim that was not finished is
  /// marked as such, for the next one.
  void expect_balanced(const std::string& when, bool all_finished = false) {
    test::SavedStore store(store_file);
    const auto report = ipam::check(store);
    ASSERT_TRUE(report);
    for (const auto& each : report->problems) {
      if (all_finished || each.text != "is left pending")
        ADD_FAILURE() << when << ": " << each.object << ": " << each.text;
    }
    EXPECT_TRUE(report->leaked.empty()) << when;
  }

  test::InNetns node;
  test::Netns pod;
  test::Folder folder;
  std::string store_file = folder.path() + "/store.json";
  std::string fresh;
};

TEST_F(StoppedNetTest, LeavesNoHalfPodWhereverAnAddIsStopped) {
  int stops = 0;
  for (;; ++stops) {
    const std::string when = "stopped before deed " + std::to_string(stops + 1);
    start_anew();
    const auto ended = request("ADD", stops + 1);
    if (ended) {
      EXPECT_EQ(ended, 0);
      break;
    }
    expect_balanced(when);

    if (stops % 2 == 0) {  // the runtime tries again
      ASSERT_EQ(request("ADD"), 0) << when;
      EXPECT_EQ(check(), 0) << when;
      EXPECT_EQ(addresses().size(), 2u) << when;
      expect_balanced(when + " and repeated", true);
    }
    ASSERT_EQ(request("DEL"), 0) << when;  // or gives up
    EXPECT_THAT(left(), IsEmpty()) << when;
    EXPECT_EQ(pod.shell_in("ip link show eth0").status, 1) << when;
    expect_balanced(when + " and removed");
  }
  printf("ADD was stopped at %d calls\n", stops);
  EXPECT_GT(stops, 40);
}

TEST_F(StoppedNetTest, LeavesNoHalfPodWhereverADelIsStopped) {
  int stops = 0;
  for (;; ++stops) {
    const std::string when = "stopped before deed " + std::to_string(stops + 1);
    ASSERT_EQ(request("ADD"), 0) << when;
    const auto ended = request("DEL", stops + 1);
    if (!ended) {
      expect_balanced(when, true);
      ASSERT_EQ(request("DEL"), 0) << when;
    }
    EXPECT_THAT(left(), IsEmpty()) << when;
    EXPECT_EQ(pod.shell_in("ip link show eth0").status, 1) << when;
    expect_balanced(when + " and repeated", true);
    if (ended) {
      EXPECT_EQ(ended, 0);
      break;
    }
  }
  printf("DEL was stopped at %d calls\n", stops);
  EXPECT_GT(stops, 5);
}

}  // namespace
}  // namespace weft::cni
