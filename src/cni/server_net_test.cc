#include "cni/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <mutex>

#include "api/cluster_information.h"
#include "api/codec.h"
#include "api/ip_pool.h"
#include "api/node.h"
#include "api/profile.h"
#include "api/workload_endpoint.h"
#include "base/process.h"
#include "ipam/check.h"
#include "ipam/ipam.h"
#include "schema/value.h"
#include "store/memory.h"
#include "test/counting_store.h"
#include "test/netns.h"

namespace weft::cni {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// The agent's socket, as simple as can be: one connection after another.
class Listener {
 public:
  Listener(std::string path, std::function<Answer(const Request&)> handle)
      : path_(std::move(path)), handle_(std::move(handle)) {
    fd_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    if (bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd_.get(), 16) != 0)
      throw std::runtime_error("listen");
    thread_ = std::thread([this] { serve(); });
  }
  ~Listener() {
    shutdown(fd_.get(), SHUT_RDWR);
    thread_.join();
    unlink(path_.c_str());
  }

 private:
  void serve() {
    for (;;) {
      const Fd client(accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!client) return;
      std::string text;
      char buffer[4096];
      for (ssize_t n = 0; (n = read(client.get(), buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(n));
      const auto request = parse_request(text);
      const std::string answer = to_json(request ? handle_(*request) : Answer{6, request.error().message});
      EXPECT_EQ(write(client.get(), answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
    }
  }
  std::string path_;
  std::function<Answer(const Request&)> handle_;
  Fd fd_;
  std::thread thread_;
};

/// What a runtime sees of one call.
struct Seen {
  int status = 0;
  std::string text;
  schema::Value json;
  int code() const {
    const auto* code = json.at("code");
    return code != nullptr && code->as_int() != nullptr ? static_cast<int>(*code->as_int()) : 0;
  }
};

/// A node in a namespace of its own, its agent's CNI server over a store in memory, and the real plug-in as a runtime
/// runs it.
class ServerNetTest : public testing::Test {
 protected:
  ServerNetTest() {
    std::string name = (std::filesystem::temp_directory_path() / "weft-cni.XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = name;
    api::ClusterInformation cluster;
    cluster.metadata.name = "default";
    cluster.spec.datastore_ready = true;
    put(cluster);
    api::Node object;
    object.metadata.name = "node1";
    put(object);
    add_pool("pool4", "10.65.0.0/24", 29);
    restart();
    listener.emplace(folder + "/agent.sock", [this](const Request& request) {
      auto answer = server->handle(request);
      hand_over_now();
      return answer;
    });
  }
  ~ServerNetTest() override {
    listener.reset();
    server.reset();
    std::filesystem::remove_all(folder);
  }

  template <class T>
  void put(const T& object) {
    ASSERT_TRUE(store.put(api::path_of(object), api::to_json(object)));
  }
  void add_pool(const std::string& name, const std::string& range, int block_size) {
    api::IpPool pool;
    pool.metadata.name = name;
    pool.spec = {.cidr = *net::Cidr::parse(range),
                 .block_size = block_size,
                 .node_selector = "all()",
                 .allowed_uses = {"Workload"},
                 .assignment_mode = "Automatic"};
    put(pool);
  }
  void restart() {
    server.reset();
    server.emplace(
        ServerOptions{.node = "node1",
                      .store = counted,
                      .state_folder = folder,
                      .wait = [this](const plan::EndpointId& id, store::Revision revision, auto) -> Result<> {
                        const std::lock_guard lock(hand_over);
                        waited.push_back(to_string(id));
                        EXPECT_GT(revision, 0);
                        return wait ? wait() : Result<>{};
                      },
                      .mtu_file = folder + "/mtu",
                      .release_interval = 20ms});
  }

  Seen run(const std::string& verb, std::map<std::string, std::string> more = {},
           const std::string& program = WEFT_CNI_PROGRAM) {
    std::map<std::string, std::string> environment = {
        {"CNI_COMMAND", verb},
        {"CNI_CONTAINERID", "c0ffee"},
        {"CNI_NETNS", pod.path()},
        {"CNI_IFNAME", "eth0"},
        {"CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web"},
        {"CNI_PATH", folder}};
    std::string input = config;
    for (auto& [name, value] : more) {
      if (name == "config")
        input = value;
      else
        environment[name] = value;
    }
    Command command{.argv = {program}, .env = std::vector<std::string>{}};
    for (const auto& [name, value] : environment) command.env->push_back(name + "=" + value);
    hand_over_now();
    const auto finished = weft::run(command, {.input = input});
    hand_over_now();
    if (!finished) throw std::runtime_error(finished.error().message);
    Seen seen{finished->exit_code(), finished->out, {}};
    if (const auto parsed = schema::parse_json(finished->out.empty() ? "{}" : finished->out)) seen.json = *parsed;
    return seen;
  }

  std::optional<api::WorkloadEndpoint> endpoint(const std::string& name = "node1-k8s-web-eth0") {
    const auto entry = store.get("/calico/resources/v3/projectcalico.org/workloadendpoints/default/" + name);
    if (!entry || !*entry) return std::nullopt;
    return *api::from_json<api::WorkloadEndpoint>((*entry)->value);
  }
  /// What ADD leaves: interfaces of the node, endpoints, handles.
  std::vector<std::string> left() {
    std::vector<std::string> all;
    if (const auto links = test::shell("ip -o link | grep -o 'cali[^@:]*'").output; !links.empty())
      all.push_back(links);
    for (const char* prefix :
         {"/calico/resources/v3/projectcalico.org/workloadendpoints/", "/calico/ipam/v2/handle/"}) {
      const auto listing = store.list(prefix);
      if (!listing) continue;
      for (const auto& entry : listing->entries) all.push_back(entry.key);
    }
    return all;
  }
  void expect_balanced() {
    const auto report = ipam::check(store);
    ASSERT_TRUE(report);
    for (const auto& each : report->problems) ADD_FAILURE() << each.object << ": " << each.text;
    EXPECT_TRUE(report->leaked.empty());
  }

  test::InNetns node;
  test::Netns pod;
  std::string folder;
  store::Memory store;
  test::CountingStore counted{store};
  /// The server's threads use `wait` and `waited` while a program runs; what orders that lies in another process, which
  /// the thread sanitizer cannot see.
  void hand_over_now() { const std::lock_guard lock(hand_over); }
  std::mutex hand_over;
  std::function<Result<>()> wait;
  std::vector<std::string> waited;
  std::optional<Server> server;
  std::optional<Listener> listener;
  std::string config =
      R"({"cniVersion":"1.0.0","name":"k8s-pod-network","type":"calico","nodename":"node1","mtu":1450,)"
      R"("ipam":{"type":"calico-ipam"},"policy":{"type":"k8s"},"weft_socket":")";
  void SetUp() override {
    config +=
        folder +
        R"(/agent.sock","args":{"cni":{"labels":[{"key":"app","value":"web"}],"ports":[{"name":"http","port":80}]}}})";
  }
};

TEST_F(ServerNetTest, WiresAPodAndAnswersWhenPolicyIsInForce) {
  const Seen seen = run("ADD");

  ASSERT_EQ(seen.status, 0) << seen.text;
  const std::string mac = endpoint()->spec.mac;
  EXPECT_EQ(
      seen.text,
      R"({"cniVersion":"1.0.0","interfaces":[{"name":"cali68caf03a5f4"},{"name":"eth0","mac":")" + mac +
          R"(","sandbox":")" + pod.path() +
          R"("}],"ips":[{"interface":1,"address":"10.65.0.208/32"}],"routes":[{"dst":"10.65.0.208/29"}],"dns":{}})" +
          "\n");
  EXPECT_THAT(waited, ElementsAre("k8s default/web eth0"));
  EXPECT_EQ(pod.run("ip -4 -o addr show eth0 | grep -o 'inet [^ ]*'"), "inet 10.65.0.208/32\n");
  EXPECT_THAT(pod.run("ip route"), HasSubstr("default via 169.254.1.1 dev eth0"));
  EXPECT_THAT(pod.run("ip route"), HasSubstr("169.254.1.1 dev eth0 scope link"));
  EXPECT_THAT(pod.run("ip neigh"), HasSubstr("169.254.1.1 dev eth0 lladdr ee:ee:ee:ee:ee:ee PERMANENT"));
  EXPECT_THAT(pod.run("ip link show eth0"), testing::AllOf(HasSubstr(mac), HasSubstr("mtu 1450"), HasSubstr("UP")));
  EXPECT_THAT(node.run("ip link show cali68caf03a5f4"),
              testing::AllOf(HasSubstr("ee:ee:ee:ee:ee:ee"), HasSubstr("mtu 1450"), HasSubstr("UP")));
  EXPECT_EQ(node.run("cat /proc/sys/net/ipv4/conf/cali68caf03a5f4/proxy_arp"), "1\n");
  expect_balanced();
}

