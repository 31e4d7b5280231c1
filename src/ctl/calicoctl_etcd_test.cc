// The program called as calicoctl, as a process against a real etcd, plain and with TLS. What is expected was recorded
// from calicoctl itself, but where docs/decisions/0014-calicoctl.md says otherwise.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "schema/value.h"
#include "store/etcd/open.h"
#include "test/certificates.h"
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

class CalicoctlEtcdTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    etcd = new test::Etcd;
    folder = new test::Folder;
    ASSERT_EQ(::symlink(WEFT_PROGRAM, (folder->path() + "/calicoctl").c_str()), 0);
  }
  static void TearDownTestSuite() {
    delete std::exchange(etcd, nullptr);
    delete std::exchange(folder, nullptr);
  }
  void TearDown() override {
    etcd->stop();
    etcd->erase();
    etcd->start();
  }

  static Outcome calicoctl(const std::string& words, std::string_view input = {}) {
    return run_with({"DATASTORE_TYPE=etcdv3", "ETCD_ENDPOINTS=" + etcd->endpoint()}, words, input);
  }
  static Outcome run_with(std::vector<std::string> environment, const std::string& words, std::string_view input = {}) {
    const Command command{.argv = {"/bin/sh", "-c", "exec '" + folder->path() + "/calicoctl' " + words},
                          .env = environment};
    const auto finished = ::weft::run(command, {.input = std::string(input)});
    if (!finished) return {.status = 255, .out = {}, .err = finished.error().message};
    return {finished->exit_code(), finished->out, finished->err};
  }

  /// As Calico's own nodes and controllers write it.
  static void put(const std::string& path, const std::string& kind, const std::string& metadata,
                  const std::string& spec) {
    const auto store = store::open({.etcd_endpoints = {etcd->endpoint(), "test"}}).value();
    ASSERT_TRUE(store->put("/calico/resources/v3/projectcalico.org/" + path,
                           R"({"kind":")" + kind + R"(","apiVersion":"projectcalico.org/v3","metadata":)" + metadata +
                               R"(,"spec":)" + spec + "}"));
  }

  static inline test::Etcd* etcd = nullptr;
  static inline test::Folder* folder = nullptr;
};

std::string pool(const std::string& name, const std::string& spec) {
  return "{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: " + name + "}, spec: " + spec + "}\n";
}

constexpr std::string_view several = R"(
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop, labels: {team: a}}
spec: {order: 10, selector: "app == 'web'"}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: db}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: n1}
spec: {bgp: {ipv4Address: 10.0.0.1/24, asNumber: 65002}}
)";

TEST_F(CalicoctlEtcdTest, SaysWhatBecameOfResources) {
  const std::string p = pool("p", "{cidr: 10.65.0.0/16}");
  EXPECT_EQ(calicoctl("create -f -", p).out, "Successfully created 1 'IPPool' resource(s)\n");
  const auto again = calicoctl("create -f -", p);
  EXPECT_EQ(again.status, 1);
  EXPECT_EQ(again.out, "");
  EXPECT_EQ(again.err, "failed to create 'IPPool' resource: [resource already exists: IPPool(p) with error: <nil>]\n");
  EXPECT_EQ(calicoctl("create --skip-exists -f -", p).out, "Successfully created 1 'IPPool' resource(s)\n");
  EXPECT_EQ(calicoctl("apply -f -", p).out, "Successfully applied 1 'IPPool' resource(s)\n");
  EXPECT_EQ(calicoctl("apply -f -", several).out, "Successfully applied 3 resource(s)\n");
  EXPECT_EQ(calicoctl("validate -f -", several).out, "Successfully validated 3 resource(s)\n");

  const auto absent = calicoctl("replace -f -", pool("q", "{cidr: 10.66.0.0/16}"));
  EXPECT_EQ(absent.status, 1);
  EXPECT_EQ(absent.out, "") << "nothing was replaced, and it does not say so";
  EXPECT_EQ(absent.err,
            "failed to replace 'IPPool' resource: [resource does not exist: IPPool(q) with error: <nil>]\n");
  const auto gone = calicoctl("delete ippool q p");
  EXPECT_EQ(gone.status, 1);
  EXPECT_EQ(gone.out, "Successfully deleted 1 'IPPool' resource(s)\n");
  EXPECT_EQ(gone.err, "Failed to delete 'IPPool' resource: resource does not exist: IPPool(q) with error: <nil>\n");
  EXPECT_EQ(calicoctl("delete ippool q -s").status, 0);
}

