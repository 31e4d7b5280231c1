// Words of the command line whose effect shows only in a process: files and folders, a terminal, reports.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "base/process.h"
#include "store/etcd/open.h"
#include "test/etcd.h"
#include "test/folder.h"

namespace weft::ctl {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};

class WordsEtcdTest : public testing::Test {
 protected:
  WordsEtcdTest() {
    EXPECT_EQ(::symlink(WEFT_PROGRAM, at("weft").c_str()), 0);
    EXPECT_EQ(::symlink(WEFT_PROGRAM, at("calicoctl").c_str()), 0);
  }

  std::string at(const std::string& file) const { return folder.path() + "/" + file; }
  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(at(file)).parent_path());
    ASSERT_TRUE(write_file_atomic(at(file), text));
  }
  std::vector<std::string> environment() const {
    return {"DATASTORE_TYPE=etcdv3", "ETCD_ENDPOINTS=" + etcd.endpoint()};
  }
  /// `weft …` or `calicoctl …` by a shell in the folder.
  Outcome run_with(std::vector<std::string> environment, const std::string& words, std::string_view input = {}) const {
    const auto finished = ::weft::run(
        {.argv = {"/bin/sh", "-c", "exec ./" + words}, .env = std::move(environment), .directory = folder.path()},
        {.input = std::string(input)});
    if (!finished) return {.status = 255, .out = {}, .err = finished.error().message};
    return {finished->exit_code(), finished->out, finished->err};
  }
  Outcome run(const std::string& words, std::string_view input = {}) const {
    return run_with(environment(), words, input);
  }
  static std::string tier(const std::string& name, int order) {
    return "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: " + name +
           "}, spec: {order: " + std::to_string(order) + "}}\n";
  }

  test::Etcd etcd;
  test::Folder folder;
};

TEST_F(WordsEtcdTest, PrintsWhatATemplateInAFileMakesOfResources) {
  ASSERT_EQ(run("weft apply -f -", tier("a", 1)).status, 0);
  write("names", "{{range .}}{{range .Items}}{{.ObjectMeta.Name}}={{.Spec.Order}} {{end}}{{end}}");
  write("bad", "{{range");
  for (const std::string program : {"weft", "calicoctl"}) {
    EXPECT_THAT(run(program + " get tiers -o go-template-file=names").out, HasSubstr("a=1 "));
    const auto absent = run(program + " get tiers -o go-template-file=none");
    EXPECT_EQ(absent.status, 1);
    EXPECT_EQ(absent.out, "");
    EXPECT_EQ(absent.err,
              program == "weft" ? "none: No such file or directory\n" : "open none: no such file or directory\n");
    EXPECT_EQ(run(program + " get tiers -o go-template-file=").err, "need to specify a template file\n");
    const auto bad = run(program + " get tiers -o go-template-file=bad");
    EXPECT_EQ(bad.status, 1);
    EXPECT_THAT(bad.err, HasSubstr("unclosed action"));
  }
}

TEST_F(WordsEtcdTest, TakesTheFilesOfAFolderAndWithARecursionThoseOfItsFolders) {
  write("f/a.yaml", tier("a", 1));
  write("f/sub/b.yml", tier("b", 2));
  write("f/sub/deep/c.json",
        R"({"apiVersion":"projectcalico.org/v3","kind":"Tier","metadata":{"name":"c"},"spec":{"order":3}})");
  write("f/readme.txt", "no resource");
  for (const std::string program : {"weft", "calicoctl"}) {
    EXPECT_EQ(run(program + " create -f f").out, "Successfully created 1 'Tier' resource(s)\n");
    EXPECT_EQ(run(program + " validate -R -f f").out, "Successfully validated 3 'Tier' resource(s)\n");
    EXPECT_EQ(run(program + " apply --recursive --filename=f").out, "Successfully applied 3 'Tier' resource(s)\n");
    for (const char* name : {"a", "b", "c"}) EXPECT_EQ(run(program + " get tier " + name).status, 0) << name;
    EXPECT_EQ(run(program + " delete -f f").out, "Successfully deleted 1 'Tier' resource(s)\n");
    EXPECT_EQ(run(program + " delete -R -f f").status, 1) << "one is gone";
    for (const char* name : {"a", "b", "c"}) EXPECT_EQ(run(program + " get tier " + name).status, 1) << name;
  }
}