TEST_F(ServerNetTest, WritesTheEndpointWithLabelsPortsAndProfiles) {
  ASSERT_EQ(run("ADD").status, 0);

  const auto written = endpoint();
  ASSERT_TRUE(written);
  EXPECT_EQ(written->metadata.labels, (api::Labels{{"app", "web"},
                                                   {"projectcalico.org/namespace", "default"},
                                                   {"projectcalico.org/orchestrator", "k8s"},
                                                   {"projectcalico.org/serviceaccount", "default"}}));
  EXPECT_THAT(written->spec.profiles, ElementsAre("kns.default", "ksa.default.default"));
  EXPECT_EQ(written->spec.interface_name, "cali68caf03a5f4");
  EXPECT_EQ(written->spec.container_id, "c0ffee");
  EXPECT_EQ(written->spec.service_account_name, "default");
  ASSERT_EQ(written->spec.ports.size(), 1u);
  EXPECT_EQ(written->spec.ports[0].name, "http");
  EXPECT_EQ(written->spec.ports[0].port, 80);
  EXPECT_FALSE(written->metadata.uid.empty());
  const auto held = *ipam::Ipam(store).by_handle("k8s-pod-network.c0ffee");
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].attributes.at("pod"), "web");
  EXPECT_EQ(held[0].attributes.at("namespace"), "default");
  EXPECT_EQ(held[0].attributes.at("node"), "node1");
  EXPECT_THAT(held[0].attributes.at("timestamp"), testing::EndsWith(" +0000 UTC"));
}

