// The program's command line against a real etcd, as a user has it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/process.h"
#include "schema/value.h"
#include "store/etcd/open.h"
#include "test/etcd.h"
#include "test/folder.h"

namespace weft::ctl {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};

class CtlEtcdTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { etcd = new test::Etcd; }
  static void TearDownTestSuite() { delete std::exchange(etcd, nullptr); }
  void TearDown() override {
    etcd->stop();
    etcd->erase();
    etcd->start();
  }

  /// `weft WORDS` by a shell; nothing of the machine's configuration is seen.
  static Outcome weft(const std::string& words, std::string_view input = {}) {
    return run_with({"DATASTORE_TYPE=etcdv3", "ETCD_ENDPOINTS=" + etcd->endpoint()}, words, input);
  }
  static Outcome run_with(std::vector<std::string> environment, const std::string& words, std::string_view input = {}) {
    const Command command{.argv = {"/bin/sh", "-c", "exec '" WEFT_PROGRAM "' " + words}, .env = environment};
    const auto finished = ::weft::run(command, {.input = std::string(input)});
    if (!finished) return {.status = 255, .out = {}, .err = finished.error().message};
    return {finished->exit_code(), finished->out, finished->err};
  }

  static inline test::Etcd* etcd = nullptr;
};

constexpr std::string_view resources = R"(
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: p}
spec: {cidr: 10.65.0.0/16}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {order: 10, selector: "app == 'web'"}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: db}
)";

TEST_F(CtlEtcdTest, CreatesShowsReplacesAndDeletes) {
  const auto created = weft("create -f -", resources);
  EXPECT_EQ(created.status, 0) << created.err;
  EXPECT_EQ(created.out, "Successfully created 3 resource(s)\n");
  EXPECT_EQ(created.err, "");

  const auto again = weft("create -f -", resources);
  EXPECT_EQ(again.status, 1);
  EXPECT_EQ(again.out, "");
  EXPECT_EQ(again.err,
            "standard input, document 1: resource already exists: IPPool(p)\n"
            "standard input, document 2: resource already exists: NetworkPolicy(shop/web)\n"
            "standard input, document 3: resource already exists: NetworkPolicy(default/db)\n");
  EXPECT_EQ(weft("create --skip-exists -f -", resources).status, 0);

  EXPECT_EQ(weft("get ippool").out,
            "NAME   CIDR           SELECTOR   \n"
            "p      10.65.0.0/16   all()      \n"
            "\n");
  EXPECT_EQ(weft("get pools p -o name").out, "ippools/p\n");
  EXPECT_EQ(weft("get np").out, "NAME   TIER      \ndb     default   \n\n") << "of the default namespace";
  EXPECT_EQ(weft("get networkpolicy -n shop").out,
            "NAMESPACE   NAME   TIER      \n"
            "shop        web    default   \n"
            "\n");
  EXPECT_EQ(weft("get np -A -o wide").out,
            "NAMESPACE   NAME   TIER      ORDER   SELECTOR       \n"
            "default     db     default   <nil>                  \n"
            "shop        web    default   10      app == 'web'   \n"
            "\n");
  EXPECT_EQ(weft("get -f -", resources).out,
            "NAME   CIDR           SELECTOR   \n"
            "p      10.65.0.0/16   all()      \n"
            "\n"
            "NAME   TIER      \n"
            "web    default   \n"
            "db     default   \n"
            "\n");

  const auto replaced = weft("replace -f -", R"({"apiVersion":"projectcalico.org/v3","kind":"NetworkPolicy",
      "metadata":{"name":"web","namespace":"shop"},"spec":{"order":20}})");
  EXPECT_EQ(replaced.out, "Successfully replaced 1 'NetworkPolicy' resource(s)\n") << replaced.err;
  EXPECT_THAT(weft("get np web -n shop -o wide").out, HasSubstr("20"));
  const auto absent = weft("replace -f -", "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: t}}");
  EXPECT_EQ(absent.status, 1);
  EXPECT_EQ(absent.err, "standard input: resource does not exist: Tier(t)\n");

  EXPECT_EQ(weft("delete networkpolicy web -n shop").out, "Successfully deleted 1 'NetworkPolicy' resource(s)\n");
  const auto deleted = weft("delete ippool p q");
  EXPECT_EQ(deleted.status, 1);
  EXPECT_EQ(deleted.out, "Partial success: deleted 1 out of 2 'IPPool' resources\n");
  EXPECT_EQ(deleted.err, "resource does not exist: IPPool(q)\n");
  EXPECT_EQ(weft("delete --skip-not-exists -f -", resources).status, 0);
  EXPECT_EQ(weft("get np -A").out, "NAMESPACE   NAME   TIER   \n\n");
}

