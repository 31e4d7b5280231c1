#include "graph/calc.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"
#include "base/strings.h"
#include "client/snapshot.h"
#include "schema/value.h"
#include "store/memory.h"

namespace weft::graph {
namespace {

/// Elements of a list in an order of their own; their members' order does not matter to ==.
schema::Value sorted(const schema::Value& value) {
  if (!value.as_array()) return value;
  schema::Array list = *value.as_array();
  std::ranges::sort(list, {}, [](const schema::Value& element) {
    std::string key;
    for (const auto* name : {"kind", "namespace", "name", "id", "destination", "node", "workload", "endpoint"})
      key += std::string(element.text(name)) + ' ';
    return key;
  });
  return list;
}

// Each line of the file: a cluster as keys of its store, and what Felix's calculation made of it.
TEST(Calc, SaysOfAClusterWhatFelixSays) {
  const auto text = read_file(WEFT_SOURCE_DIR "/src/graph/testdata/felix.jsonl");
  ASSERT_TRUE(text) << text.error().message;
  int clusters = 0;
  for (const auto& line : split(*text, '\n')) {
    if (line.empty()) continue;
    const auto row = schema::parse_json(line);
    ASSERT_TRUE(row) << row.error().message;
    store::Memory store;
    for (const auto& [key, value] : *row->at("keys")->as_object()) ASSERT_TRUE(store.put(key, schema::to_json(value)));
    const auto snapshot = client::snapshot(store);
    ASSERT_TRUE(snapshot);
    EXPECT_TRUE(snapshot->bad.empty());

    const auto found = schema::parse_json(calc(std::string(row->text("node")), {}, snapshot->tables));
    ASSERT_TRUE(found);
    for (const auto& [member, expected] : *row->at("calc")->as_object()) {
      const auto* value = found->at(member);
      ASSERT_TRUE(value) << "cluster " << clusters << ": " << member;
      EXPECT_EQ(sorted(*value), sorted(expected)) << "cluster " << clusters << ": " << member << "\n"
                                                  << schema::to_json(*value) << "\nFelix:\n"
                                                  << schema::to_json(expected);
    }
    EXPECT_EQ(found->as_object()->size(), row->at("calc")->as_object()->size()) << "cluster " << clusters;
    ++clusters;
  }
  EXPECT_GE(clusters, 20);
}

}  // namespace
}  // namespace weft::graph