TEST_F(CalicoctlEtcdTest, WritesWhatIsRightOfAFileAndNamesTheRest) {
  const auto half =
      calicoctl("apply -f -", pool("p", "{cidr: 10.65.0.0/16}") + "---\n" + pool("bad", "{cidr: 10.65.0.0/33}"));
  EXPECT_EQ(half.status, 1);
  EXPECT_EQ(half.out, "Partial success: applied 1 out of 2 'IPPool' resources:\n");
  EXPECT_THAT(half.err, StartsWith("hit error: [error with field IPPool(bad): spec.cidr: "));
  EXPECT_EQ(calicoctl("get ippool p").status, 0);
  const auto unknown = calicoctl("apply -f -", pool("q", "{cidr: 10.66.0.0/16, nat: true}"));
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, StartsWith("field in document is not recognized or is in the wrong location: "));
  EXPECT_THAT(unknown.err, HasSubstr("spec.nat"));
}

TEST_F(CalicoctlEtcdTest, RefusesWhatItHasAlwaysRefused) {
  for (const std::string verb : {"create", "apply", "replace", "delete"}) {
    const auto copied = calicoctl(verb + " -f -",
                                  "{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: "
                                  "knp.default.x}}");
    EXPECT_EQ(copied.status, 1);
    EXPECT_THAT(copied.err, HasSubstr("kubernetes network policies must be managed through the kubernetes API"));
    const auto information = calicoctl(
        verb + " -f -", "{apiVersion: projectcalico.org/v3, kind: ClusterInformation, metadata: {name: default}}");
    EXPECT_EQ(information.status, 1);
    EXPECT_THAT(information.err, HasSubstr("is not supported on ClusterInformation"));
  }
}

TEST_F(CalicoctlEtcdTest, HasATableForEachThatIsNamed) {
  ASSERT_EQ(calicoctl("apply -f -", several).status, 0);
  EXPECT_EQ(calicoctl("get -f -", several).out,
            "NAME   TIER      \nweb    default   \n\nNAME   TIER      \ndb     default   \n\nNAME   \nn1     \n\n");
  EXPECT_EQ(calicoctl("get np -A").out,
            "NAMESPACE   NAME   TIER      \ndefault     db     default   \nshop        web    default   \n\n");
  EXPECT_EQ(calicoctl("get np -A -o custom-columns=NAME,SELECTOR").out,
            "NAME   SELECTOR       \ndb                    \nweb    app == 'web'   \n\n");
  EXPECT_EQ(calicoctl("get nodes -o 'go-template={{range .}}{{range .Items}}{{.Name}}={{.Spec.BGP.IPv4Address}}"
                      "{{end}}{{end}}'")
                .out,
            "n1=10.0.0.1/24");
  const auto missing = calicoctl("get node n1 nope");
  EXPECT_EQ(missing.status, 1);
  EXPECT_EQ(missing.out, "NAME   \nn1     \n\n");
  EXPECT_EQ(missing.err, "resource does not exist: Node(nope) with error: <nil>\n");
  EXPECT_EQ(calicoctl("get node n1 --export -o yaml").out,
            "apiVersion: projectcalico.org/v3\nkind: Node\nmetadata:\n  name: n1\nspec:\n  bgp:\n    asNumber: 65002\n"
            "    ipv4Address: 10.0.0.1/24\nstatus: {}\n");
  EXPECT_THAT(calicoctl("get node n1 -o json").out, testing::EndsWith("\"status\": {}\n}")) << "no line end";
  EXPECT_EQ(calicoctl("get node nope -o yaml").out, "null\n");
}

