#include "ctl/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "ctl/crds.h"
#include "schema/document.h"

namespace weft::ctl {
namespace {

const std::string folder = WEFT_SOURCE_DIR "/docs/reference/";

std::string content(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Reference, IsWhatTheDescriptionsSay) {
  const auto pages = reference_pages();
  if (std::getenv("WEFT_UPDATE_REFERENCE") != nullptr) {
    std::filesystem::create_directories(folder);
    for (const auto& [name, text] : pages) std::ofstream(folder + name) << text;
  }
  for (const auto& [name, text] : pages) {
    EXPECT_TRUE(content(folder + name) == text)
        << name << " is old: WEFT_UPDATE_REFERENCE=1 ctl_test --gtest_filter=Reference.*";
  }
  for (const auto& file : std::filesystem::directory_iterator(folder))
    EXPECT_TRUE(pages.contains(file.path().filename().string())) << file.path() << " is of no kind";
}

TEST(Reference, HasACatalogueOfErrors) {
  const std::string path = WEFT_SOURCE_DIR "/docs/errors.md";
  if (std::getenv("WEFT_UPDATE_REFERENCE") != nullptr) std::ofstream(path) << error_catalogue();
  EXPECT_TRUE(content(path) == error_catalogue()) << "docs/errors.md is old: see above";
}

TEST(Reference, HasExamplesThatAreValid) {
  for (const api::Kind& kind : api::kinds()) {
    auto documents = schema::parse_yaml(example_document(kind));
    ASSERT_TRUE(documents && documents->size() == 1) << kind.name;
    std::vector<schema::Problem> problems;
    const auto object = api::read_document(std::move(documents->front()), problems);
    ASSERT_TRUE(object) << kind.name << ": " << object.error().message;
    api::set_defaults(std::as_const(*object));
    for (const auto& problem : api::validate(*object)) problems.push_back(problem);
    for (const auto& problem : problems) ADD_FAILURE() << kind.name << ": " << to_string(problem);
    EXPECT_FALSE(kind.schema().example.empty()) << kind.name;
  }
}

/// Whether JSON Schema takes a value: types, properties, required members, enumerations.
void expect_taken(const schema::Value& schema, const schema::Value& value, const std::string& at) {
  if (const auto* names = schema.at("enum")) {
    bool known = false;
    for (const auto& name : *names->as_array()) known = known || name == value;
    EXPECT_TRUE(known) << at;
  }
  const auto type = schema.text("type");
  if (type == "string") {
    EXPECT_TRUE(value.as_string()) << at;
  }
  if (type == "integer" || type == "number") {
    EXPECT_TRUE(value.is_number()) << at;
  }
  if (type == "boolean") {
    EXPECT_TRUE(value.as_bool()) << at;
  }
  if (type == "array") {
    ASSERT_TRUE(value.as_array()) << at;
    for (const auto& element : *value.as_array()) expect_taken(*schema.at("items"), element, at + "[]");
  }
  if (type != "object") return;
  ASSERT_TRUE(value.as_object()) << at;
  const auto* properties = schema.at("properties");
  if (properties == nullptr) return;
  for (const auto& [name, member] : *value.as_object()) {
    const auto* property = properties->at(name);
    EXPECT_TRUE(property) << at << "." << name;
    if (property) expect_taken(*property, member, at + "." + name);
  }
  if (const auto* required = schema.at("required")) {
    for (const auto& name : *required->as_array()) EXPECT_TRUE(value.at(*name.as_string())) << at << *name.as_string();
  }
}

TEST(JsonSchema, TakesTheExamples) {
  for (const api::Kind& kind : api::kinds())
    expect_taken(json_schema_of(kind), schema::parse_yaml(example_document(kind))->front(), std::string(kind.name));
}

TEST(JsonSchema, SaysWhatFieldsMayHold) {
  const auto pool = json_schema_of(*api::find_kind("ippool"));
  const auto* spec = pool.at("properties")->at("spec");
  EXPECT_TRUE(*spec->at("required") == schema::Value(schema::Array{"cidr"}));
  EXPECT_EQ(*spec->at("properties")->at("ipipMode")->at("enum"),
            schema::Value(schema::Array{"Never", "Always", "CrossSubnet"}));
  EXPECT_EQ(*spec->at("properties")->at("nodeSelector")->at("default"), schema::Value("all()"));
  const auto peer = json_schema_of(*api::find_kind("bgppeer"));
  EXPECT_EQ(*peer.at("properties")->at("spec")->at("properties")->at("ttlSecurity")->at("maximum"), schema::Value(255));
}

TEST(CustomResourceDefinitions, AreOfTheKindsThatKubernetesDoesNotHave) {
  std::vector<std::string_view> names;
  for (const auto* kind : custom_kinds()) names.push_back(kind->name);
  EXPECT_THAT(names, testing::Contains("IPPool"));
  EXPECT_THAT(names, testing::Not(testing::Contains("Node")));
  const auto crd = custom_resource_definition(*api::find_kind("stagednetworkpolicy"));
  EXPECT_EQ(crd.at("metadata")->text("name"), "stagednetworkpolicies.projectcalico.org");
  EXPECT_EQ(crd.at("spec")->text("scope"), "Namespaced");
  EXPECT_EQ(schema::parse_yaml(schema::to_yaml(crd))->front(), crd);
}

}  // namespace
}  // namespace weft::ctl
