// What weft has beyond calicoctl: dry runs, diff, edit, watch, labels in get, completion with live names.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "base/process.h"
#include "base/strings.h"
#include "store/etcd/open.h"
#include "test/etcd.h"
#include "test/folder.h"

namespace weft::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};

class ChangeEtcdTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { etcd = new test::Etcd; }
  static void TearDownTestSuite() { delete std::exchange(etcd, nullptr); }
  void TearDown() override {
    etcd->stop();
    etcd->erase();
    etcd->start();
  }

  static std::vector<std::string> environment(const std::string& editor = "false") {
    return {"DATASTORE_TYPE=etcdv3", "ETCD_ENDPOINTS=" + etcd->endpoint(), "PATH=/usr/bin:/bin", "EDITOR=" + editor};
  }
  static Outcome weft(const std::string& words, std::string_view input = {}, const std::string& editor = "false") {
    const auto finished =
        ::weft::run({.argv = {"/bin/sh", "-c", "exec '" WEFT_PROGRAM "' " + words}, .env = environment(editor)},
                    {.input = std::string(input)});
    if (!finished) return {.status = 255, .out = {}, .err = finished.error().message};
    return {finished->exit_code(), finished->out, finished->err};
  }
  static std::string tier(const std::string& name, int order, const std::string& labels = "{}") {
    return "---\napiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: {name: " + name + ", labels: " + labels +
           "}\nspec: {order: " + std::to_string(order) + "}\n";
  }

  static inline test::Etcd* etcd = nullptr;
};

TEST_F(ChangeEtcdTest, SaysWhatAnApplyWouldChange) {
  EXPECT_EQ(weft("apply -f -", tier("a", 1) + tier("b", 2)).status, 0);
  const auto changed = weft("diff -f -", tier("a", 7) + tier("b", 2) + tier("c", 3));
  EXPECT_EQ(changed.status, 1) << changed.err;
  EXPECT_THAT(changed.out, HasSubstr("--- cluster: Tier(a)\n+++ standard input, document 1: Tier(a)\n"));
  EXPECT_THAT(changed.out, HasSubstr("-  order: 1\n+  order: 7\n"));
  EXPECT_THAT(changed.out, Not(HasSubstr("Tier(b)")));
  EXPECT_THAT(changed.out, HasSubstr("+  name: c\n"));
  EXPECT_THAT(changed.out, Not(HasSubstr("+  uid")));
  EXPECT_THAT(changed.out, Not(HasSubstr("\033"))) << "colours are for terminals";
  EXPECT_EQ(weft("diff -f -", tier("a", 1) + tier("b", 2)).status, 0);
  EXPECT_EQ(weft("get tiers c").status, 1) << "nothing was written";
  const auto bad = weft("diff -f -", "{apiVersion: projectcalico.org/v3, kind: Teir}");
  EXPECT_EQ(bad.status, 2);
  EXPECT_THAT(bad.err, HasSubstr("did you mean Tier?"));
}

TEST_F(ChangeEtcdTest, WritesNothingInADryRun) {
  const auto made = weft("create --dry-run -f -", tier("a", 1));
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_EQ(made.out, "Successfully created 1 'Tier' resource(s)\n(dry run: nothing was written)\n");
  EXPECT_EQ(weft("get tiers -o name").out, "");
  EXPECT_EQ(weft("apply -f -", tier("a", 1)).status, 0);
  EXPECT_EQ(weft("create --dry-run -f -", tier("a", 1)).status, 1) << "it exists";
  EXPECT_EQ(weft("delete --dry-run tier a").status, 0);
  EXPECT_EQ(weft("patch --dry-run tier a -p '{\"spec\":{\"order\":5}}'").status, 0);
  EXPECT_EQ(weft("label --dry-run tier a x=y").status, 0);
  EXPECT_THAT(weft("get tier a -o yaml").out, testing::AllOf(HasSubstr("order: 1"), Not(HasSubstr("x: "))));
}

TEST_F(ChangeEtcdTest, ShowsThoseWhoseLabelsMatch) {
  weft("apply -f -", tier("a", 1, "{team: x}") + tier("b", 2, "{team: y}") + tier("c", 3));
  EXPECT_EQ(weft("get tiers -o name -l \"team == 'x'\"").out, "tiers/a\n");
  EXPECT_EQ(weft("get tiers -o name -l 'has(team)'").out, "tiers/a\ntiers/b\n");
  const auto bad = weft("get tiers -l 'team =='");
  EXPECT_EQ(bad.status, 1);
  EXPECT_THAT(bad.err, StartsWith("-l: "));
}

