#include "confd/program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "bgp/view.h"
#include "store/memory.h"
#include "test/netns.h"

namespace weft::confd {
namespace {

using testing::HasSubstr;
using weft::test::eventually;

class ConfdTest : public testing::Test {
 protected:
  ConfdTest() {
    std::string pattern = testing::TempDir() + "weft-confd-XXXXXX";
    folder = mkdtemp(pattern.data());
    std::filesystem::create_directories(folder + "/conf.d");
    std::filesystem::create_directories(folder + "/templates");
  }
  ~ConfdTest() override { std::filesystem::remove_all(folder); }

  void file(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(write_file_atomic(folder + "/" + name, text).has_value());
  }
  std::string content(const std::string& name) const { return read_file(folder + "/" + name).value_or("no such file"); }
  /// A resource that renders `text` to the file "out".
  Resource resource(const std::string& text) {
    file("templates/out.tmpl", text);
    Resource made;
    made.name = "out.toml";
    made.source = folder + "/templates/out.tmpl";
    made.destination = folder + "/out";
    made.prefix = "/app";
    made.keys = {"/app"};
    return made;
  }
  std::size_t files() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
    return count;
  }

  std::string folder;
  Renderer renderer{RenderOptions{}};
};

TEST_F(ConfdTest, WritesTheFileWithThePrefixTakenOff) {
  const auto made = resource("{{range gets \"/pool/*\"}}{{.Key}}={{.Value}}\n{{end}}");

  const auto outcome = renderer.process(made, {{"/app/pool/a", "1"}, {"/app/pool/b", "2"}, {"/app/x", "3"}});

  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_EQ(*outcome, Outcome::changed);
  EXPECT_EQ(content("out"), "/pool/a=1\n/pool/b=2\n");
  EXPECT_EQ(files(), 3u);  // conf.d, templates, out: nothing staged is left
}

TEST_F(ConfdTest, MakesTheFoldersOfTheFile) {
  auto made = resource("x");
  made.destination = folder + "/a/b/out";

  EXPECT_TRUE(renderer.process(made, {}).has_value());

  EXPECT_EQ(content("a/b/out"), "x");
}

TEST_F(ConfdTest, ReloadsOnlyOnChange) {
  auto made = resource("{{getv \"/v\"}}");
  made.reload_cmd = "echo reloaded >> " + folder + "/reloads";

  for (const std::string value : {"1", "1", "2", "2"})
    ASSERT_TRUE(renderer.process(made, {{"/app/v", value}}).has_value());

  EXPECT_EQ(content("reloads"), "reloaded\nreloaded\n");
}

TEST_F(ConfdTest, ChecksTheStagedFileBeforeItReplaces) {
  auto made = resource("{{getv \"/v\"}}");
  made.check_cmd = "grep -q good {{.src}} || { echo 'this is not good'; exit 3; }";
  made.reload_cmd = "echo reloaded >> " + folder + "/reloads";
  ASSERT_TRUE(renderer.process(made, {{"/app/v", "good"}}).has_value());

  const auto refused = renderer.process(made, {{"/app/v", "bad"}});

  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("this is not good"));
  EXPECT_THAT(refused.error().message, HasSubstr("exit status 3"));
  EXPECT_EQ(content("out"), "good");
  EXPECT_EQ(content("reloads"), "reloaded\n");
  EXPECT_EQ(files(), 4u);
}

TEST_F(ConfdTest, LeavesTheFileWhenTheTemplateFails) {
  const auto made = resource("{{getv \"/v\"}}");
  ASSERT_TRUE(renderer.process(made, {{"/app/v", "1"}}).has_value());

  const auto failed = renderer.process(made, {});

  ASSERT_FALSE(failed.has_value());
  EXPECT_THAT(failed.error().message, HasSubstr("out.tmpl:1:2"));
  EXPECT_THAT(failed.error().message, HasSubstr("key does not exist: /v"));
  EXPECT_EQ(content("out"), "1");
}

TEST_F(ConfdTest, TriesAFailedReloadAgain) {
  auto made = resource("{{getv \"/v\"}}");
  made.reload_cmd = "test -e " + folder + "/ready";
  EXPECT_FALSE(renderer.process(made, {{"/app/v", "1"}}).has_value());
  EXPECT_EQ(content("out"), "1");

  file("ready", "");

  EXPECT_TRUE(renderer.process(made, {{"/app/v", "1"}}).has_value());
  EXPECT_TRUE(remove_file(folder + "/ready").has_value());
  EXPECT_TRUE(renderer.process(made, {{"/app/v", "1"}}).has_value());  // and not a third time
}

TEST_F(ConfdTest, TellsABirdThatDoesNotRunYetNothing) {
  auto made = resource("x");
  made.reload_bird = folder + "/bird.ctl";

  EXPECT_TRUE(renderer.process(made, {}).has_value());
}