TEST_F(ServerNetTest, GivesTheSameAnswerTwice) {
  const Seen first = run("ADD");
  const Seen second = run("ADD");

  EXPECT_EQ(first.status, 0) << first.text;
  EXPECT_EQ(first.text, second.text);
  expect_balanced();
}

TEST_F(ServerNetTest, AsksTheStoreOnceForAnAddAndThreeTimesForADel) {
  test::Netns first, second;
  ASSERT_EQ(run("ADD").status, 0);  // claims a block
  ASSERT_EQ(run("ADD", {{"CNI_CONTAINERID", "cafe"},
                        {"CNI_NETNS", first.path()},
                        {"CNI_ARGS", "K8S_POD_NAMESPACE=default;K8S_POD_NAME=app"}})
                .status,
            0);  // reads which there are now
  const std::map<std::string, std::string> other = {{"CNI_CONTAINERID", "beef"},
                                                    {"CNI_NETNS", second.path()},
                                                    {"CNI_ARGS", "K8S_POD_NAMESPACE=default;K8S_POD_NAME=db"}};
  counted.reads = counted.commits = 0;
  ASSERT_EQ(run("ADD", other).status, 0);
  EXPECT_EQ(counted.reads, 0);
  EXPECT_EQ(counted.commits, 1);

  counted.reads = counted.commits = 0;
  ASSERT_EQ(run("DEL", other).status, 0);
  EXPECT_EQ(counted.reads, 2);  // the endpoint, the handle
  EXPECT_EQ(counted.commits, 1);
  expect_balanced();
}

// What was read before is supposed to be so still; the transaction proves it.
TEST_F(ServerNetTest, SeesThatTheStoreIsNoLongerReadyThoughItRemembersOtherwise) {
  ASSERT_EQ(run("ADD").status, 0);
  auto cluster = *api::from_json<api::ClusterInformation>(
      (*store.get("/calico/resources/v3/projectcalico.org/clusterinformations/default"))->value);
  cluster.spec.datastore_ready = false;
  put(cluster);
  const std::map<std::string, std::string> other = {{"CNI_CONTAINERID", "beef"},
                                                    {"CNI_ARGS", "K8S_POD_NAMESPACE=default;K8S_POD_NAME=db"}};
  const auto before = left();

  const Seen add = run("ADD", other);
  EXPECT_EQ(add.code(), 11) << add.text;
  EXPECT_THAT(add.text, HasSubstr("datastoreReady is false"));
  EXPECT_EQ(left(), before);
  EXPECT_EQ(server->waiting_releases(), 0u);
  EXPECT_EQ(run("DEL").code(), 11);
  EXPECT_TRUE(endpoint());

  cluster.spec.datastore_ready = true;
  put(cluster);
  EXPECT_TRUE(test::eventually([&] { return !endpoint(); })) << "the DEL is done when it may be";
}