TEST_F(CalicoctlEtcdTest, ComplainsAsCalicoctl) {
  for (const auto& [words, sentence] : std::vector<std::pair<std::string, std::string>>{
           {"bogus", "unknown command \"bogus\" for \"calicoctl\"\n"},
           {"ipam bogus", "unknown command \"bogus\" for \"calicoctl ipam\"\n"},
           {"get --bogus", "unknown flag: --bogus\n"},
           {"get -x", "unknown shorthand flag: 'x' in -x\n"},
           {"get -f", "flag needs an argument: 'f' in -f\n"},
           {"patch node", "accepts 2 arg(s), received 1\n"},
           {"label a", "requires at least 3 arg(s), only received 1\n"},
           {"get nodes -n x", "Node is not namespaced\n"},
           {"get np -A -n x", "cannot use both --namespace and --all-namespaces flags at the same time\n"},
           {"get np a -A", "cannot use --all-namespace flag for getting a single resource\n"},
           {"get nodes -o custom-columns=", "need to specify at least one column\n"},
           {"get nodes -l x", "unknown log level: x, expected one of: panic, fatal, error, warn, info, debug\n"},
           {"create -f /dev/null", "no resources specified in file /dev/null\n"},
           {"version --poll x", "invalid poll duration specified: x\n"}}) {
    const auto outcome = calicoctl(words);
    EXPECT_EQ(outcome.status, 1) << words;
    EXPECT_EQ(outcome.err, sentence) << words;
    EXPECT_EQ(outcome.out, "") << words;
  }
  EXPECT_THAT(calicoctl("get bogus").err,
              StartsWith("failed to get resources: resource type 'bogus' is not supported"));
  EXPECT_THAT(calicoctl("get nodes -o xml").err, StartsWith("unrecognized output format 'xml'"));
  for (const char* words : {"get", "delete", "create", "apply", "replace", "validate"})
    EXPECT_EQ(calicoctl(words).status, 1) << words << " without arguments is no crash";
  EXPECT_EQ(calicoctl("create --skip-empty -f /dev/null").out, "No resources specified\n");
}

TEST_F(CalicoctlEtcdTest, PatchesInThreeWays) {
  ASSERT_EQ(calicoctl("apply -f -", pool("p", "{cidr: 10.65.0.0/16}")).status, 0);
  EXPECT_EQ(calicoctl("patch ippool p -p '{\"spec\":{\"disabled\":true}}'").out,
            "Successfully patched 1 'IPPool' resource\n");
  EXPECT_EQ(calicoctl("patch ippool p -t merge -p '{\"spec\":{\"natOutgoing\":true}}'").status, 0);
  EXPECT_EQ(calicoctl("patch ippool p -t json -p '[{\"op\":\"remove\",\"path\":\"/spec/disabled\"}]'").status, 0);
  EXPECT_EQ(calicoctl("get ippool p -o custom-columns=NAT,DISABLED").out, "NAT    DISABLED   \ntrue   false      \n\n");
  const auto refused = calicoctl("patch ippool p -p '{\"spec\":{\"cidr\":\"10.1.0.0/16\"}}'");
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, StartsWith("hit error: error with field IPPool(p): spec.cidr: "));
  EXPECT_EQ(calicoctl("patch ippool q -p '{}'").err,
            "hit error: resource does not exist: IPPool(q) with error: <nil>\n");
  EXPECT_EQ(calicoctl("patch ippool p -t magic -p '{}'").status, 1);
}

TEST_F(CalicoctlEtcdTest, SetsAndRemovesLabels) {
  ASSERT_EQ(calicoctl("apply -f -", several).status, 0);
  EXPECT_EQ(calicoctl("label nodes n1 a=b").out, "Successfully set label a on nodes n1\n");
  EXPECT_EQ(calicoctl("label nodes n1 a=c").err,
            "failed to update label of nodes n1, key a is already present. please use '--overwrite' to set a new "
            "value\n");
  EXPECT_EQ(calicoctl("label nodes n1 a=c --overwrite").out, "Successfully updated label a on nodes n1\n");
  EXPECT_EQ(calicoctl("label nodes n1 a --remove").out, "Successfully removed label a from nodes n1\n");
  EXPECT_EQ(calicoctl("label nodes n1 a --remove").err, "cannot remove label of nodes n1, key a does not exist\n");
  EXPECT_EQ(calicoctl("label nodes n1 a").err, "invalid label a\n");
}

