#include "ctl/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "client/objects.h"
#include "test/folder.h"

namespace weft::ctl {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

struct Read {
  std::vector<std::string> good;  // "policies.yaml: NetworkPolicy default/a"
  std::vector<std::string> bad;
};

Read parse(std::string_view text, const Scope& scope = {}) {
  const auto documents = parse_documents(text, "f.yaml", scope);
  if (!documents) return {.good = {}, .bad = {documents.error().message}};
  Read read;
  for (const auto& document : documents->good) {
    const auto& m = document.object.metadata();
    if (!document.problem)
      read.good.push_back(document.where + ": " + client::title(*document.object.kind, m.name, m.namespace_));
  }
  for (const auto& error : documents->problems()) read.bad.push_back(error.message);
  for (const auto& file : documents->empty) read.bad.push_back(file + " is empty");
  return read;
}

TEST(DocumentsTest, HoldSeveralResources) {
  const auto read = parse(R"(
# the first
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: p}
spec: {cidr: 10.0.0.0/16}
---
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: a}
---
{"apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy", "metadata": {"name": "b", "namespace": "ns"}}
)");

  EXPECT_THAT(read.bad, ElementsAre());
  EXPECT_THAT(read.good, ElementsAre("f.yaml, document 1: IPPool(p)", "f.yaml, document 3: NetworkPolicy(default/a)",
                                     "f.yaml, document 4: NetworkPolicy(ns/b)"));
}

TEST(DocumentsTest, MeanTrueByYesWhereOneOfTheTwoIsWanted) {
  const auto documents = parse_documents(
      "{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: n, labels: {x: on}}, spec: {cidr: "
      "10.0.0.0/16, "
      "natOutgoing: yes}}\n---\n"
      "{apiVersion: projectcalico.org/v3, kind: FelixConfiguration, metadata: {name: default}, spec: {ipv6Support: "
      "off}}",
      "f.yaml", {});
  ASSERT_TRUE(documents);
  EXPECT_TRUE(documents->problems().empty());
  ASSERT_EQ(documents->good.size(), 2u);
  const auto pool = documents->good[0].object.value();
  EXPECT_EQ(*pool.at("metadata", "name"), schema::Value("n"));
  EXPECT_EQ(*pool.at("metadata", "labels", "x"), schema::Value("on"));
  EXPECT_EQ(*pool.at("spec", "natOutgoing"), schema::Value(true));
  EXPECT_THAT(documents->good[1].object.stored(), HasSubstr(R"("ipv6Support":false)"));
}

TEST(DocumentsTest, HoldOneAlone) {
  EXPECT_THAT(parse("{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: t}}").good,
              ElementsAre("f.yaml: Tier(t)"));
}

TEST(DocumentsTest, HoldLists) {
  const std::string a = R"({"apiVersion":"projectcalico.org/v3","kind":"Tier","metadata":{"name":"a"}})";
  const std::string b = R"({"apiVersion":"projectcalico.org/v3","kind":"Tier","metadata":{"name":"b"}})";
  const auto both = ElementsAre("f.yaml, item 1: Tier(a)", "f.yaml, item 2: Tier(b)");

  EXPECT_THAT(parse("[" + a + "," + b + "]").good, both);
  EXPECT_THAT(parse(R"({"kind":"TierList","apiVersion":"projectcalico.org/v3","items":[)" + a + "," + b + "]}").good,
              both);
  EXPECT_THAT(parse(R"({"kind":"List","apiVersion":"v1","items":[)" + a + "," + b + "]}").good, both);
  EXPECT_THAT(parse("[[" + a + "]]").good, ElementsAre("f.yaml, item 1, item 1: Tier(a)"));
}

TEST(DocumentsTest, NameFileDocumentKindObjectAndFieldOfAMistake) {
  const auto read = parse(R"(
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: fine}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {ingress: [{action: Alow}]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: all}
spec: {selector: app == web}
)");

  EXPECT_THAT(read.good, ElementsAre("f.yaml, document 1: Tier(fine)"));
  EXPECT_THAT(read.bad,
              ElementsAre("f.yaml, document 2: NetworkPolicy(shop/web): spec.ingress[0].action: must be one of Allow, "
                          "Deny, Log, Pass (is \"Alow\")",
                          testing::StartsWith("f.yaml, document 3: GlobalNetworkPolicy(all): spec.selector: ")));
}