TEST_F(ChangeEtcdTest, IsChangedInAnEditor) {
  weft("apply -f -", tier("a", 1));
  const auto changed = weft("edit tier a", {}, "sed -i 's/order: 1$/order: 5/'");
  EXPECT_EQ(changed.status, 0) << changed.err;
  EXPECT_EQ(changed.out, "Successfully replaced 1 'Tier' resource(s)\n");
  EXPECT_THAT(weft("get tier a").out, HasSubstr("5"));
  EXPECT_EQ(weft("edit tier a", {}, "true").out, "Nothing was changed.\n");
  EXPECT_EQ(weft("edit tier a", {}, "false").status, 1);

  const auto wrong = weft("edit tier a", {}, "sed -i 's/order: 5/ordr: 6/'");
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.err, HasSubstr("spec.ordr: is not known; did you mean \"order\"?"));
  const std::string kept(trim(wrong.err.substr(wrong.err.find("kept in ") + 8)));
  EXPECT_THAT(*read_file(kept), HasSubstr("ordr: 6"));
  EXPECT_TRUE(remove_file(kept));
  EXPECT_EQ(::rmdir(kept.substr(0, kept.rfind('/')).c_str()), 0);

  const auto raced =
      weft("edit tier a", {}, "sh -c 'sed -i \"s/order: 5/order: 6/\" $0; " WEFT_PROGRAM " label tier a x=y'");
  EXPECT_EQ(raced.status, 1) << "somebody else changed it meanwhile";
  EXPECT_THAT(raced.err, HasSubstr("update conflict: Tier(a)"));
  const std::string file(trim(raced.err.substr(raced.err.find("kept in ") + 8)));
  EXPECT_TRUE(remove_file(file));
  ::rmdir(file.substr(0, file.rfind('/')).c_str());
}

TEST_F(ChangeEtcdTest, KeepsWhatANewerVersionWrote) {
  const auto store = store::open({.etcd_endpoints = {etcd->endpoint(), "test"}}).value();
  const std::string folder = "/calico/resources/v3/projectcalico.org/";
  const auto put = [&](const std::string& path, const std::string& kind, const std::string& rest) {
    ASSERT_TRUE(store->put(
        folder + path, R"({"kind":")" + kind + R"(","apiVersion":"projectcalico.org/v3","metadata":)" + rest + "}"));
  };
  const auto stored = [&](const std::string& path) { return store->get(folder + path).value()->value; };
  put("tiers/a", "Tier", R"({"name":"a"},"spec":{"order":1,"newerField":{"x":[1]}})");
  put("globalnetworkpolicies/default.g", "GlobalNetworkPolicy",
      R"({"name":"default.g","annotations":{"projectcalico.org/metadata":"{\"name\":\"default.g\"}"}},)"
      R"("spec":{"tier":"default","ingress":[{"action":"Allow","newerMatch":7}]})");

  for (const std::string how : {"-t strategic", "-t merge"}) {
    const auto patched = weft("patch tier a " + how + " -p '{\"spec\":{\"ORDER\":5}}'");
    EXPECT_EQ(patched.status, 0) << patched.err;
  }
  const auto changed = weft("edit tier a", {}, "sed -i 's/order: 5/order: 6/'");
  EXPECT_EQ(changed.status, 0) << changed.err;
  EXPECT_THAT(stored("tiers/a"), testing::AllOf(HasSubstr(R"("order":6)"), HasSubstr(R"("newerField":{"x":[1]})")));
  const auto of_list = weft("patch gnp default.g -t json -p '[{\"op\":\"add\",\"path\":\"/spec/order\",\"value\":3}]'");
  EXPECT_EQ(of_list.status, 0) << of_list.err;
  EXPECT_THAT(stored("globalnetworkpolicies/default.g"),
              testing::AllOf(HasSubstr(R"("order":3)"), HasSubstr(R"("newerMatch":7)")));

  for (const char* member : {"newestField", "NewerField2"}) {
    const auto refused = weft(std::string("patch tier a -p '{\"spec\":{\"") + member + "\":1}}'");
    EXPECT_EQ(refused.status, 1);
    EXPECT_EQ(refused.err, std::string("spec.") + member + ": is not known (is 1)\n") << "and no word of the other";
  }
  EXPECT_EQ(weft("patch tier a -p '{\"spec\":{\"newerField\":null}}'").status, 0);
  EXPECT_THAT(stored("tiers/a"), Not(HasSubstr("newerField"))) << "who names it may take it away";
}