TEST_F(CalicoctlEtcdTest, LabelsNothingThatUsersMayNotWrite) {
  ASSERT_EQ(calicoctl("apply -f -", several).status, 0);
  put("networkpolicies/shop/knp.default.k1", "NetworkPolicy", R"({"name":"knp.default.k1","namespace":"shop"})",
      R"({"order":1})");
  const std::string before = calicoctl("get np knp.default.k1 -n shop -o yaml").out;
  for (const auto& [words, what] : std::vector<std::pair<std::string, std::string>>{
           {"np knp.default.k1 q=r -n shop", "np knp.default.k1"},
           {"clusterinfo default q=r", "clusterinfo default"},
           {"profile projectcalico-default-allow q=r", "profile projectcalico-default-allow"}}) {
    const auto refused = calicoctl("label " + words);
    EXPECT_EQ(refused.status, 1) << words;
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err, StartsWith("failed to update " + what + ", label not changed"));
  }
  EXPECT_EQ(calicoctl("get np knp.default.k1 -n shop -o yaml").out, before);
  EXPECT_EQ(calicoctl("label node nope a=b").err, "node nope not found\n");
  EXPECT_EQ(calicoctl("label node nope a --remove").err, "node nope not found\n");
}

TEST_F(CalicoctlEtcdTest, TakesTheFileWhateverKindIsBesideIt) {
  ASSERT_EQ(calicoctl("apply -f -", several).status, 0);
  const auto of_file = calicoctl("get -f -", several);
  for (const char* words : {"get nodes -f -", "get nodes nope -f -", "get bogus -f -"}) {
    const auto shown = calicoctl(words, several);
    EXPECT_EQ(shown.status, 0) << words << ": " << shown.err;
    EXPECT_EQ(shown.out, of_file.out) << words;
  }
  const auto deleted = calicoctl("delete nodes -f -", several);
  EXPECT_EQ(deleted.status, 0) << deleted.err;
  EXPECT_EQ(deleted.out, "Successfully deleted 3 resource(s)\n");
}

TEST_F(CalicoctlEtcdTest, PrintsOnTheStandardOutputWhatIsWrongWithItsConfiguration) {
  const std::string config = folder->path() + "/bad.cfg";
  ASSERT_TRUE(write_file_atomic(config, "spec: {}\n"));
  for (const std::string words : {"get nodes", "get -f /dev/null", "apply -f -", "delete node n1", "label node n1 a=b",
                                  "patch node n1 -p '{}'"}) {
    const auto absent = calicoctl(words + " -c /none.cfg", several);
    EXPECT_EQ(absent.status, 1) << words;
    EXPECT_EQ(absent.out, "Error reading config file: /none.cfg\n") << words;
    EXPECT_EQ(absent.err, "") << words;
    const auto bad = calicoctl(words + " -c " + config, several);
    EXPECT_EQ(bad.status, 1) << words;
    EXPECT_THAT(bad.out, StartsWith("Failed to create Calico API client: " + config + ": ")) << words;
    EXPECT_EQ(bad.err, "") << words;
  }
  for (const std::string words : {"ipam show", "datastore migrate lock", "version"}) {
    EXPECT_THAT(calicoctl(words + " -c /none.cfg").out, HasSubstr("Error reading config file: /none.cfg\n"));
    EXPECT_THAT(calicoctl(words + " -c " + config).err, StartsWith(config + ": ")) << words;
  }
  EXPECT_THAT(run_with({}, "get nodes").out, StartsWith("Failed to create Calico API client: no store is configured"));
}

