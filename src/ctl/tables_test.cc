// The tables of every kind, against those that calicoctl printed for the same resources (test/tables; it crashes on
// those of BGPFilter, and on the wide ones of CalicoNodeStatus, StagedKubernetesNetworkPolicy and of endpoints with
// NAT, which are ours).

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include <fmt/core.h>

#include "base/file.h"
#include "base/strings.h"
#include "ctl/documents.h"
#include "ctl/print.h"

namespace weft::ctl {
namespace {

/// "ippools wide" -> the table
std::map<std::string, std::string> recorded() {
  std::map<std::string, std::string> tables;
  std::string name;
  for (const auto& line : split(*read_file(WEFT_SOURCE_DIR "/test/tables/recorded.txt"), '\n')) {
    if (line.starts_with("$ "))
      name = line.substr(2);
    else
      tables[name] += line + '\n';
  }
  for (auto& [title, table] : tables) {
    while (table.ends_with("\n\n\n")) table.pop_back();  // the file's last line end
  }
  return tables;
}

TEST(TablesTest, AreCalicoctls) {
  auto documents = read_documents(WEFT_SOURCE_DIR "/test/tables/resources.yaml", {});
  ASSERT_TRUE(documents) << documents.error().message;
  for (const auto& problem : documents->problems()) ADD_FAILURE() << problem.message;
  std::map<std::string, std::vector<api::Object>> objects;
  for (const auto& document : documents->good)
    objects[std::string(document.object.kind->plural)].push_back(document.object);
  // What always exists, and was there when they were recorded.
  const auto built_in = parse_documents(R"(
{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: default}, spec: {order: 1000000, defaultAction: Deny}}
---
{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: kube-admin}, spec: {order: 1000, defaultAction: Pass}}
---
{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: kube-baseline}, spec: {order: 10000000, defaultAction: Pass}}
---
{apiVersion: projectcalico.org/v3, kind: Profile, metadata: {name: projectcalico-default-allow}}
)",
                                        "built in", {});
  for (const auto& document : built_in->good)
    objects[std::string(document.object.kind->plural)].push_back(document.object);

  const auto tables = recorded();
  EXPECT_EQ(tables.size(), 42u);
  for (const auto& [title, table] : tables) {
    const auto blank = title.find(' ');
    const auto* kind = api::find_kind(title.substr(0, blank));
    ASSERT_TRUE(kind) << title;
    auto& all = objects[std::string(kind->plural)];
    EXPECT_FALSE(all.empty()) << title;
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.path() < b.path(); });
    sort_as_shown(*kind, all);
    auto look = *parse_output(title.substr(blank + 1));
    look.show_namespace = true;
    look.facts = {{"asNumber", "65010"}};
    EXPECT_EQ(*print(*kind, all, look), table) << title;
  }
}

/// A kind without recorded tables would be one nobody looked at.
TEST(TablesTest, AreRecordedForEveryKind) {
  const auto tables = recorded();
  for (const auto& kind : api::kinds()) {
    static const std::set<std::string_view> none = {"ClusterInformation",  // has a random id
                                                    "BlockAffinity",      "IPAMBlock",    "IPAMConfig",
                                                    "IPAMHandle",         "LiveMigration"};  // not shown by calicoctl
    if (none.contains(kind.name) || kind.name.starts_with("Kubernetes")) continue;
    for (const char* look : {"ps", "wide"})
      EXPECT_TRUE(tables.contains(fmt::format("{} {}", kind.plural, look))) << kind.name;
  }
}

}  // namespace
}  // namespace weft::ctl