TEST_F(ChangeEtcdTest, WatchesUntilItIsStopped) {
  weft("apply -f -", tier("a", 1, "{w: y}"));
  const test::Folder folder;
  const std::string shown = folder.path() + "/shown";
  const auto running = start(
      {.argv = {"/bin/sh", "-c", "exec '" WEFT_PROGRAM "' get tiers -w -l 'has(w)' > " + shown}, .env = environment()});
  ASSERT_TRUE(running) << running.error().message;
  const auto wait_for = [&](const std::string& text) {
    for (int i = 0; i < 1000; ++i) {
      const auto now = read_file(shown);
      if (now && now->find(text) != std::string::npos) return *now;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return "not seen: " + text + "; but " + read_file(shown).value_or("");
  };
  EXPECT_THAT(wait_for("ADDED     a"), HasSubstr("EVENT     NAME   ORDER"));
  weft("apply -f -", tier("b", 2, "{w: y}") + tier("c", 3));
  EXPECT_THAT(wait_for("ADDED     b"), Not(HasSubstr(" c ")));
  weft("apply -f -", tier("b", 9, "{w: y}"));
  EXPECT_THAT(wait_for("MODIFIED  b"), HasSubstr("9"));
  weft("label tier a w --remove");
  EXPECT_THAT(wait_for("DELETED   a"), HasSubstr("DELETED"));
  weft("delete tier b");
  EXPECT_THAT(wait_for("DELETED   b"), HasSubstr("DELETED"));
  ::kill(running->pid, SIGTERM);
  int status = 0;
  ::waitpid(running->pid, &status, 0);
}

TEST_F(ChangeEtcdTest, CompletesWithTheNamesThatAreThere) {
  weft("apply -f -", tier("alpha", 1) + tier("beta", 2) +
                         "---\n{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: web, "
                         "namespace: shop}}\n");
  const auto offered = [](const std::string& words) { return split(trim(weft("__complete " + words).out), '\n'); };
  EXPECT_THAT(offered("get tier a"), ElementsAre("alpha"));
  EXPECT_THAT(offered("delete tiers ''"), testing::IsSupersetOf({"alpha", "beta", "default"}));
  EXPECT_THAT(offered("get np -n shop ''"), ElementsAre("web"));
  EXPECT_THAT(offered("get np ''"), ElementsAre());
  EXPECT_THAT(offered("patch tier alpha -t ''"), ElementsAre("strategic", "merge", "json"));
  EXPECT_THAT(offered("get globalnetworkp"), ElementsAre("globalnetworkpolicy"));
}

TEST_F(ChangeEtcdTest, NamesEachDocumentThatFails) {
  const auto outcome = weft("create -f -", tier("a", 1) + tier("default", 5) + tier("b", 2) + tier("a", 3));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.out, "Partial success: created 2 out of 4 'Tier' resources\n");
  EXPECT_THAT(outcome.err, HasSubstr("standard input, document 2: "));
  EXPECT_THAT(outcome.err, HasSubstr("standard input, document 4: resource already exists: Tier(a)\n"));
  EXPECT_THAT(weft("get tiers -o name").out, testing::AllOf(HasSubstr("tiers/a\n"), HasSubstr("tiers/b\n")));
}

TEST_F(ChangeEtcdTest, PrintsItsManual) {
  const auto page = weft("man get");
  EXPECT_THAT(page.out, HasSubstr(".TH \"WEFT\\-GET\" 1"));
  const test::Folder folder;
  EXPECT_EQ(weft("man -o " + folder.path()).status, 0);
  EXPECT_EQ(*read_file(folder.path() + "/weft-get.1"), page.out);
  EXPECT_EQ(weft("man nothing").status, 2);
}

}  // namespace
}  // namespace weft::ctl