TEST_F(CtlEtcdTest, PutsBackWhatItShowed) {
  ASSERT_EQ(weft("apply -f -", resources).status, 0);
  for (const char* format : {"yaml", "json"}) {
    const auto one = weft(std::string("get np web -n shop -o ") + format);
    EXPECT_EQ(one.status, 0) << one.err;
    const auto value = schema::parse_yaml(one.out);
    ASSERT_TRUE(value) << one.out;
    EXPECT_EQ(value->at(0).text("kind"), "NetworkPolicy");
    EXPECT_EQ(value->at(0).at("metadata")->text("uid").size(), 36u);
    const auto applied = weft("apply -f -", one.out);
    EXPECT_EQ(applied.out, "Successfully applied 1 'NetworkPolicy' resource(s)\n") << applied.err;
    // That was a write: what was shown before it is of the past now.
    const auto stale = weft("replace -f -", one.out);
    EXPECT_EQ(stale.status, 1);
    EXPECT_EQ(stale.err, "standard input: update conflict: NetworkPolicy(shop/web)\n");

    const auto all = weft(std::string("get np -A -o ") + format);
    const auto list = schema::parse_yaml(all.out);
    ASSERT_TRUE(list) << all.out;
    EXPECT_EQ(list->at(0).text("kind"), "NetworkPolicyList");
    EXPECT_NE(list->at(0).at("metadata")->text("resourceVersion"), "");
    EXPECT_EQ(weft("apply -f -", all.out).out, "Successfully applied 2 'NetworkPolicy' resource(s)\n");
  }
}

TEST_F(CtlEtcdTest, ShowsWhatIsThereAndNamesWhatIsNot) {
  ASSERT_EQ(weft("apply -f -", resources).status, 0);
  const auto some = weft("get ippool p q");
  EXPECT_EQ(some.status, 1);
  EXPECT_THAT(some.out, HasSubstr("10.65.0.0/16"));
  EXPECT_EQ(some.err, "resource does not exist: IPPool(q)\n");
  EXPECT_EQ(weft("get ippool/p -o name").out, "ippools/p\n");
  EXPECT_EQ(weft("get networkpolicy web").err, "resource does not exist: NetworkPolicy(default/web)\n");
}

TEST_F(CtlEtcdTest, ShowsTiersByOrder) {
  weft("create -f -", "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: zz}, spec: {order: 2}}");
  EXPECT_EQ(weft("get tiers").out,
            "NAME            ORDER   \n"
            "zz              2       \n"
            "kube-admin      1000    \n"
            "default         1e+06   \n"
            "kube-baseline   1e+07   \n"
            "\n");
}

TEST_F(CtlEtcdTest, ShowsNodesWithTheClustersNumber) {
  weft("create -f -", R"(
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {asNumber: 65010}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: n1}
spec: {bgp: {ipv4Address: 10.0.0.1/24}}
)");
  EXPECT_EQ(weft("get nodes -o wide").out,
            "NAME   ASN       IPV4          IPV6   \n"
            "n1     (65010)   10.0.0.1/24          \n"
            "\n");
}

