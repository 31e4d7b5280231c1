// Documents of every kind, whole and with one member changed, and what Calico made of them: test/kinds.
#include <gtest/gtest.h>

#include <set>

#include "test/kinds.h"

using namespace weft;
using namespace weft::api;
using namespace weft::test;

TEST(Documents, AreStoredAsCalicoStoresThem) {
  std::size_t compared = 0;
  each_line([&](const Value& line) {
    if (!line.at("stored")) return;
    const auto outcome = create(*line.at("doc"));
    EXPECT_EQ(outcome.problem, "") << line.text("base");
    EXPECT_EQ(outcome.key, line.text("key"));
    // Members in the same order too, but for the agents' settings, which stay in the order in which they were given.
    if (line.text("base").starts_with("FelixConfiguration")) {
      EXPECT_TRUE(outcome.stored == *line.at("stored")) << schema::to_json(outcome.stored);
    } else {
      EXPECT_EQ(schema::to_json(outcome.stored), schema::to_json(*line.at("stored")));
    }
    ++compared;
  });
  EXPECT_GE(compared, 38u);
}

namespace {

/// Every struct of a kind.
void collect(const schema::Schema& schema, std::set<const schema::Schema*>& all) {
  if (!all.insert(&schema).second) return;
  for (const auto& field : schema.fields) {
    if (const auto* inner = field.type->inner()) collect(*inner, all);
  }
}

}  // namespace

TEST(Documents, AreRefusedWithTheRuleThatTheyBreak) {
  for (const auto& [document, problem] : refused_documents())
    EXPECT_EQ(create(document).problem, problem) << schema::to_json(document);
}

TEST(Rules, AreEachBrokenBySomeDocumentAndKeptByAnother) {
  std::set<std::string> broken;
  const auto note = [&](const Value& document) {
    for (const auto& problem : create(document).problems) broken.insert(problem.rule);
  };
  each_change([&](const Value& document, const Value&) { note(document); });
  for (const auto& [document, problem] : refused_documents()) note(document);
  std::set<const schema::Schema*> all;
  for (const Kind& kind : kinds()) collect(kind.schema(), all);
  for (const auto* schema : all) {
    for (const auto& [path, rule, is_reported] : schema->rule_texts) {
      EXPECT_TRUE(!is_reported || broken.contains(std::string(rule))) << schema->kind << " " << path << ": " << rule;
    }
  }
}

TEST(Documents, AreAcceptedAndRefusedAsByCalico) {
  each_change([&](const Value& document, const Value& line) {
    const auto outcome = create(document);
    EXPECT_EQ(outcome.problem.empty(), *line.at("ok")->as_bool()) << schema::to_json(line) << "\n" << outcome.problem;
  });
}