TEST(DocumentsTest, SayWhatWasProbablyMeant) {
  const auto read = parse(R"([
{kind: NetworkPolcy, metadata: {name: a}},
{kind: networkpolicy, metadata: {name: a}},
{kind: Pool},
{kind: Elephant},
{metadata: {name: a}},
{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: p}, spec: {cdir: 10.0.0.0/8, cidr: 10.0.0.0/8}},
{kind: Tier, metadata: {name: a}},
7])");

  EXPECT_THAT(read.bad,
              ElementsAre("f.yaml, item 1: kind: \"NetworkPolcy\" is not known; did you mean NetworkPolicy?",
                          "f.yaml, item 2: kind: \"networkpolicy\" is not known; did you mean NetworkPolicy?",
                          "f.yaml, item 3: kind: \"Pool\" is not known; did you mean IPPool?",
                          "f.yaml, item 4: kind: \"Elephant\" is not known", "f.yaml, item 5: kind: is required",
                          testing::StartsWith("f.yaml, item 6: IPPool(p): spec.cdir: is not known; did you "
                                              "mean \"cidr\"?"),
                          testing::StartsWith("f.yaml, item 7: Tier(a): apiVersion: is required"),
                          "f.yaml, item 8: must be an object with apiVersion, kind and metadata"));
}

TEST(DocumentsTest, KeepRulesOnWhatWillBeWritten) {
  // Without the default block size of its family the first would be refused, the second accepted.
  EXPECT_THAT(
      parse("{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: p}, spec: {cidr: fd00::/64}}").bad,
      ElementsAre());
  EXPECT_THAT(
      parse("{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: p}, spec: {cidr: 10.0.0.0/28}}").bad,
      ElementsAre(HasSubstr("IPPool(p): spec.blockSize")));
}

TEST(DocumentsTest, TellWhatCannotBeReadWithTheRulesThatAllElseBreaks) {
  const auto read = parse(R"({apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: X_}, spec: {
cidr: 10.0.0.0/33, blockSize: 3, nodeSelector: "a ==", ipipMode: Always, vxlanMode: Always}})");

  ASSERT_EQ(read.bad.size(), 1u);
  for (const auto* problem :
       {"f.yaml: IPPool(X_): spec.cidr: ", "; spec.nodeSelector: ", "; metadata.name: ",
        "; spec.ipipMode: ipipMode and vxlanMode cannot both be enabled (is \"Always\")",
        "; spec.blockSize: blockSize must be between 116 and 128 for IPv6 pools or blockSize must be between 20 and 32 "
        "for IPv4 pools (is 3)"})
    EXPECT_THAT(read.bad[0], HasSubstr(problem));
  EXPECT_EQ(std::ranges::count(read.bad[0], ';'), 4) << read.bad[0];

  EXPECT_THAT(parse(R"({apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: X_}, spec: {ordr: 1}})").bad,
              ElementsAre(AllOf(HasSubstr("spec.ordr: is not known"), HasSubstr("; metadata.name: "))));
  EXPECT_THAT(parse("{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: a, namespace: shop}, "
                    "spec: {selector: a ==}}",
                    {.namespace_ = "x"})
                  .bad,
              ElementsAre(AllOf(HasSubstr("metadata.namespace: resource namespace does not match client namespace. "
                                          "shop != x"),
                                HasSubstr("; spec.selector: "))));
}