TEST_F(WordsEtcdTest, ReadsAsCalicoctlWhereTheStoreIsFromAFile) {
  write("ctl.cfg",
        "apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nmetadata:\nspec:\n  datastoreType: etcdv3\n"
        "  etcdEndpoints: " +
            etcd.endpoint() + "\n");
  write("ctl.json", R"({"apiVersion":"projectcalico.org/v3","kind":"CalicoAPIConfig","metadata":{},"spec":)"
                    R"({"datastoreType":"etcdv3","etcdEndpoints":")" +
                        etcd.endpoint() + R"("}})");
  write("bad.cfg", "spec: {etcdEndpoints: \"" + etcd.endpoint() + "\"}\n");
  EXPECT_EQ(run_with({}, "calicoctl create -c ctl.cfg -f -", tier("a", 1)).status, 0);
  for (const char* words : {"get tier a -c ctl.cfg", "get tier a --config=ctl.json"}) {
    const auto shown = run_with({}, std::string("calicoctl ") + words);
    EXPECT_EQ(shown.status, 0) << shown.err;
    EXPECT_EQ(shown.out, "NAME   ORDER   \na      1       \n\n");
  }
  const auto absent = run("calicoctl get tiers -c none.cfg");
  EXPECT_EQ(absent.status, 1) << "the environment is no way out";
  EXPECT_EQ(absent.out, "Error reading config file: none.cfg\n");
  EXPECT_EQ(run_with({}, "calicoctl get tiers -c bad.cfg").out,
            "Failed to create Calico API client: bad.cfg: kind: must be CalicoAPIConfig\n");
}

TEST_F(WordsEtcdTest, MovesPoliciesToTheNamesThatTheyAreListedBy) {
  const std::string folder = "/calico/resources/v3/projectcalico.org/";
  const auto store = store::open({.etcd_endpoints = {etcd.endpoint(), "test"}}).value();
  const auto put = [&](const std::string& path, const std::string& kind, const std::string& metadata) {
    ASSERT_TRUE(store->put(folder + path, R"({"kind":")" + kind +
                                              R"(","apiVersion":"projectcalico.org/v3","metadata":{)" + metadata +
                                              R"("uid":"u","creationTimestamp":"2020-01-01T00:00:00Z"},)"
                                              R"("spec":{"tier":"default","order":5}})"));
  };
  put("networkpolicies/shop/default.web", "NetworkPolicy", R"("namespace":"shop","name":"default.web",)");
  put("globalnetworkpolicies/default.all", "GlobalNetworkPolicy", R"("name":"default.all",)");
  EXPECT_THAT(run("calicoctl get np -n shop").out, HasSubstr("web    default"));
  EXPECT_EQ(run("calicoctl get np web -n shop").status, 1) << "not by the name that is listed";

  const auto moved = run("calicoctl datastore migrate-policy-names");
  EXPECT_EQ(moved.status, 0) << moved.err;
  EXPECT_EQ(moved.out, "Policy name migration complete, migrated 2 policies.\n");

  EXPECT_EQ(run("calicoctl get np web -n shop -o custom-columns=NAME,ORDER").out,
            "NAME   ORDER   \nweb    5       \n\n");
  EXPECT_EQ(run("calicoctl get gnp all").status, 0);
  EXPECT_FALSE(store->get(folder + "networkpolicies/shop/default.web").value());
  EXPECT_FALSE(store->get(folder + "globalnetworkpolicies/default.all").value());
  EXPECT_EQ(run("weft datastore migrate-policy-names").out, "Policy name migration complete, migrated 0 policies.\n");
}

TEST_F(WordsEtcdTest, CompletesInZshAndFishByAskingTheProgram) {
  for (const std::string program : {"weft", "calicoctl"}) {
    const auto zsh = run_with({}, program + " completion zsh"), fish = run_with({}, program + " completion fish");
    EXPECT_EQ(zsh.status, 0) << zsh.err;
    EXPECT_THAT(zsh.out, StartsWith("#compdef " + program + "\n"));
    EXPECT_THAT(zsh.out, HasSubstr(R"("${words[1]}" __complete )"));
    EXPECT_EQ(fish.status, 0) << fish.err;
    EXPECT_THAT(fish.out, HasSubstr("complete -c " + program + " "));
    EXPECT_THAT(fish.out, HasSubstr("$words[1] __complete "));
    EXPECT_NE(run_with({}, program + " completion tcsh").status, 0);
  }
}

TEST_F(WordsEtcdTest, PrintsTheManualOfOneCommand) {
  const auto page = run_with({}, "weft man ipam release");
  EXPECT_EQ(page.status, 0) << page.err;
  for (const char* text : {".TH \"WEFT\\-IPAM\\-RELEASE\" 1\n", ".SH SYNOPSIS\n\\fBweft ipam release\\fR",
                           "\\fB\\-\\-from\\-report\\fR \\fIvalue\\fR", ".SH SEE ALSO\n\\fBweft\\-ipam\\fR(1)\n"})
    EXPECT_THAT(page.out, HasSubstr(text));
}

