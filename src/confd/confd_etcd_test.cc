// weft confd as a program, against a real etcd.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "confd/program.h"
#include "store/etcd/open.h"
#include "test/etcd.h"
#include "test/netns.h"

namespace weft::confd {
namespace {

using weft::test::eventually;

class ConfdEtcd : public testing::Test {
 protected:
  ConfdEtcd() {
    std::string pattern = testing::TempDir() + "weft-confd-XXXXXX";
    folder = mkdtemp(pattern.data());
    std::filesystem::create_directories(folder + "/conf.d");
    std::filesystem::create_directories(folder + "/templates");
    // A folder as somebody has it who used confd before.
    file("conf.d/pools.toml",
         "[template]\nsrc = \"pools.tmpl\"\ndest = \"" + folder +
             "/pools.conf\"\nprefix = \"/myapp\"\nkeys = [\"/pool\", \"/name\"]\nreload_cmd = \"echo reload >> " +
             folder + "/reloads\"\n");
    file("templates/pools.tmpl",
         "# {{getv \"/name\" \"nobody\"}}\n{{range gets \"/pool/*\"}}{{$p := json .Value}}{{if $p.enabled}}allow "
         "{{$p.cidr}};  # {{base .Key}}\n{{end}}{{end}}");
  }
  ~ConfdEtcd() override {
    end(SIGKILL);
    // A command that it had started may still write there.
    EXPECT_TRUE(eventually([&] {
      std::error_code error;
      std::filesystem::remove_all(folder, error);
      return !error;
    }));
  }

  void file(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(write_file_atomic(folder + "/" + name, text).has_value());
  }
  std::string content(const std::string& name) const { return read_file(folder + "/" + name).value_or("no such file"); }

