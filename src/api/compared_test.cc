// Documents of every kind, whole and with one member changed, and what Calico made of them: test/kinds.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "api/kinds.h"
#include "schema/document.h"

using namespace weft;
using namespace weft::api;
using schema::Array, schema::Value;

namespace {

struct Outcome {
  std::string problem;  // the first
  std::vector<schema::Problem> problems;
  Value stored;
  std::string key;
};

/// As the command line would create it.
Outcome create(Value document) {
  std::vector<schema::Problem> problems;
  const auto object = read_document(std::move(document), problems);
  if (!object) return {object.error().message, {}, {}, {}};
  if (object->kind->namespaced && object->metadata().namespace_.empty()) object->metadata().namespace_ = "default";
  if (problems.empty()) {
    set_defaults(std::as_const(*object));
    problems = validate(*object);
  }
  if (!problems.empty()) return {to_string(problems.front()), problems, {}, {}};
  return {"", {}, *schema::parse_json(object->stored()), object->path()};
}

/// The document with one member changed.
void change(Value& at, const Array& path, std::size_t depth, const Value* set) {
  const Value& step = path[depth];
  const bool last = depth + 1 == path.size();
  if (auto* object = at.as_object()) {
    const std::string& name = *step.as_string();
    if (!last) return change(*object->find(name), path, depth + 1, set);
    if (set)
      object->set(name, *set);
    else
      object->erase(name);
    return;
  }
  auto& array = *at.as_array();
  const auto index = static_cast<std::size_t>(*step.as_int());
  if (!last) return change(array[index], path, depth + 1, set);
  if (set)
    array[index] = *set;
  else
    array.erase(array.begin() + static_cast<std::ptrdiff_t>(index));
}

/// Runs `f` on each line.
template <class F>
void each(F f) {
  std::ifstream file(WEFT_SOURCE_DIR "/test/kinds/compared.jsonl");
  std::size_t count = 0;
  for (std::string line; std::getline(file, line); ++count) f(*schema::parse_json(line));
  EXPECT_GT(count, 1000u);
}

}  // namespace

TEST(Documents, AreStoredAsCalicoStoresThem) {
  std::size_t compared = 0;
  each([&](const Value& line) {
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

/// Documents of our own, for what the comparison does not reach: a line of YAML each, with what is wrong in it.
std::vector<std::pair<std::string, std::string>> own_cases() {
  std::ifstream file(WEFT_SOURCE_DIR "/test/kinds/refused.txt");
  std::vector<std::pair<std::string, std::string>> cases;
  std::string document, problem;
  while (std::getline(file, document) && std::getline(file, problem)) cases.emplace_back(document, problem);
  EXPECT_GT(cases.size(), 5u);
  return cases;
}

}  // namespace

TEST(Documents, AreRefusedWithTheRuleThatTheyBreak) {
  for (const auto& [document, problem] : own_cases()) {
    auto parsed = schema::parse_yaml(document);
    ASSERT_TRUE(parsed) << document;
    parsed->front().as_object()->set("apiVersion", "projectcalico.org/v3");
    EXPECT_EQ(create(std::move(parsed->front())).problem, problem) << document;
  }
}

TEST(Rules, AreEachBrokenBySomeDocumentAndKeptByAnother) {
  std::set<std::string> broken;
  std::map<std::string, Value> bases;
  each([&](const Value& line) {
    if (const auto* document = line.at("doc")) {
      bases[std::string(line.text("base"))] = *document;
      return;
    }
    Value document = bases.at(std::string(line.text("base")));
    change(document, *line.at("at")->as_array(), 0, line.at("remove") ? nullptr : line.at("set"));
    for (const auto& problem : create(document).problems) broken.insert(problem.rule);
  });
  for (const auto& [document, problem] : own_cases()) {
    auto parsed = schema::parse_yaml(document);
    parsed->front().as_object()->set("apiVersion", "projectcalico.org/v3");
    for (const auto& p : create(std::move(parsed->front())).problems) broken.insert(p.rule);
  }
  std::set<const schema::Schema*> all;
  for (const Kind& kind : kinds()) collect(kind.schema(), all);
  for (const auto* schema : all) {
    for (const auto& [path, rule, is_reported] : schema->rule_texts) {
      EXPECT_TRUE(!is_reported || broken.contains(std::string(rule))) << schema->kind << " " << path << ": " << rule;
    }
  }
}

TEST(Documents, AreAcceptedAndRefusedAsByCalico) {
  std::map<std::string, Value> bases;
  each([&](const Value& line) {
    const std::string base(line.text("base"));
    if (const auto* document = line.at("doc")) {
      bases[base] = *document;
      return;
    }
    Value document = bases.at(base);
    change(document, *line.at("at")->as_array(), 0, line.at("remove") ? nullptr : line.at("set"));
    const auto outcome = create(document);
    EXPECT_EQ(outcome.problem.empty(), *line.at("ok")->as_bool()) << schema::to_json(line) << "\n" << outcome.problem;
  });
}