class ReportEtcdTest : public WordsEtcdTest {
 protected:
  /// One address is leaked, and report.json says so.
  void SetUp() override {
    ASSERT_EQ(run("weft create -f -",
                  "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: p}\n"
                  "spec: {cidr: 10.65.0.0/28, blockSize: 29}\n"
                  "---\n{apiVersion: projectcalico.org/v3, kind: Node, metadata: {name: n1}}\n")
                  .status,
              0);
    ASSERT_EQ(
        run("weft debug ipam", "{\"op\":\"assignIP\",\"ip\":\"10.65.0.1\",\"host\":\"n1\",\"handle\":\"h\"}\n").out,
        "{\"ok\":true}\n");
  }
  void check() const { ASSERT_EQ(run("calicoctl ipam check -o report.json").status, 0); }
  void expect_refused(const std::string& reason, const std::string& more = "") const {
    const auto refused = run("calicoctl ipam release --from-report=report.json" + more);
    EXPECT_EQ(refused.status, 1) << refused.out;
    EXPECT_THAT(refused.err, HasSubstr(reason));
    EXPECT_THAT(run("calicoctl ipam show --ip=10.65.0.1").out, HasSubstr("is in use"));
  }
  void expect_forced(const std::string& warning) const {
    const auto forced = run("calicoctl ipam release --force --from-report=report.json");
    EXPECT_EQ(forced.status, 0) << forced.err;
    EXPECT_THAT(forced.out, HasSubstr("WARNING: " + warning));
    EXPECT_THAT(forced.out, HasSubstr("Released 1 IPs successfully\n"));
    EXPECT_EQ(run("calicoctl ipam show --ip=10.65.0.1").out, "10.65.0.1 is not assigned\n");
  }
};

TEST_F(ReportEtcdTest, ReleasesWhileTheStoreIsNotLockedOnlyWhenForced) {
  check();
  expect_refused("data store is not locked. Either lock the data store, or re-run with --force");
  expect_forced("Data store is not locked. Ignoring due to --force option\n");
}

TEST_F(ReportEtcdTest, ReleasesByAReportOfAnotherVersionOnlyWhenForced) {
  ASSERT_EQ(run("calicoctl datastore migrate lock").status, 0);
  check();
  std::string report = read_file(at("report.json")).value();
  const std::string member = "\"version\": \"";
  ASSERT_NE(report.find(member), report.npos);
  write("report.json", report.insert(report.find(member) + member.size(), "9"));
  expect_refused("was produced using a different version (9");
  expect_forced("Report was produced using a different version of calicoctl. Ignoring due to --force option\n");
}

TEST_F(ReportEtcdTest, ReleasesNothingByAReportOfAnotherMomentEvenWhenForced) {
  check();
  ASSERT_EQ(run("calicoctl datastore migrate lock").status, 0);
  expect_refused("the provided reports are all stale", " --force");
}

class TerminalEtcdTest : public WordsEtcdTest {
 protected:
  /// What `weft diff` writes to a terminal.
  std::string diff(std::vector<std::string> environment) const {
    const Fd ours(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    char name[64];
    if (!ours || ::grantpt(ours.get()) != 0 || ::unlockpt(ours.get()) != 0 ||
        ::ptsname_r(ours.get(), name, sizeof name) != 0)
      return "no terminal";
    Fd terminal(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    const auto process = ::weft::start({.argv = {WEFT_PROGRAM, "diff", "-f", at("changed.yaml")},
                                        .env = std::move(environment),
                                        .out = terminal.get()});
    if (!process) return process.error().message;
    terminal.reset();
    std::string text;
    char piece[4096];
    for (ssize_t n = 0; (n = ::read(ours.get(), piece, sizeof piece)) > 0;) text.append(piece, static_cast<size_t>(n));
    int status = 0;
    ::waitpid(process->pid, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 1) << "it differs";
    return text;
  }
};

TEST_F(TerminalEtcdTest, HasColoursUnlessNobodyWantsThem) {
  ASSERT_EQ(run("weft apply -f -", tier("a", 1)).status, 0);
  write("changed.yaml", tier("a", 7));
  auto words = environment();
  words.emplace_back("NO_COLOR=");

  const std::string coloured = diff(words);
  EXPECT_THAT(coloured, HasSubstr("\033[31m-  order: 1\033[0m"));
  EXPECT_THAT(coloured, HasSubstr("\033[32m+  order: 7\033[0m"));

  words.back() = "NO_COLOR=1";
  const std::string plain = diff(words);
  EXPECT_THAT(plain, HasSubstr("-  order: 1\r\n+  order: 7\r\n"));
  EXPECT_THAT(plain, Not(HasSubstr("\033")));
}

}  // namespace
}  // namespace weft::ctl