  /// Runs confd in a process of its own; before anything here has threads.
  void start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "confd");
    child = fork();
    if (child != 0) return;
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    _exit(confd::main(static_cast<int>(argv.size()), argv.data()));
  }
  int end(int signal) {
    if (child <= 0) return -1;
    if (signal != 0) ::kill(child, signal);
    int status = 0;
    ::waitpid(child, &status, 0);
    child = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::unique_ptr<store::Store> open() {
    store::Settings settings;
    settings.etcd_endpoints = {etcd.endpoint(), "test"};
    auto store = store::open(settings);
    EXPECT_TRUE(store.has_value());
    return std::move(*store);
  }
  /// etcdctl, so that this process has no threads when it forks.
  void put(const std::string& key, const std::string& value) {
    const auto out = weft::run(
        {.argv = {"etcdctl", "--endpoints", etcd.endpoint(), "put", key, value}, .env_more = {"ETCDCTL_API=3"}},
        RunOptions{});
    ASSERT_TRUE(out.has_value() && out->ok());
  }

  test::Etcd etcd;
  std::string folder;
  pid_t child = 0;
};

TEST_F(ConfdEtcd, RendersSomebodysOwnFolderOnce) {
  put("/myapp/pool/a", R"({"cidr":"10.0.0.0/8","enabled":true})");
  put("/myapp/pool/b", R"({"cidr":"192.168.0.0/16","enabled":false})");
  put("/myapp/poolx", "not ours");

  start({"-onetime", "-confdir=" + folder, "-node=" + etcd.endpoint()});

  EXPECT_EQ(end(0), 0);
  EXPECT_EQ(content("pools.conf"), "# nobody\nallow 10.0.0.0/8;  # a\n");
  EXPECT_EQ(content("reloads"), "reload\n");
}

TEST_F(ConfdEtcd, SaysByItsExitStatusThatItCouldNot) {
  put("/myapp/pool/a", "no JSON");

  start({"-onetime", "-confdir=" + folder, "-node=" + etcd.endpoint()});

  EXPECT_EQ(end(0), 1);
  EXPECT_EQ(content("pools.conf"), "no such file");
}

TEST_F(ConfdEtcd, FollowsChangesThroughARestartOfTheServer) {
  put("/myapp/name", "one");
  start({"-confdir=" + folder, "-interval=5", "-watch", "--log-level=debug", "-node=" + etcd.endpoint()});
  ASSERT_TRUE(eventually([&] { return content("pools.conf") == "# one\n"; }));

  put("/myapp/name", "two");
  EXPECT_TRUE(eventually([&] { return content("pools.conf") == "# two\n"; }, std::chrono::seconds(2)));

  etcd.kill();
  etcd.start();
  put("/myapp/name", "three");
  EXPECT_TRUE(eventually([&] { return content("pools.conf") == "# three\n"; }, std::chrono::seconds(15)));

  EXPECT_EQ(end(SIGTERM), 0);
  EXPECT_EQ(content("reloads"), "reload\nreload\nreload\n");
}

TEST_F(ConfdEtcd, LooksAgainAtIntervals) {
  put("/myapp/name", "one");
  start({"-confdir", folder, "-interval", "1", "-node", etcd.endpoint()});
  ASSERT_TRUE(eventually([&] { return content("pools.conf") == "# one\n"; }));

  put("/myapp/name", "two");

  EXPECT_TRUE(eventually([&] { return content("pools.conf") == "# two\n"; }));
}

TEST_F(ConfdEtcd, ReadsConfDAgainOnSighup) {
  put("/myapp/name", "one");
  start({"-confdir=" + folder, "-watch", "-node=" + etcd.endpoint()});
  ASSERT_TRUE(eventually([&] { return content("pools.conf") == "# one\n"; }));

  file("conf.d/more.toml", "[template]\nsrc = \"more.tmpl\"\ndest = \"" + folder +
                               "/more.conf\"\nprefix = \"/myapp\"\nkeys = [\"/name\"]\n");
  file("templates/more.tmpl", "more of {{getv \"/name\"}}");
  ::kill(child, SIGHUP);

  EXPECT_TRUE(eventually([&] { return content("more.conf") == "more of one"; }));
  EXPECT_EQ(end(SIGTERM), 0);
}

TEST_F(ConfdEtcd, RendersBirdFromCalicosResources) {
  const std::string resources = "/calico/resources/v3/projectcalico.org/";
  put(resources + "clusterinformations/default",
      R"({"kind":"ClusterInformation","apiVersion":"projectcalico.org/v3","metadata":{"name":"default"},"spec":{"datastoreReady":true}})");
  put(resources + "nodes/node1",
      R"({"kind":"Node","apiVersion":"projectcalico.org/v3","metadata":{"name":"node1"},"spec":{"bgp":{"ipv4Address":"10.0.0.1/24"}},"status":{}})");
  put(resources + "nodes/node2",
      R"({"kind":"Node","apiVersion":"projectcalico.org/v3","metadata":{"name":"node2"},"spec":{"bgp":{"ipv4Address":"10.0.0.2/24"}},"status":{}})");
  put(resources + "ippools/p",
      R"({"kind":"IPPool","apiVersion":"projectcalico.org/v3","metadata":{"name":"p"},"spec":{"cidr":"10.65.0.0/16"}})");
  put("/calico/ipam/v2/host/node1/ipv4/block/10.65.1.0-26", R"({"state":"confirmed","deleted":false})");
  file("conf.d/pools.toml",
       "[template]\nsrc = \"bird.cfg.template\"\ndest = \"" + folder +
           "/bird.cfg\"\nprefix = \"/calico\"\nkeys = [\"/bird\"]\ncheck_cmd = \"bird -p -c {{.src}}\"\n");
  std::filesystem::copy(WEFT_SOURCE_DIR "/templates/confd/templates/bird.cfg.template",
                        folder + "/templates/bird.cfg.template");

  start({"-onetime", "-backend=calico", "-node-name=node1", "-confdir=" + folder, "-node=" + etcd.endpoint()});

  EXPECT_EQ(end(0), 0);
  EXPECT_NE(content("bird.cfg").find("protocol bgp Mesh_10_0_0_2 from peer {"), std::string::npos)
      << content("bird.cfg");
  EXPECT_NE(content("bird.cfg").find("route 10.65.1.0/26 blackhole;"), std::string::npos);
}

}  // namespace
}  // namespace weft::confd