TEST_F(CalicoctlEtcdTest, SaysOfFilesWhatGoSays) {
  for (const char* verb : {"get", "create", "apply", "replace", "delete", "validate"}) {
    const auto absent = calicoctl(std::string(verb) + " -f none");
    EXPECT_EQ(absent.status, 1);
    EXPECT_EQ(absent.err, "failed to execute command: open none: no such file or directory\n") << verb;
    const auto unknown =
        calicoctl(std::string(verb) + " -f -", "{apiVersion: projectcalico.org/v3, kind: Foo, metadata: {name: f}}");
    EXPECT_EQ(unknown.status, 1);
    EXPECT_THAT(unknown.err, HasSubstr("unknown resource type (Foo) and/or version (projectcalico.org/v3)")) << verb;
    const auto old =
        calicoctl(std::string(verb) + " -f -", "{apiVersion: projectcalico.org/v1, kind: Tier, metadata: {name: f}}");
    EXPECT_EQ(old.status, 1);
    EXPECT_THAT(old.err, HasSubstr("unknown resource type (Tier) and/or version (projectcalico.org/v1)")) << verb;
  }
  EXPECT_EQ(calicoctl("get nodes -o go-template-file=none").err, "open none: no such file or directory\n");
}

TEST_F(CalicoctlEtcdTest, RunsNoNodeWithWordsThatAreWrong) {
  const auto refused = [](const std::string& words) {
    auto outcome = calicoctl("node run --dryrun " + words);
    EXPECT_EQ(outcome.status, 1) << words;
    return outcome;
  };
  for (const auto& [words, sentence] :
       std::vector<std::pair<std::string, std::string>>{{"--ip=foo", "invalid IP address specified: foo"},
                                                        {"--ip6=foo", "invalid IP address specified: foo"},
                                                        {"--as=foo", "invalid AS Number specified: foo"}})
    EXPECT_EQ(refused(words).out, "Error executing command: " + sentence + "\n");
  EXPECT_EQ(refused("--ip=fd00::1").err, "error executing command: --ip is wrong IP version\n");
  EXPECT_EQ(refused("--ip6=10.0.0.1").err, "error executing command: --ip6 is wrong IP version\n");
  EXPECT_EQ(refused("--ip-autodetection-method=foo").err,
            "error executing command: invalid IP autodetection method: foo\n");
  EXPECT_THAT(calicoctl("node run --dryrun --ip=10.0.0.1 --ip6=autodetect --as=1.10").out,
              HasSubstr("AS=1.10 CALICO_NETWORKING_BACKEND=bird IP=10.0.0.1 IP6=autodetect "));
}

TEST_F(CalicoctlEtcdTest, LocksExportsAndImports) {
  ASSERT_EQ(calicoctl("apply -f -", several).status, 0);
  EXPECT_EQ(calicoctl("datastore migrate export").status, 1) << "it is not locked";
  EXPECT_EQ(calicoctl("datastore migrate lock").out, "Datastore locked.\n");
  EXPECT_THAT(calicoctl("get clusterinfo").out, HasSubstr("false"));
  const auto all = calicoctl("datastore migrate export");
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_THAT(all.out, HasSubstr("\n---\n===\n{\n  \"kind\": \"ClusterInformation\""));
  EXPECT_THAT(all.out, testing::Not(HasSubstr("creationTimestamp: ")));
  EXPECT_EQ(calicoctl("datastore migrate import -f -", all.out).status, 1) << "into what is not empty";

  etcd->stop();
  etcd->erase();
  etcd->start();
  const auto back = calicoctl("datastore migrate import -f -", all.out);
  EXPECT_EQ(back.status, 0) << back.err;
  EXPECT_THAT(calicoctl("get np -A").out, HasSubstr("web"));
  EXPECT_EQ(calicoctl("datastore migrate export").out.substr(0, 20), all.out.substr(0, 20));
  EXPECT_EQ(calicoctl("datastore migrate unlock").out, "Datastore unlocked.\n");
  EXPECT_THAT(calicoctl("get clusterinfo").out, HasSubstr("true"));
}

TEST_F(CalicoctlEtcdTest, KnowsTheVersionOfTheCluster) {
  const auto alone = calicoctl("version");
  EXPECT_EQ(alone.status, 1);
  EXPECT_THAT(alone.out, StartsWith("Client Version:    "));
  EXPECT_THAT(alone.err, StartsWith("unable to retrieve Cluster Version or Type: "));
  EXPECT_EQ(calicoctl("version --client").status, 0);
  EXPECT_EQ(run_with({}, "version").status, 1) << "without a store";
  ASSERT_EQ(calicoctl("apply -f -", several).status, 0);
  EXPECT_THAT(calicoctl("version").out, HasSubstr("Cluster Version:   unknown\nCluster Type:      unknown\n"));
}