TEST_F(CtlEtcdTest, ChangesNothingBecauseOfAFileWithAMistake) {
  const test::Folder folder;
  const std::string file = folder.path() + "/all.yaml";
  ASSERT_TRUE(write_file_atomic(
      file, std::string(resources) + "---\napiVersion: projectcalico.org/v3\nkind: Teir\n" + "metadata: {name: t}\n"));
  const auto outcome = weft("apply -f " + file);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, file + ", document 4: kind: \"Teir\" is not known; did you mean Tier?\n");
  EXPECT_EQ(weft("get np -A -o name").out, "");
  EXPECT_EQ(weft("apply -f " + folder.path() + "/none").status, 1);
  EXPECT_EQ(weft("apply").status, 1);
}

TEST_F(CtlEtcdTest, LetsOnlyControllersWriteWhatTheyOwn) {
  constexpr std::string_view policy =
      "{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: knp.default.x}}";
  EXPECT_EQ(weft("apply -f -", policy).status, 1);
  const auto controller = [&](const std::string& words) {
    return run_with({"ETCD_ENDPOINTS=" + etcd->endpoint(), "WEFT_CONTROLLER=true"}, words, policy).status;
  };
  EXPECT_EQ(controller("apply -f -"), 0);
  const auto labelled = weft("label np knp.default.x q=r");
  EXPECT_EQ(labelled.status, 1);
  EXPECT_EQ(labelled.out, "");
  EXPECT_THAT(labelled.err, StartsWith("operation apply or replace is not supported on "
                                       "NetworkPolicy(default/knp.default.x): "));
  EXPECT_THAT(weft("label clusterinfo default q=r").err,
              StartsWith("operation apply or replace is not supported on ClusterInformation(default): "));
  EXPECT_THAT(weft("get np knp.default.x -o yaml").out, testing::Not(HasSubstr("q: r")));
  EXPECT_EQ(controller("label np knp.default.x q=r"), 0);
}

TEST_F(CtlEtcdTest, ReadsWhereTheStoreIsFromAFile) {
  const test::Folder folder;
  const std::string file = folder.path() + "/ctl.cfg";
  ASSERT_TRUE(write_file_atomic(file,
                                "apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nmetadata:\nspec:\n"
                                "  datastoreType: etcdv3\n  etcdEndpoints: " +
                                    etcd->endpoint() + "\n"));
  EXPECT_EQ(run_with({}, "create -c " + file + " -f -", resources).status, 0);
  EXPECT_EQ(run_with({}, "get ippool -o name -c " + file).out, "ippools/p\n");
}

TEST_F(CtlEtcdTest, TakesAContextAndHasNoUseForIt) {
  ASSERT_EQ(weft("apply --context x -f -", resources).status, 0);
  EXPECT_EQ(weft("get ippool -o name --context=x").out, "ippools/p\n");
  EXPECT_EQ(weft("ipam show --context x").status, 0);
}

TEST_F(CtlEtcdTest, WorksOnAClusterWhoseVersionItCannotRead) {
  const auto store = store::open({.etcd_endpoints = {etcd->endpoint(), "test"}}).value();
  ASSERT_TRUE(store->put("/calico/resources/v3/projectcalico.org/clusterinformations/default",
                         R"({"kind":"ClusterInformation","apiVersion":"projectcalico.org/v3",)"
                         R"("metadata":{"name":"default"},"spec":{"calicoVersion":"junk"}})"));
  EXPECT_EQ(weft("get nodes").status, 0);
}

TEST_F(CtlEtcdTest, TakesAKindOrAFile) {
  for (const char* words : {"get ippools -f -", "delete ippools -f -"}) {
    const auto both = weft(words, resources);
    EXPECT_EQ(both.status, 1) << words;
    EXPECT_THAT(both.err, HasSubstr("or -f FILE")) << words;
  }
}