TEST(DocumentsTest, DoNotTellWhatOnlyFollowsFromWhatCannotBeRead) {
  const std::string version = "{apiVersion: projectcalico.org/v3, kind: ";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"IPPool, metadata: {name: p}, spec: {cidr: 'fd00::/129', blockSize: 122}}", "IPPool(p): spec.cidr: "},
      {"NetworkPolicy, metadata: {name: p}, spec: {ingress: [{action: Allow, protocol: tcp, destination: {ports: "
       "[80]}}]}}",
       "NetworkPolicy(default/p): spec.ingress[0].protocol: "},
      {"NetworkPolicy, metadata: {name: p}, spec: {ingress: [{action: Allow, ipVersion: four, source: {nets: "
       "[10.0.0.0/8]}}]}}",
       "NetworkPolicy(default/p): spec.ingress[0].ipVersion: "},
      {"NetworkPolicy, metadata: {name: p}, spec: {ingress: [{action: Allow, http: {paths: [{exact: [/a]}]}}]}}",
       "NetworkPolicy(default/p): spec.ingress[0].http.paths[0].exact: "},
      {"NetworkPolicy, metadata: {name: p}, spec: {types: [Ingres, Ingress]}}",
       "NetworkPolicy(default/p): spec.types[0]: "},
      {"BGPConfiguration, metadata: {name: [x]}, spec: {asNumber: 64512}}", "BGPConfiguration(): metadata.name: "},
      {"HostEndpoint, metadata: {name: h}, spec: {node: n, expectedIPs: 10.0.0.1}}",
       "HostEndpoint(h): spec.expectedIPs: "},
      {"WorkloadEndpoint, metadata: {name: n1-k8s-p-eth0}, spec: {orchestrator: k8s, node: n1, pod: p, endpoint: eth0, "
       "interfaceName: cali1, ipNetworks: [10.0.0.0/24], ipNATs: [{internalIP: 10.0.0.7, externalIP: 1.2.3.4}]}}",
       "WorkloadEndpoint(default/n1-k8s-p-eth0): spec.ipNetworks[0]: "},
  };
  for (const auto& [document, problem] : cases) {
    EXPECT_THAT(parse(version + document).bad,
                ElementsAre(AllOf(testing::StartsWith("f.yaml: " + problem), testing::Not(HasSubstr("; ")))))
        << document;
  }
}

TEST(DocumentsTest, SayWhereTextIsNoYaml) {
  EXPECT_THAT(parse("a: [1, 2").bad, ElementsAre(testing::ContainsRegex("^f.yaml: line [0-9]+")));
  EXPECT_THAT(parse("").bad, ElementsAre("f.yaml is empty"));
  EXPECT_THAT(parse("---\n---\n# nothing\n").bad, ElementsAre("f.yaml is empty"));
  EXPECT_THAT(parse("[]").bad, ElementsAre("f.yaml is empty"));
}

TEST(DocumentsTest, ComeFromFiles) {
  const test::Folder folder;
  const std::string file = folder.path() + "/t.yaml";
  ASSERT_TRUE(write_file_atomic(file, "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: t}}"));

  const auto documents = read_documents(file, {});

  ASSERT_TRUE(documents) << documents.error().message;
  EXPECT_EQ(documents->good.at(0).where, file);
  const auto missing = read_documents(folder.path() + "/none", {});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr(folder.path() + "/none"));
}

TEST(DocumentsTest, ComeFromFolders) {
  const test::Folder folder;
  const auto add = [&](const std::string& name, const std::string& tier) {
    ASSERT_TRUE(make_directories(folder.path() + "/sub"));
    ASSERT_TRUE(write_file_atomic(folder.path() + "/" + name,
                                  "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: " + tier + "}}"));
  };
  add("b.yml", "b");
  add("a.YAML", "a");
  add("sub/c.json", "c");
  add("notes.txt", "d");
  const auto names = [&](bool recursive) {
    std::vector<std::string> all;
    const auto documents = read_documents(folder.path(), {}, recursive);
    for (const auto& document : documents->good) all.push_back(document.object.metadata().name);
    return all;
  };

  EXPECT_THAT(names(false), ElementsAre("a", "b"));
  EXPECT_THAT(names(true), ElementsAre("a", "b", "c"));
}

TEST(DocumentsTest, AreOfTheNamespaceThatIsGiven) {
  const std::string policy = "{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: a}}";
  const std::string shop =
      "{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: a, namespace: shop}}";
  const std::string tier = "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: t, namespace: shop}}";

  EXPECT_THAT(parse(policy, {.namespace_ = "x"}).good, ElementsAre("f.yaml: NetworkPolicy(x/a)"));
  EXPECT_THAT(parse(shop, {.namespace_ = "x"}).bad,
              ElementsAre("f.yaml: resource namespace does not match client namespace. shop != x"));
  EXPECT_THAT(parse(tier).bad, ElementsAre("f.yaml: namespace should not be specified for a non-namespaced resource. "
                                           "Tier is not a namespaced resource"));
}

}  // namespace
}  // namespace weft::ctl