TEST_F(ServerNetTest, RemovesEverythingAndSucceedsAgainWhenNothingIsLeft) {
  ASSERT_EQ(run("ADD").status, 0);

  EXPECT_EQ(run("DEL").status, 0);
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_EQ(run("DEL").status, 0);
  EXPECT_EQ(run("DEL", {{"CNI_NETNS", "/no/such/namespace"}}).status, 0);
  EXPECT_EQ(run("DEL", {{"CNI_NETNS", ""}}).status, 0);
  EXPECT_EQ(pod.shell_in("ip link show eth0").status, 1);
  expect_balanced();
}

TEST_F(ServerNetTest, ChecksWhatIsReallyThere) {
  const Seen added = run("ADD");
  ASSERT_EQ(added.status, 0);
  schema::Value with_previous = *schema::parse_json(config);
  with_previous.as_object()->set("prevResult", added.json);
  const std::string check_config = schema::to_json(with_previous);

  EXPECT_EQ(run("CHECK", {{"config", check_config}}).text, "\n");
  EXPECT_EQ(run("CHECK", {{"config", check_config}}).status, 0);
  EXPECT_EQ(run("CHECK").code(), 7);  // prevResult is missing
  pod.run("ip route del default");
  EXPECT_THAT(run("CHECK", {{"config", check_config}}).text, HasSubstr("route 0.0.0.0/0 is missing"));
  ASSERT_EQ(run("ADD").status, 0);  // repairs it
  EXPECT_EQ(run("CHECK", {{"config", check_config}}).status, 0);
  pod.run("ip addr flush dev eth0");
  EXPECT_THAT(run("CHECK", {{"config", check_config}}).text, HasSubstr("address 10.65.0.208 is missing"));
  ASSERT_EQ(run("DEL").status, 0);
  EXPECT_THAT(run("CHECK", {{"config", check_config}}).text, HasSubstr("there is no WorkloadEndpoint"));
}