TEST_F(ConfdTest, SetsModeAndKeepsThatOfTheFile) {
  auto made = resource("{{getv \"/v\"}}");
  made.mode = 0600;
  ASSERT_TRUE(renderer.process(made, {{"/app/v", "1"}}).has_value());
  EXPECT_EQ(std::filesystem::status(folder + "/out").permissions(), std::filesystem::perms(0600));

  made.mode = std::nullopt;
  ASSERT_TRUE(renderer.process(made, {{"/app/v", "2"}}).has_value());
  EXPECT_EQ(std::filesystem::status(folder + "/out").permissions(), std::filesystem::perms(0600));

  made.mode = 0644;  // a change of mode alone counts
  EXPECT_EQ(renderer.process(made, {{"/app/v", "2"}}).value(), Outcome::changed);
  EXPECT_EQ(std::filesystem::status(folder + "/out").permissions(), std::filesystem::perms(0644));
}

TEST_F(ConfdTest, OnlySaysWhatWouldChangeWithNoop) {
  Renderer noop(RenderOptions{.noop = true});
  auto made = resource("new");
  file("out", "old");

  EXPECT_EQ(noop.process(made, {}).value(), Outcome::would_change);

  EXPECT_EQ(content("out"), "old");
}

TEST_F(ConfdTest, NeitherChecksNorReloadsWithSyncOnly) {
  Renderer sync_only(RenderOptions{.sync_only = true});
  auto made = resource("new");
  made.check_cmd = "false";
  made.reload_cmd = "false";

  EXPECT_EQ(sync_only.process(made, {}).value(), Outcome::changed);
}

TEST_F(ConfdTest, ReadsKeysOfAnyPrefixAtTheirBoundaries) {
  store::Memory store;
  for (const std::string key : {"/app/a", "/app/b/c", "/apple", "/other"}) ASSERT_TRUE(store.put(key, "v").has_value());

  const auto keys = store_backend(store)->read({"/app", "/app/b"});

  ASSERT_TRUE(keys.has_value());
  EXPECT_EQ(*keys, (Keys{{"/app/a", "v"}, {"/app/b/c", "v"}}));
}

TEST_F(ConfdTest, FollowsChangesAndBatchesThem) {
  store::Memory store;
  ASSERT_TRUE(store.put("/app/v", "0").has_value());
  const auto backend = store_backend(store);
  auto made = resource("{{getv \"/v\"}}");
  made.reload_cmd = "echo x >> " + folder + "/reloads";

  loop::Loop loop;
  Settings settings;
  settings.watch = true;
  Program program(loop, *backend, settings, {made});
  program.start();
  std::thread writer([&] {
    EXPECT_TRUE(eventually([&] { return content("out") == "0"; }));
    for (int i = 1; i <= 50; ++i) EXPECT_TRUE(store.put("/app/v", std::to_string(i)).has_value());
    EXPECT_TRUE(eventually([&] { return content("out") == "50"; }));
    EXPECT_TRUE(store.put("/elsewhere", "1").has_value());
    loop.stop();
  });
  loop.run();
  writer.join();

  EXPECT_LT(program.changes(), 20);
  EXPECT_EQ(program.errors(), 0);
}

TEST_F(ConfdTest, TriesAgainWhatFailedAndHoldsNothingElseBack) {
  store::Memory store;
  const auto backend = store_backend(store);
  auto failing = resource("{{getv \"/v\"}}");
  auto good = failing;
  file("templates/good.tmpl", "good");
  good.source = folder + "/templates/good.tmpl";
  good.destination = folder + "/good";
  failing.check_cmd = "echo tried >> " + folder + "/tries; test -e " + folder + "/ready";
  ASSERT_TRUE(store.put("/app/v", "1").has_value());

  loop::Loop loop;
  Settings settings;
  settings.watch = true;
  Program program(loop, *backend, settings, {failing, good});
  program.start();
  std::thread helper([&] {
    EXPECT_TRUE(eventually([&] { return content("good") == "good" && content("tries") == "tried\n"; }));
    EXPECT_EQ(content("out"), "no such file");
    file("ready", "");
    EXPECT_TRUE(eventually([&] { return content("out") == "1"; }));
    loop.stop();
  });
  loop.run();
  helper.join();

  EXPECT_GE(program.errors(), 1);
}

TEST_F(ConfdTest, SurvivesAStoreThatIsAwayAtTheStart) {
  store::Memory store;
  ASSERT_TRUE(store.put("/app/v", "1").has_value());
  store.set_available(false);
  const auto backend = store_backend(store);

  loop::Loop loop;
  Settings settings;
  settings.watch = true;
  Program program(loop, *backend, settings, {resource("{{getv \"/v\"}}")});
  program.start();
  std::thread helper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    store.set_available(true);
    EXPECT_TRUE(eventually([&] { return content("out") == "1"; }));
    loop.stop();
  });
  loop.run();
  helper.join();
}

