#include "ctl/crds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>

#include "ctl/reference.h"
#include "schema/document.h"
#include "test/kinds.h"

namespace weft::ctl {
namespace {

using schema::Array, schema::Object, schema::Value;

bool is_of(const Value& value, std::string_view type) {
  if (type == "null") return value.is_null();
  if (type == "boolean") return value.as_bool() != nullptr;
  if (type == "integer") return value.is_number() && std::floor(value.number()) == value.number();
  if (type == "number") return value.is_number();
  if (type == "string") return value.as_string() != nullptr;
  if (type == "array") return value.as_array() != nullptr;
  return type == "object" && value.as_object() != nullptr;
}

Array types_of(const Value& schema) {
  if (schema.at("x-kubernetes-int-or-string")) return {"integer", "string"};
  const auto* type = schema.at("type");
  if (!type) return {};
  Array types = type->as_array() ? *type->as_array() : Array(1, *type);
  if (schema.at("nullable")) types.emplace_back("null");
  return types;
}

bool finds(const std::string& pattern, const std::string& text) {
  static std::map<std::string, std::regex> compiled;
  return std::regex_search(text, compiled.try_emplace(pattern, pattern).first->second);
}

std::string broken(const Value& schema, const Value& value, const std::string& at = "");

std::string broken_members(const Value& schema, const Object& object, const std::string& at) {
  if (const auto* required = schema.at("required")) {
    for (const Value& name : *required->as_array()) {
      if (!object.find(*name.as_string())) return at + "." + *name.as_string() + ": required";
    }
  }
  for (const auto& [name, member] : object) {
    const auto* properties = schema.at("properties");
    const auto* known = properties ? properties->at(name) : nullptr;
    if (!known) known = schema.at("additionalProperties");
    if (!known) continue;
    if (auto problem = broken(*known, member, at + "." + name); !problem.empty()) return problem;
  }
  return {};
}

/// Where a value breaks a JSON Schema, in the part of the language that we write; empty: nowhere.
std::string broken(const Value& schema, const Value& value, const std::string& at) {
  const Array types = types_of(schema);
  const auto fits = [&](const Value& type) { return is_of(value, *type.as_string()); };
  if (!types.empty() && std::none_of(types.begin(), types.end(), fits)) return at + ": type";
  if (const auto* values = schema.at("enum")) {
    if (std::find(values->as_array()->begin(), values->as_array()->end(), value) == values->as_array()->end())
      return at + ": enum";
  }
  const auto limit = [&](std::string_view name) { return schema.at(name); };
  if (value.is_number()) {
    if (limit("minimum") && value.number() < limit("minimum")->number()) return at + ": minimum";
    if (limit("maximum") && value.number() > limit("maximum")->number()) return at + ": maximum";
  }
  if (const auto* text = value.as_string()) {
    const auto* longest = limit("maxLength");
    if (longest && static_cast<double>(text->size()) > longest->number()) return at + ": maxLength";
    if (limit("pattern") && !finds(*limit("pattern")->as_string(), *text)) return at + ": pattern";
  }
  if (const auto* list = value.as_array()) {
    const auto count = static_cast<double>(list->size());
    if (limit("minItems") && count < limit("minItems")->number()) return at + ": minItems";
    if (limit("maxItems") && count > limit("maxItems")->number()) return at + ": maxItems";
    for (const Value& element : *list) {
      if (!limit("items")) break;
      if (auto problem = broken(*limit("items"), element, at + "[]"); !problem.empty()) return problem;
    }
  }
  return value.as_object() ? broken_members(schema, *value.as_object(), at) : "";
}

/// By the JSON Schema of its kind.
std::string broken_document(const Value& document) {
  static const auto schemas = [] {
    std::map<std::string_view, Value> map;
    for (const api::Kind& kind : api::kinds()) map.emplace(kind.name, json_schema_of(kind));
    return map;
  }();
  return broken(schemas.at(document.text("kind")), document);
}

Value parsed(std::string_view yaml) {
  Value document = schema::parse_yaml(yaml)->front();
  document.as_object()->set("apiVersion", "projectcalico.org/v3");
  return document;
}
std::string broken_yaml(std::string_view yaml) { return broken_document(parsed(yaml)); }

CustomKind custom(std::string_view name) {
  for (CustomKind& kind : custom_kinds()) {
    if (kind.name == name) return std::move(kind);
  }
  ADD_FAILURE() << name;
  return {};
}

/// About the type or the range of one value.
bool is_about_one_value(const schema::Problem& problem) {
  static const std::regex rules(
      "must be (text|a list|a map|an object|a whole number|true or false|a number|a number or text|one of .*|in .*|at "
      "least .*|[0-9]+ or [0-9]+)|is out of range|may have at most .*");
  const bool by_list = problem.path.find("prefixLength") != std::string::npos;  // 0..32 in lists of IPv4 rules
  return !by_list && std::regex_match(problem.rule, rules);
}

}  // namespace

TEST(JsonSchema, TakesTheExamples) {
  for (const api::Kind& kind : api::kinds()) EXPECT_EQ(broken_yaml(example_document(kind)), "") << kind.name;
}

TEST(JsonSchema, TakesWhatIsAcceptedAndRefusesValuesOfAnotherTypeOrRange) {
  std::size_t accepted = 0, refused = 0;
  const auto compare = [&](const Value& document) {
    if (!api::find_kind(document.text("kind"))) return;
    const auto outcome = test::create(document);
    const std::string place = broken_document(document);
    if (outcome.problem.empty()) {
      EXPECT_EQ(place, "") << schema::to_json(document);
      ++accepted;
    } else if (std::any_of(outcome.problems.begin(), outcome.problems.end(), is_about_one_value)) {
      EXPECT_NE(place, "") << outcome.problem << "\n" << schema::to_json(document);
      ++refused;
    }
  };
  test::each_line([&](const Value& line) {
    if (line.at("doc")) compare(*line.at("doc"));
  });
  test::each_change([&](const Value& document, const Value&) { compare(document); });
  for (const auto& [document, problem] : test::refused_documents()) compare(document);
  EXPECT_GT(accepted, 500u);
  EXPECT_GT(refused, 300u);
}

TEST(JsonSchema, SaysWhatFieldsMayHold) {
  const auto spec_of = [](std::string_view kind) {
    return *json_schema_of(*api::find_kind(kind)).at("properties", "spec");
  };
  const Value pool = spec_of("ippool");
  EXPECT_EQ(*pool.at("required"), Value(Array{"cidr"}));
  EXPECT_EQ(*pool.at("properties", "ipipMode", "enum"), Value(Array{"Never", "Always", "CrossSubnet", "", nullptr}));
  EXPECT_EQ(*pool.at("properties", "nodeSelector", "default"), Value("all()"));
  EXPECT_EQ(*spec_of("bgppeer").at("properties", "ttlSecurity", "maximum"), Value(255));
  const Value felix = spec_of("felixconfiguration");
  EXPECT_EQ(felix.at("properties", "healthPort")->text("description"),
            "TCP port of the health reports. 9099 unless given.");
}

TEST(JsonSchema, TakesAsNumbersAsTheyAreRead) {
  for (const std::string number : {"64512", "4294967295", "'64512'", "'1.10'"}) {
    EXPECT_EQ(broken_yaml("{kind: BGPConfiguration, metadata: {name: default}, spec: {asNumber: " + number + "}}"), "");
    EXPECT_EQ(broken_yaml("{kind: Node, metadata: {name: n}, spec: {bgp: {asNumber: " + number + "}}}"), "");
  }
  for (const std::string number : {"-1", "4294967296", "true", "'1.2.3'", "x", "''"})
    EXPECT_NE(broken_yaml("{kind: BGPPeer, metadata: {name: p}, spec: {asNumber: " + number + "}}"), "") << number;
}

TEST(JsonSchema, TakesOnlyTheActionsThatATierMayHave) {
  for (const std::string action : {"Deny", "Pass"})
    EXPECT_EQ(broken_yaml("{kind: Tier, metadata: {name: t}, spec: {defaultAction: " + action + "}}"), "");
  for (const std::string action : {"Allow", "Log", "deny"})
    EXPECT_NE(broken_yaml("{kind: Tier, metadata: {name: t}, spec: {defaultAction: " + action + "}}"), "");
}

TEST(JsonSchema, KnowsTheAgentsParameters) {
  const auto felix = [](const std::string& spec) {
    return broken_yaml("{kind: FelixConfiguration, metadata: {name: x}, spec: {" + spec + "}}");
  };
  for (const char* good : {"defaultEndpointToHostAction: accept", "iptablesMarkMask: 0xff00", "istioDSCPMark: AF11",
                           "natPortRange: '1:2'", "failsafeInboundHostPorts: [{protocol: udp, port: 53}]",
                           "routeTableRange: {min: 1, max: 250}", "bpfLogFilters: {eth0: port 80}"})
    EXPECT_EQ(felix(good), "") << good;
  for (const char* bad :
       {"healthPort: 65536", "healthPort: '80'", "routeRefreshInterval: 90", "routeRefreshInterval: 90 s",
        "awsSrcDstCheck: enable", "defaultEndpointToHostAction: Deny", "istioDSCPMark: 64", "istioDSCPMark: AF14",
        "failsafeInboundHostPorts: ['tcp:22']", "failsafeInboundHostPorts: [{port: '22'}]",
        "routeTableRange: {min: 1, max: 251}", "routeTableRanges: [{min: 1}]", "logPrefix: a*b",
        "kubeNodePortRanges: [1, 2, 3, 4, 5, 6, 7, 8]", "externalNodesList: [1]", "wireguardEnabled: 'true'"})
    EXPECT_NE(felix(bad), "") << bad;
}

TEST(CustomResourceDefinitions, AreOfTheKindsThatKubernetesDoesNotHave) {
  std::vector<std::string> names;
  for (const CustomKind& kind : custom_kinds()) names.push_back(kind.name);
  EXPECT_THAT(names, testing::IsSupersetOf({"IPPool", "IPAMBlock", "IPAMHandle"}));
  EXPECT_THAT(names, testing::Not(testing::Contains("Node")));
  const auto crd = custom_resource_definition(custom("StagedNetworkPolicy"));
  EXPECT_EQ(crd.at("metadata")->text("name"), "stagednetworkpolicies.projectcalico.org");
  EXPECT_EQ(crd.at("spec")->text("scope"), "Namespaced");
  EXPECT_EQ(schema::parse_yaml(schema::to_yaml(crd))->front(), crd);
}

TEST(CustomResourceDefinitions, TakeWhatIsStored) {
  std::map<std::string, Value> schemas;
  for (CustomKind& kind : custom_kinds()) schemas.emplace(kind.name, std::move(kind.schema));
  std::size_t stored = 0;
  test::each_line([&](const Value& line) {
    const auto* object = line.at("stored");
    const auto schema = object ? schemas.find(std::string(object->text("kind"))) : schemas.end();
    if (schema == schemas.end()) return;
    EXPECT_EQ(broken(schema->second, *object), "") << schema::to_json(*object);
    ++stored;
  });
  EXPECT_GT(stored, 20u);
}

TEST(CustomResourceDefinitions, HaveAllParametersOfTheAgentsInOneFormEach) {
  const Object schema = custom("FelixConfiguration").schema;
  const Value& members = *schema.find("properties")->at("spec", "properties");
  EXPECT_GT(members.as_object()->size(), 180u);
  for (const auto& [name, member] : *members.as_object()) {
    EXPECT_NE(member.text("type").empty(), member.at("x-kubernetes-int-or-string") == nullptr) << name;
    EXPECT_NE(member.text("description"), "") << name;
    EXPECT_FALSE(member.at("default")) << name;  // one that is not given stays so
  }
  EXPECT_TRUE(members.at("iptablesMarkMask", "x-kubernetes-int-or-string"));
  EXPECT_EQ(*members.at("awsSrcDstCheck", "enum"), Value(Array{"Disable", "DoNothing", "Enable"}));
}

TEST(CustomResourceDefinitions, DescribeWhatIpamKeeps) {
  const Value block = parsed(
      "{spec: {cidr: 10.65.0.0/30, affinity: 'host:n1', affinityClaimTime: '2026-01-01T00:00:00Z', deleted: false, "
      "allocations: [0, null, null, null], unallocated: [1, 2, 3], strictAffinity: false, sequenceNumber: 7, "
      "attributes: [{handle_id: h, secondary: {node: n1}}], sequenceNumberForAllocation: {'0': 7}}}");
  EXPECT_EQ(broken(custom("IPAMBlock").schema, block), "");
  for (const auto& [name, member] : *block.at("spec")->as_object())
    EXPECT_TRUE(Value(custom("IPAMBlock").schema).at("properties", "spec", "properties", name)) << name;
  EXPECT_NE(broken(custom("IPAMBlock").schema, parsed("{spec: {cidr: 10.65.0.0/30, allocations: [x]}}")), "");
  EXPECT_EQ(broken(custom("IPAMHandle").schema, parsed("{spec: {handleID: h, block: {10.65.0.0/30: 1}}}")), "");
  EXPECT_NE(broken(custom("IPAMHandle").schema, parsed("{spec: {handleID: h, block: {10.65.0.0/30: x}}}")), "");
  EXPECT_EQ(custom_resource_definition(custom("IPAMHandle")).at("spec")->text("scope"), "Cluster");
}

}  // namespace weft::ctl