TEST_F(CalicoctlEtcdTest, RefusesAClusterThatIsTooNew) {
  ASSERT_EQ(calicoctl("apply -f -", several).status, 0);
  put("clusterinformations/default", "ClusterInformation", R"({"name":"default"})", R"({"calicoVersion":"v4.1.0"})");
  const auto refused = calicoctl("get nodes");
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, StartsWith("version mismatch.\n"));
  EXPECT_EQ(calicoctl("get nodes --allow-version-mismatch").status, 0);
}

TEST_F(CalicoctlEtcdTest, RefusesAClusterWhoseVersionItCannotRead) {
  ASSERT_EQ(calicoctl("apply -f -", several).status, 0);
  put("clusterinformations/default", "ClusterInformation", R"({"name":"default"})", R"({"calicoVersion":"junk"})");
  for (const char* words : {"get nodes", "ipam show", "datastore migrate lock"}) {
    const auto refused = calicoctl(words);
    EXPECT_EQ(refused.status, 1) << words;
    EXPECT_THAT(refused.err,
                testing::AllOf(StartsWith("version mismatch.\n"), HasSubstr("\nCluster Version:  junk\n")));
  }
  EXPECT_EQ(calicoctl("get nodes --allow-version-mismatch").status, 0);
  EXPECT_THAT(calicoctl("version").out, HasSubstr("Cluster Version:   junk\n"));
}

TEST_F(CalicoctlEtcdTest, ExplainsItselfAsCalicoctl) {
  const auto help = calicoctl("--help");
  EXPECT_EQ(help.status, 0);
  for (const char* line : {"\nUsage:\n  calicoctl [command]\n", "\nAvailable Commands:\n  apply       ",
                           "\n  label       ", "\nFlags:\n      --allow-version-mismatch   ",
                           "  -l, --log-level string         ", "\nUse \"calicoctl [command] --help\""})
    EXPECT_THAT(help.out, HasSubstr(line));
  EXPECT_EQ(calicoctl("").out, help.out);
  const auto get = calicoctl("get --help");
  for (const char* line : {"  calicoctl get [KIND [NAME...]] [flags]\n", "  -A, --all-namespaces     ",
                           "(default \"/etc/calico/calicoctl.cfg\")\n", "(default \"ps\")\n", "\nGlobal Flags:\n"})
    EXPECT_THAT(get.out, HasSubstr(line));
  EXPECT_EQ(calicoctl("help get").out, get.out);
}

TEST(CalicoctlTlsEtcdTest, WorksOverTls) {
  const test::Folder folder;
  const test::Certificates certificates(folder.path());
  test::Etcd etcd({.cert_file = certificates.cert, .key_file = certificates.key, .ca_file = certificates.ca});
  ASSERT_EQ(::symlink(WEFT_PROGRAM, (folder.path() + "/calicoctl").c_str()), 0);
  const auto run = [&](std::vector<std::string> environment, const std::string& words) {
    environment.insert(environment.end(), {"DATASTORE_TYPE=etcdv3", "ETCD_ENDPOINTS=" + etcd.endpoint()});
    const auto finished = ::weft::run(
        {.argv = {"/bin/sh", "-c", "exec '" + folder.path() + "/calicoctl' " + words}, .env = std::move(environment)},
        {.input = pool("p", "{cidr: 10.65.0.0/16}")});
    return finished ? finished->out + finished->err : finished.error().message;
  };
  const std::vector<std::string> files = {"ETCD_CA_CERT_FILE=" + certificates.ca,
                                          "ETCD_CERT_FILE=" + certificates.client_cert,
                                          "ETCD_KEY_FILE=" + certificates.client_key};
  EXPECT_EQ(run(files, "create -f -"), "Successfully created 1 'IPPool' resource(s)\n");
  EXPECT_EQ(run(files, "get ippool"), "NAME   CIDR           SELECTOR   \np      10.65.0.0/16   all()      \n\n");
  EXPECT_THAT(run({"ETCD_CA_CERT_FILE=" + certificates.ca}, "get ippool"), testing::Not(HasSubstr("10.65")))
      << "without a certificate of its own";
}