TEST_F(ServerNetTest, WiresBothFamiliesAndIpv6IsUsableAtOnce) {
  add_pool("pool6", "fd80:24e2:f998:72d6::/112", 122);
  std::string both = config;
  both.replace(both.find(R"("type":"calico-ipam")"), 20, R"("type":"calico-ipam","assign_ipv6":"true")");

  const Seen seen = run("ADD", {{"config", both}});

  ASSERT_EQ(seen.status, 0) << seen.text;
  EXPECT_THAT(seen.text, HasSubstr("fd80:24e2:f998:72d6::a680/128"));
  const std::string addresses = pod.run("ip -6 addr show dev eth0");
  EXPECT_THAT(addresses, HasSubstr("fd80:24e2:f998:72d6::a680/128 scope global nodad \n"));
  EXPECT_THAT(pod.run("ip -6 route"), HasSubstr("default via fe80::ecee:eeff:feee:eeee dev eth0"));
  EXPECT_THAT(node.run("ip -6 addr show dev cali68caf03a5f4"), HasSubstr("fe80::ecee:eeff:feee:eeee/64"));
  node.run("ip addr add 192.0.2.1/32 dev lo; ip addr add 2001:db8::1/128 dev lo nodad");
  node.run(
      "ip -6 route add fd80:24e2:f998:72d6::a680/128 dev cali68caf03a5f4; ip route add 10.65.0.208/32 dev "
      "cali68caf03a5f4");
  // Packets go both ways at once: TCP from the node to the pod.
  for (const std::string address : {"10.65.0.208", "fd80:24e2:f998:72d6::a680"}) {
    EXPECT_THAT(node.shell_in("timeout 3 bash -c 'exec 3<>/dev/tcp/" + address + "/9'").output, HasSubstr("refused"))
        << address;
  }
  ASSERT_EQ(run("DEL", {{"config", both}}).status, 0);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(ServerNetTest, UndoesAnAddWhoseCommitIsRefusedAtAnyStep) {
  int step = 0;
  for (;; ++step) {
    int commits = 0;
    store.refuse([&](std::span<const store::Op>) -> Result<> {
      if (commits++ == step) return fail(Code::denied, "refused by the test");
      return {};
    });
    const Seen seen = run("ADD");
    store.refuse({});
    if (seen.status == 0) break;
    EXPECT_THAT(seen.text, HasSubstr("refused by the test"));
    EXPECT_THAT(left(), IsEmpty()) << "step " << step;
    ASSERT_TRUE(ipam::Ipam(store).release_affinities("node1", std::nullopt, true));  // from the beginning again
  }
  EXPECT_EQ(step, 3);  // affinity, block, assignment with endpoint
  expect_balanced();
}

TEST_F(ServerNetTest, UndoesAnAddWhenPolicyDoesNotComeIntoForce) {
  wait = [] { return Result<>(fail(Code::timeout, "not in this test")); };

  const Seen seen = run("ADD");

  EXPECT_EQ(seen.status, 1);
  EXPECT_EQ(seen.code(), 11);
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_EQ(pod.shell_in("ip link show eth0").status, 1);
  expect_balanced();
}

TEST_F(ServerNetTest, UndoesAnAddWhoseInterfaceCannotBeMade) {
  pod.run("ip link add eth0 type veth peer name other");
  const Seen taken = run("ADD");
  EXPECT_EQ(taken.status, 1);
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_EQ(pod.shell_in("ip link show eth0").status, 0);  // it is not ours to remove

  const Seen nowhere = run("ADD", {{"CNI_NETNS", "/no/such/namespace"}});
  EXPECT_EQ(nowhere.status, 1);
  EXPECT_THAT(left(), IsEmpty());
  expect_balanced();
}

TEST_F(ServerNetTest, RemovesTheLinkAtOnceWhileTheStoreIsAwayAndTheRestLater) {
  ASSERT_EQ(run("ADD").status, 0);
  store.set_available(false);

  const Seen seen = run("DEL");

  EXPECT_EQ(seen.code(), 11) << seen.text;
  EXPECT_EQ(node.shell_in("ip link show cali68caf03a5f4").status, 1);
  EXPECT_EQ(server->waiting_releases(), 1u);
  restart();  // the agent forgets nothing
  EXPECT_EQ(server->waiting_releases(), 1u);
  store.set_available(true);
  EXPECT_TRUE(test::eventually([&] { return server->waiting_releases() == 0; }));
  EXPECT_THAT(left(), IsEmpty());
  expect_balanced();
}

TEST_F(ServerNetTest, LeavesNothingWhenTheStoreGoesAwayDuringAnAdd) {
  wait = [&] {
    store.set_available(false);
    return Result<>(fail(Code::timeout, "the store is away"));
  };
  EXPECT_EQ(run("ADD").code(), 11);
  EXPECT_EQ(node.shell_in("ip link show cali68caf03a5f4").status, 1);
  store.set_available(true);

  EXPECT_TRUE(test::eventually([&] { return server->waiting_releases() == 0; }));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(ServerNetTest, AnAddAfterAnUnfinishedDelKeepsWhatItGives) {
  ASSERT_EQ(run("ADD").status, 0);
  store.set_available(false);
  ASSERT_EQ(run("DEL").code(), 11);
  store.set_available(true);

  ASSERT_EQ(run("ADD").status, 0);
  std::this_thread::sleep_for(100ms);

  EXPECT_EQ(server->waiting_releases(), 0u);
  EXPECT_TRUE(endpoint());
  expect_balanced();
}

TEST_F(ServerNetTest, LeavesAPodsNewContainerAloneWhenTheOldOneIsRemoved) {
  ASSERT_EQ(run("ADD").status, 0);
  test::Netns second;
  const std::map<std::string, std::string> newer = {{"CNI_CONTAINERID", "beef"}, {"CNI_NETNS", second.path()}};
  ASSERT_EQ(run("ADD", newer).status, 0);
  EXPECT_EQ(endpoint()->spec.container_id, "beef");

  EXPECT_EQ(run("DEL").status, 0);

  ASSERT_TRUE(endpoint());
  EXPECT_EQ(endpoint()->spec.container_id, "beef");
  EXPECT_EQ(second.shell_in("ip link show eth0").status, 0);
  EXPECT_TRUE(ipam::Ipam(store).by_handle("k8s-pod-network.c0ffee")->empty());
  expect_balanced();
}

TEST_F(ServerNetTest, PlugsInContainersThatAreNoPods) {
  std::string plain = config;
  plain.replace(plain.find(R"(,"policy":{"type":"k8s"})"), 24, "");
  const std::map<std::string, std::string> more = {{"CNI_ARGS", ""}, {"config", plain}};

  const Seen seen = run("ADD", more);

  ASSERT_EQ(seen.status, 0) << seen.text;
  const auto written = endpoint("node1-cni-c0ffee-eth0");
  ASSERT_TRUE(written);
  EXPECT_THAT(written->spec.profiles, ElementsAre("k8s-pod-network"));
  EXPECT_EQ(written->spec.interface_name, "calic0ffee");
  EXPECT_EQ(written->spec.pod, "");
  EXPECT_THAT(waited, ElementsAre("cni default/c0ffee eth0"));
  const auto entry = store.get("/calico/resources/v3/projectcalico.org/profiles/k8s-pod-network");
  ASSERT_TRUE(entry && *entry);
  const auto profile = *api::from_json<api::Profile>((*entry)->value);
  EXPECT_EQ(profile.spec.ingress.at(0).source.selector, "has(k8s-pod-network)");
  EXPECT_EQ(profile.spec.labels_to_apply, (api::Labels{{"k8s-pod-network", ""}}));
  ASSERT_EQ(run("DEL", more).status, 0);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(ServerNetTest, GivesTheAddressThatIsAskedFor) {
  const std::string args = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;IP=10.65.0.5";
  EXPECT_THAT(run("ADD", {{"CNI_ARGS", args}}).text, HasSubstr("10.65.0.5/32"));

  test::Netns second;
  const Seen taken = run("ADD", {{"CNI_ARGS", "K8S_POD_NAMESPACE=default;K8S_POD_NAME=db;IP=10.65.0.5"},
                                 {"CNI_CONTAINERID", "beef"},
                                 {"CNI_NETNS", second.path()}});
  EXPECT_EQ(taken.code(), 999);
  EXPECT_THAT(taken.text, HasSubstr("already assigned"));
}

TEST_F(ServerNetTest, RunsAnotherIpamPluginAndTakesWhatItGives) {
  std::ofstream(folder + "/other-ipam")
      << "#!/bin/sh\ncat >> " + folder + "/seen\necho $CNI_COMMAND >> " + folder +
             "/calls\n"
             "[ $CNI_COMMAND = ADD ] && echo "
             "'{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.9.0.7/"
             "24\",\"gateway\":\"10.9.0.1\"}],\"routes\":[{\"dst\":\"10.0.0.0/8\"}]}'\nexit 0\n";
  std::filesystem::permissions(folder + "/other-ipam", std::filesystem::perms::owner_all);
  std::string other = config;
  other.replace(other.find("calico-ipam"), 11, "other-ipam");

  const Seen seen = run("ADD", {{"config", other}});

  ASSERT_EQ(seen.status, 0) << seen.text;
  EXPECT_THAT(seen.text, HasSubstr(R"("address":"10.9.0.7/32")"));
  EXPECT_EQ(to_string(endpoint()->spec.ip_networks.at(0)), "10.9.0.7/32");
  EXPECT_THAT(pod.run("ip route"), HasSubstr("10.0.0.0/8 via 169.254.1.1 dev eth0"));
  EXPECT_THAT(pod.run("ip route"), testing::Not(HasSubstr("default")));
  EXPECT_EQ(run("DEL", {{"config", other}}).status, 0);
  wait = [] { return Result<>(fail(Code::timeout, "not in this test")); };
  EXPECT_EQ(run("ADD", {{"config", other}}).status, 1);
  EXPECT_EQ(test::shell("tr '\\n' ' ' < " + folder + "/calls").output, "ADD DEL ADD DEL ");
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(ServerNetTest, CollectsWhatTheRuntimeForgot) {
  test::Netns second;
  const std::map<std::string, std::string> kept = {{"CNI_CONTAINERID", "beef"},
                                                   {"CNI_NETNS", second.path()},
                                                   {"CNI_ARGS", "K8S_POD_NAMESPACE=default;K8S_POD_NAME=db"}};
  ASSERT_EQ(run("ADD").status, 0);
  ASSERT_EQ(run("ADD", kept).status, 0);
  schema::Value gc = *schema::parse_json(config);
  gc.as_object()->set("cniVersion", "1.1.0");
  gc.as_object()->set("cni.dev/valid-attachments",
                      schema::Array{schema::Object{{"containerID", "beef"}, {"ifname", "eth0"}}});

  const Seen seen = run("GC", {{"config", schema::to_json(gc)}});

  ASSERT_EQ(seen.status, 0) << seen.text;
  EXPECT_FALSE(endpoint());
  EXPECT_TRUE(endpoint("node1-k8s-db-eth0"));
  EXPECT_EQ(second.shell_in("ip link show eth0").status, 0);
  EXPECT_EQ(pod.shell_in("ip link show eth0").status, 1);
  expect_balanced();
}

TEST_F(ServerNetTest, AssignsForOtherPluginsAsAnIpamPlugin) {
  const Seen seen = run("ADD", {}, WEFT_IPAM_PROGRAM);
  EXPECT_EQ(
      seen.text,
      R"({"cniVersion":"1.0.0","ips":[{"address":"10.65.0.208/29"}],"routes":[{"dst":"10.65.0.208/29"}],"dns":{}})"
      "\n");
  EXPECT_EQ(run("ADD", {}, WEFT_IPAM_PROGRAM).text, seen.text);
  EXPECT_EQ(run("CHECK", {}, WEFT_IPAM_PROGRAM).status, 0);
  EXPECT_EQ(run("DEL", {}, WEFT_IPAM_PROGRAM).status, 0);
  EXPECT_EQ(run("DEL", {}, WEFT_IPAM_PROGRAM).status, 0);
  EXPECT_EQ(run("CHECK", {}, WEFT_IPAM_PROGRAM).status, 1);
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(ServerNetTest, RefusesWhatItCannotServe) {
  const auto with = [&](const std::string& key, const schema::Value& value) {
    schema::Value changed = *schema::parse_json(config);
    changed.as_object()->set(key, value);
    return run("ADD", {{"config", schema::to_json(changed)}});
  };
  EXPECT_EQ(with("nodename", "node2").code(), 7);
  EXPECT_EQ(with("name", "a b").code(), 7);
  EXPECT_EQ(with("cniVersion", "9.0.0").code(), 1);
  EXPECT_EQ(with("mtu", "big").code(), 6);
  EXPECT_EQ(run("ADD", {{"config", "{"}}).code(), 6);
  EXPECT_EQ(run("ADD", {{"CNI_IFNAME", "a/b"}}).code(), 4);
  EXPECT_EQ(run("ADD", {{"CNI_CONTAINERID", ""}}).code(), 4);
  EXPECT_EQ(run("FROB").code(), 4);

  api::ClusterInformation cluster;
  cluster.metadata.name = "default";
  cluster.spec.datastore_ready = false;
  put(cluster);
  EXPECT_EQ(run("ADD").code(), 11);
  EXPECT_THAT(left(), IsEmpty());
  schema::Value status = *schema::parse_json(config);
  status.as_object()->set("cniVersion", "1.1.0");
  EXPECT_EQ(run("STATUS", {{"config", schema::to_json(status)}}).code(), 50);
  cluster.spec.datastore_ready = true;
  put(cluster);
  EXPECT_EQ(run("STATUS", {{"config", schema::to_json(status)}}).status, 0);
}

TEST_F(ServerNetTest, SaysTryAgainAtOnceWhenNoAgentIsThere) {
  listener.reset();
  const auto begun = std::chrono::steady_clock::now();

  EXPECT_EQ(run("ADD").code(), 11);
  EXPECT_EQ(run("DEL").code(), 11);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1s);
}

TEST_F(ServerNetTest, WiresFiftyPods) {
  add_pool("pool4", "10.65.0.0/16", 26);
  std::vector<std::unique_ptr<test::Netns>> pods;
  for (int i = 0; i < 50; ++i) pods.push_back(std::make_unique<test::Netns>());
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) {
    const std::string number = std::to_string(i);
    const Seen seen = run("ADD", {{"CNI_CONTAINERID", "c" + number},
                                  {"CNI_NETNS", pods[static_cast<std::size_t>(i)]->path()},
                                  {"CNI_ARGS", "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-" + number}});
    ASSERT_EQ(seen.status, 0) << seen.text;
  }
  const auto each = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count() / 50;
  RecordProperty("ms_per_add", std::to_string(each));

  EXPECT_EQ(store.list("/calico/resources/v3/projectcalico.org/workloadendpoints/")->entries.size(), 50u);
  expect_balanced();
}

}  // namespace
}  // namespace weft::cni