TEST_F(ConfdTest, MakesTheViewsKeysFromResources) {
  store::Memory store;
  const std::string resources = "/calico/resources/v3/projectcalico.org/";
  const auto put = [&](const std::string& key, const std::string& json) {
    ASSERT_TRUE(store.put(key, json).has_value());
  };
  const std::string cluster = resources + "clusterinformations/default";
  put(cluster,
      R"({"kind":"ClusterInformation","apiVersion":"projectcalico.org/v3","metadata":{"name":"default"},"spec":{"datastoreReady":true}})");
  put(resources + "nodes/node1",
      R"({"kind":"Node","apiVersion":"projectcalico.org/v3","metadata":{"name":"node1"},"spec":{"bgp":{"ipv4Address":"10.0.0.1/24"}},"status":{}})");
  put(resources + "nodes/node2",
      R"({"kind":"Node","apiVersion":"projectcalico.org/v3","metadata":{"name":"node2"},"spec":{"bgp":{"ipv4Address":"10.0.0.2/24","asNumber":65002}},"status":{}})");
  put(resources + "ippools/p",
      R"({"kind":"IPPool","apiVersion":"projectcalico.org/v3","metadata":{"name":"p"},"spec":{"cidr":"10.65.0.0/16","blockSize":26}})");
  put("/calico/ipam/v2/host/node1/ipv4/block/10.65.1.0-26", R"({"state":"confirmed","deleted":false})");
  put("/calico/ipam/v2/host/node2/ipv4/block/10.65.2.0-26", R"({"state":"confirmed","deleted":false})");
  const auto backend = calico_backend(store, {.node = "node1", .router_id = "", .secrets = "", .interface_prefix = ""});

  Result<Keys> keys = fail(Code::unavailable, "");
  ASSERT_TRUE(eventually([&] { return (keys = backend->read({"/calico/"})).has_value(); }));

  EXPECT_EQ((*keys)["/calico/bgp/v1/host/node2/as_num"], "65002");
  EXPECT_TRUE(keys->contains("/calico/ipam/v2/host/node1/ipv4/block/10.65.1.0-26"));
  EXPECT_FALSE(keys->contains("/calico/ipam/v2/host/node2/ipv4/block/10.65.2.0-26"));
  EXPECT_THAT((*keys)["/calico/bird"], HasSubstr("Mesh_10_0_0_2"));
  EXPECT_THAT((*keys)["/calico/bird"], HasSubstr(R"("workloadInterfaces":["cali*"])"));

  // A changed interface prefix of the agent is followed, and what is watched hears of changes.
  std::atomic<int> heard = 0;
  const auto subscription = backend->watch({"/calico/bird"}, [&] { ++heard; });
  put(resources + "felixconfigurations/default",
      R"({"kind":"FelixConfiguration","apiVersion":"projectcalico.org/v3","metadata":{"name":"default"},"spec":{"interfacePrefix":"veth,tap"}})");
  ASSERT_TRUE(eventually([&] { return heard >= 2; }));
  EXPECT_THAT((*backend->read({"/calico/bird"}))["/calico/bird"],
              HasSubstr(R"("workloadInterfaces":["veth*","tap*"])"));

  // A store that somebody emptied is not one that knows of nothing.
  ASSERT_TRUE(store.remove(cluster).has_value());
  EXPECT_TRUE(eventually([&] {
    keys = backend->read({"/calico/bird"});
    return !keys && keys.error() == Error{Code::unavailable, "there is no ClusterInformation default"};
  }));
}

TEST_F(ConfdTest, FindsSecretsInAFolderOrAFile) {
  std::filesystem::create_directories(folder + "/secrets/bgp");
  file("secrets/bgp/rr", "s3cret\n");
  file("secrets.yaml", "bgp:\n  rr: \"0123\"\n");

  EXPECT_EQ(secrets_at(folder + "/secrets")("bgp", "rr"), "s3cret");
  EXPECT_EQ(secrets_at(folder + "/secrets")("bgp", "none"), std::nullopt);
  EXPECT_EQ(secrets_at(folder + "/secrets")("..", "secrets.yaml"), std::nullopt);
  EXPECT_EQ(secrets_at(folder + "/secrets.yaml")("bgp", "rr"), "0123");
  EXPECT_EQ(secrets_at(folder + "/secrets.yaml")("bgp", "none"), std::nullopt);
  EXPECT_EQ(secrets_at(folder + "/none")("bgp", "rr"), std::nullopt);
}

}  // namespace
}  // namespace weft::confd