TEST_F(CalicoctlEtcdTest, ManagesAddresses) {
  ASSERT_EQ(calicoctl("create -f -", pool("p", "{cidr: 10.65.0.0/24, blockSize: 29}")).status, 0);
  EXPECT_EQ(calicoctl("ipam configure --strictaffinity=true --max-blocks-per-host=4 --ip-cooldown-seconds=0").out,
            "Successfully set StrictAffinity to: true\nSuccessfully set MaxBlocksPerHost to: 4\n"
            "Successfully set IPCooldownSeconds to: 0\n");
  EXPECT_THAT(calicoctl("ipam show --show-configuration").out,
              HasSubstr("| MaxBlocksPerHost             | 4       |\n"));
  EXPECT_EQ(calicoctl("ipam show --ip=10.65.0.1").out, "10.65.0.1 is not assigned\n");
  EXPECT_EQ(calicoctl("ipam release --ip=10.65.0.1").err, "IP address 10.65.0.1 is not assigned\n");
  EXPECT_EQ(calicoctl("ipam split 2 --name=p").status, 1);

  ASSERT_EQ(calicoctl("datastore migrate lock").status, 0);
  const auto checked = calicoctl("ipam check --show-problem-ips -o " + folder->path() + "/report.json");
  EXPECT_EQ(checked.status, 0) << checked.err;
  EXPECT_THAT(checked.out, HasSubstr("Check complete; found 0 problems.\n"));
  const auto released = calicoctl("ipam release --from-report=" + folder->path() + "/report.json");
  EXPECT_EQ(released.status, 0) << released.err;
  EXPECT_EQ(released.out,
            "Report didn't contain any leaked IPs to clean up.\nReport didn't contain any handles to clean up.\n"
            "You may now unlock the data store.\n");
  EXPECT_THAT(calicoctl("ipam split 2 --name=p").out, HasSubstr("Created split-p-1 with CIDR 10.65.0.128/25.\n"));
}

TEST_F(CalicoctlEtcdTest, SplitsAPoolThatIsInUseIntoManyAndKeepsItsAddresses) {
  ASSERT_EQ(calicoctl("create -f -", pool("p", "{cidr: 10.65.0.0/16, blockSize: 26}")).status, 0);
  ASSERT_EQ(calicoctl("create -f -", "apiVersion: projectcalico.org/v3\nkind: Node\nmetadata: {name: n1}\n").status, 0);
  const auto given =
      ::weft::run({.argv = {WEFT_PROGRAM, "debug", "ipam"},
                   .env = {{"DATASTORE_TYPE=etcdv3", "ETCD_ENDPOINTS=" + etcd->endpoint()}}},
                  {.input = R"({"op":"autoAssign","host":"n1","num4":70,"handle":"h","intendedUse":"Workload"})"
                            "\n"});
  ASSERT_TRUE(given);
  ASSERT_THAT(given->out, HasSubstr(R"("ok":true)"));
  const auto store = store::open({.etcd_endpoints = {etcd->endpoint(), "test"}}).value();
  const auto before = store->list("/calico/ipam/v2/").value().entries;
  ASSERT_GE(before.size(), 5u);

  ASSERT_EQ(calicoctl("datastore migrate lock").status, 0);
  const auto split = calicoctl("ipam split 256 --name=p");
  EXPECT_EQ(split.status, 0) << split.err;
  EXPECT_THAT(split.out, HasSubstr("Created split-p-255 with CIDR 10.65.255.0/24.\n"));
  EXPECT_EQ(store->list("/calico/resources/v3/projectcalico.org/ippools/").value().entries.size(), 256u);
  EXPECT_EQ(store->list("/calico/ipam/v2/").value().entries, before) << "blocks and addresses stay";
  const auto checked = calicoctl("ipam check");
  EXPECT_THAT(checked.out, HasSubstr("Check complete; found 70 problems.")) << "no pod has them, and that is all";
}

}  // namespace
}  // namespace weft::ctl