TEST_F(CtlEtcdTest, KnowsHowFullPoolsAre) {
  ASSERT_EQ(weft("apply -f -", resources).status, 0);
  EXPECT_EQ(weft("ipam show").out,
            "+----------+--------------+-----------+------------+--------------+--------------+\n"
            "| GROUPING | CIDR         | IPS TOTAL | IPS IN USE | IPS RESERVED | IPS FREE     |\n"
            "+----------+--------------+-----------+------------+--------------+--------------+\n"
            "| IP Pool  | 10.65.0.0/16 |     65536 |     0 (0%) |       0 (0%) | 65536 (100%) |\n"
            "+----------+--------------+-----------+------------+--------------+--------------+\n");
  EXPECT_EQ(weft("ipam show --ip 10.65.0.1").out, "IP 10.65.0.1 is not assigned to anybody\n");
  const auto bad = weft("ipam show --ip 10.65");
  EXPECT_EQ(bad.status, 1);
  EXPECT_THAT(bad.err, StartsWith("--ip: "));
  const auto check = weft("ipam check");
  EXPECT_EQ(check.status, 0) << check.out;
  EXPECT_THAT(check.out, HasSubstr("Nothing is wrong.\n"));
}

TEST_F(CtlEtcdTest, SaysWhatItDoesNotUnderstand) {
  const auto kind = weft("get ippol");
  EXPECT_EQ(kind.status, 1);
  EXPECT_EQ(kind.err, "resource type 'ippol' is not supported; did you mean IPPool?\n");
  EXPECT_THAT(weft("get ippool -o xml").err, StartsWith("unrecognized output format 'xml'"));
  EXPECT_EQ(weft("get ippool -A -n x").status, 1);
  EXPECT_EQ(weft("get np web -A").status, 1);
  EXPECT_EQ(weft("get").status, 1);
  EXPECT_EQ(weft("delete ippool").status, 1);
  const auto flag = weft("get ippool --wide");
  EXPECT_EQ(flag.status, 2);
  EXPECT_THAT(flag.err, StartsWith("weft get: "));
  EXPECT_EQ(weft("fetch").status, 2);
}

TEST_F(CtlEtcdTest, NeedsNoStoreForItsVersionAndHelp) {
  const auto version = run_with({}, "version");
  EXPECT_EQ(version.status, 0) << version.err;
  EXPECT_THAT(version.out, testing::ContainsRegex("^weft [0-9]+\\.[0-9]+\\.[0-9]+\n$"));
  const auto help = run_with({}, "--help");
  EXPECT_EQ(help.status, 0);
  for (const char* word : {"get", "create", "apply", "replace", "delete", "ipam", "node", "lab", "version"})
    EXPECT_THAT(help.out, HasSubstr(word));
}

TEST_F(CtlEtcdTest, CompletesItsWordsInBash) {
  const test::Folder folder;
  ASSERT_TRUE(write_file_atomic(folder.path() + "/weft.bash", run_with({}, "completion bash").out));
  const auto offers = [&](const std::string& words, int at) {
    const auto finished =
        ::weft::run({.argv = {"bash", "--norc", "-c",
                              "weft() { '" WEFT_PROGRAM "' \"$@\"; }; source ./weft.bash; COMP_WORDS=(weft " + words +
                                  "); COMP_CWORD=" + std::to_string(at) + "; _weft; echo \"${COMPREPLY[@]}\""},
                     .directory = folder.path()});
    return finished ? finished->out + finished->err : finished.error().message;
  };
  EXPECT_EQ(offers("repl", 1), "replace\n");
  EXPECT_EQ(offers("get ipp", 2), "ippool\n");
  EXPECT_EQ(offers("delete networks", 2), "networkset\n");
  EXPECT_EQ(offers("get nodes -o w", 4), "wide\n");
  EXPECT_EQ(offers("ipam sh", 2), "show\n");
}

TEST_F(CtlEtcdTest, SaysThatTheStoreIsNotThere) {
  const auto outcome = run_with({"ETCD_ENDPOINTS=http://127.0.0.1:1"}, "get nodes");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("127.0.0.1:1"));
  const auto typo = run_with({"ETCD_ENDPOINTS=ftp://etcd"}, "get nodes");
  EXPECT_EQ(typo.status, 1);
  EXPECT_THAT(typo.err, HasSubstr("ETCD_ENDPOINTS"));
}

}  // namespace
}  // namespace weft::ctl
