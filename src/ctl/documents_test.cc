#include "ctl/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "test/folder.h"

namespace weft::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Read {
  std::vector<std::string> good;  // "policies.yaml: NetworkPolicy default/a"
  std::vector<std::string> bad;
};

Read parse(std::string_view text) {
  const auto documents = parse_documents(text, "f.yaml", "default");
  if (!documents) return {.good = {}, .bad = {documents.error().message}};
  Read read;
  for (const auto& [where, object] : documents->good) {
    const auto& m = object.metadata();
    read.good.push_back(where + ": " + std::string(object.kind->name) + ' ' +
                        (m.namespace_.empty() ? "" : m.namespace_ + '/') + m.name);
  }
  for (const auto& error : documents->bad) read.bad.push_back(error.message);
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
  EXPECT_THAT(read.good, ElementsAre("f.yaml, document 1: IPPool p", "f.yaml, document 3: NetworkPolicy default/a",
                                     "f.yaml, document 4: NetworkPolicy ns/b"));
}

TEST(DocumentsTest, HoldOneAlone) {
  EXPECT_THAT(parse("{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: t}}").good,
              ElementsAre("f.yaml: Tier t"));
}

TEST(DocumentsTest, HoldLists) {
  const std::string a = R"({"apiVersion":"projectcalico.org/v3","kind":"Tier","metadata":{"name":"a"}})";
  const std::string b = R"({"apiVersion":"projectcalico.org/v3","kind":"Tier","metadata":{"name":"b"}})";
  const auto both = ElementsAre("f.yaml, item 1: Tier a", "f.yaml, item 2: Tier b");

  EXPECT_THAT(parse("[" + a + "," + b + "]").good, both);
  EXPECT_THAT(parse(R"({"kind":"TierList","apiVersion":"projectcalico.org/v3","items":[)" + a + "," + b + "]}").good,
              both);
  EXPECT_THAT(parse(R"({"kind":"List","apiVersion":"v1","items":[)" + a + "," + b + "]}").good, both);
  EXPECT_THAT(parse("[[" + a + "]]").good, ElementsAre("f.yaml, item 1, item 1: Tier a"));
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

  EXPECT_THAT(read.good, ElementsAre("f.yaml, document 1: Tier fine"));
  EXPECT_THAT(read.bad,
              ElementsAre("f.yaml, document 2: NetworkPolicy shop/web: spec.ingress[0].action: must be one of Allow, "
                          "Deny, Log, Pass (is \"Alow\")",
                          testing::StartsWith("f.yaml, document 3: GlobalNetworkPolicy all: spec.selector: ")));
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
                          testing::StartsWith("f.yaml, item 6: IPPool p: spec.cdir: is not known; did you "
                                              "mean \"cidr\"?"),
                          testing::StartsWith("f.yaml, item 7: Tier a: apiVersion: is required"),
                          "f.yaml, item 8: must be an object with apiVersion, kind and metadata"));
}

TEST(DocumentsTest, KeepRulesOnWhatWillBeWritten) {
  // Without the default block size of its family the first would be refused, the second accepted.
  EXPECT_THAT(
      parse("{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: p}, spec: {cidr: fd00::/64}}").bad,
      ElementsAre());
  EXPECT_THAT(
      parse("{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: p}, spec: {cidr: 10.0.0.0/28}}").bad,
      ElementsAre(HasSubstr("IPPool p: spec.blockSize")));
}

TEST(DocumentsTest, SayWhereTextIsNoYaml) {
  EXPECT_THAT(parse("a: [1, 2").bad, ElementsAre(testing::ContainsRegex("^f.yaml: line [0-9]+")));
  EXPECT_THAT(parse("").bad, ElementsAre("f.yaml: holds no resource"));
  EXPECT_THAT(parse("---\n---\n# nothing\n").bad, ElementsAre("f.yaml: holds no resource"));
  EXPECT_THAT(parse("[]").bad, ElementsAre("f.yaml: holds no resource"));
}

TEST(DocumentsTest, ComeFromFiles) {
  const test::Folder folder;
  const std::string file = folder.path() + "/t.yaml";
  ASSERT_TRUE(write_file_atomic(file, "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: t}}"));

  const auto documents = read_documents(file, "default");

  ASSERT_TRUE(documents) << documents.error().message;
  EXPECT_EQ(documents->good.at(0).where, file);
  const auto missing = read_documents(folder.path() + "/none", "default");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr(folder.path() + "/none"));
}

}  // namespace
}  // namespace weft::ctl
