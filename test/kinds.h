#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/kinds.h"
#include "schema/document.h"

/// The documents of test/kinds.
namespace weft::test {

using schema::Array, schema::Value;

/// What became of a document.
struct Outcome {
  std::string problem;  // the first
  std::vector<schema::Problem> problems;
  Value stored;
  std::string key;
};

/// As the command line would create it.
inline Outcome create(Value document) {
  std::vector<schema::Problem> problems;
  const auto object = api::read_document(std::move(document), problems);
  if (!object) return {object.error().message, {}, {}, {}};
  if (object->kind->namespaced && object->metadata().namespace_.empty()) object->metadata().namespace_ = "default";
  if (problems.empty()) {
    api::set_defaults(std::as_const(*object));
    problems = api::validate(*object);
  }
  if (!problems.empty()) return {to_string(problems.front()), problems, {}, {}};
  return {"", {}, *schema::parse_json(object->stored()), object->path()};
}

/// The document with one member changed.
inline void change(Value& at, const Array& path, std::size_t depth, const Value* set) {
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

/// f(line) for each line of compared.jsonl.
template <class F>
void each_line(F f) {
  std::ifstream file(WEFT_SOURCE_DIR "/test/kinds/compared.jsonl");
  std::size_t count = 0;
  for (std::string line; std::getline(file, line); ++count) f(*schema::parse_json(line));
  EXPECT_GT(count, 1000u);
}

/// f(document, line) for each line that is a document with one member changed.
template <class F>
void each_change(F f) {
  std::map<std::string, Value> bases;
  each_line([&](const Value& line) {
    const std::string base(line.text("base"));
    if (const auto* document = line.at("doc")) {
      bases[base] = *document;
      return;
    }
    Value document = bases.at(base);
    change(document, *line.at("at")->as_array(), 0, line.at("remove") ? nullptr : line.at("set"));
    f(document, line);
  });
}

/// Documents of our own, for what the comparison does not reach, each with the first thing that is wrong in it.
inline std::vector<std::pair<Value, std::string>> refused_documents() {
  std::ifstream file(WEFT_SOURCE_DIR "/test/kinds/refused.txt");
  std::vector<std::pair<Value, std::string>> cases;
  std::string text, problem;
  while (std::getline(file, text) && std::getline(file, problem)) {
    auto parsed = schema::parse_yaml(text);
    EXPECT_TRUE(parsed) << text;
    if (!parsed) continue;
    parsed->front().as_object()->set("apiVersion", "projectcalico.org/v3");
    cases.emplace_back(std::move(parsed->front()), problem);
  }
  EXPECT_GT(cases.size(), 5u);
  return cases;
}

}  // namespace weft::test
