#include "ctl/crds.h"

#include <fmt/core.h>

#include <filesystem>

#include "api/ipam.h"
#include "base/file.h"
#include "base/strings.h"
#include "schema/json_schema.h"

namespace weft::ctl {

using schema::Array, schema::Dialect, schema::Object, schema::Value;

namespace {

Object text(std::string_view description) { return {{"description", description}, {"type", "string"}}; }

/// `metadata` is Kubernetes's own business.
Object object_schema(std::string_view doc, const Object& members) {
  Object properties{{"apiVersion", Object{{"type", "string"}}},
                    {"kind", Object{{"type", "string"}}},
                    {"metadata", Object{{"type", "object"}}}};
  for (const auto& [name, value] : members) {
    if (name != "metadata") properties.set(name, value);
  }
  return {{"description", doc}, {"type", "object"}, {"properties", std::move(properties)}};
}

CustomKind custom_kind(const api::Kind& kind) {
  const Object json = schema::json_schema(kind.schema(), Dialect::kubernetes);
  return {std::string(kind.name), std::string(kind.plural), kind.namespaced,
          object_schema(kind.schema().doc, *json.find("properties")->as_object())};
}

/// What lies under a key of its own in etcd is the spec of an object in Kubernetes, with `more` in it.
CustomKind ipam_kind(const schema::Schema& stored, std::string_view plural, const Object& more) {
  Object spec = schema::json_schema(stored, Dialect::kubernetes);
  Object& members = *spec.find("properties")->as_object();
  for (const auto& [name, value] : more) members.set(name, value);
  members.erase("affinity_claim_time");  // affinityClaimTime there
  return {std::string(stored.kind), std::string(plural), false, object_schema(stored.doc, {{"spec", std::move(spec)}})};
}

}  // namespace

std::vector<CustomKind> custom_kinds() {
  std::vector<CustomKind> all;
  for (const api::Kind& kind : api::kinds()) {
    if (!kind.schema().is_kubernetes_own) all.push_back(custom_kind(kind));
  }
  all.push_back(ipam_kind(
      schema::schema_of<api::Block>(), "ipamblocks",
      {{"affinityClaimTime", text("Since when it has its affinity.")},
       {"strictAffinity", Object{{"description", "Not used; Calico's definition demands it."}, {"type", "boolean"}}}}));
  all.push_back(ipam_kind(schema::schema_of<api::Handle>(), "ipamhandles", {{"handleID", text("Its id.")}}));
  return all;
}

Value custom_resource_definition(const CustomKind& kind) {
  constexpr std::string_view group = "projectcalico.org";
  Object names{{"kind", kind.name},
               {"listKind", kind.name + "List"},
               {"plural", kind.plural},
               {"singular", to_lower(kind.name)}};
  Object version{{"name", "v3"}, {"served", true}, {"storage", true}};
  version.set("schema", Object{{"openAPIV3Schema", kind.schema}});
  if (kind.schema.find("properties")->at("status")) version.set("subresources", Object{{"status", Object{}}});
  return Object{{"apiVersion", "apiextensions.k8s.io/v1"},
                {"kind", "CustomResourceDefinition"},
                {"metadata", Object{{"name", fmt::format("{}.{}", kind.plural, group)}}},
                {"spec", Object{{"group", std::string(group)},
                                {"names", names},
                                {"scope", kind.namespaced ? "Namespaced" : "Cluster"},
                                {"versions", Array{version}}}}};
}

Value json_schema_of(const api::Kind& kind) {
  Object json{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", kind.name}};
  for (auto& [name, value] : schema::json_schema(kind.schema(), Dialect::documents)) json.set(name, std::move(value));
  const auto only = [](std::string_view name) { return Object{{"type", "string"}, {"enum", Array{name}}}; };
  Object properties{{"apiVersion", only("projectcalico.org/v3")}, {"kind", only(kind.name)}};
  for (auto& [name, value] : *json.find("properties")->as_object()) properties.set(name, std::move(value));
  json.set("properties", std::move(properties));
  json.set("required", Array{"apiVersion", "kind"});
  return json;
}

namespace {

struct Words {
  std::string folder;  // -o
  bool json_schema = false;
};

Result<> write_files(const Words& words) {
  std::error_code error;
  std::filesystem::create_directories(words.folder, error);
  if (error) return fail(Code::internal, fmt::format("{}: {}", words.folder, error.message()));
  const auto put = [&](const std::string& name, const std::string& text) {
    return write_file_atomic(words.folder + "/" + name, text);
  };
  if (words.json_schema) {
    for (const api::Kind& kind : api::kinds())
      TRY(put(to_lower(kind.name) + ".json", schema::to_json(json_schema_of(kind), 2) + "\n"));
  } else {
    for (const CustomKind& kind : custom_kinds())
      TRY(put(fmt::format("projectcalico.org_{}.yaml", kind.plural),
              schema::to_yaml(custom_resource_definition(kind))));
  }
  return {};
}

void print_all(const Words& words) {
  if (words.json_schema) {
    Array all;
    for (const api::Kind& kind : api::kinds()) all.push_back(json_schema_of(kind));
    fmt::print("{}\n", schema::to_json(Value(all), 2));
    return;
  }
  for (const CustomKind& kind : custom_kinds())
    fmt::print("---\n{}", schema::to_yaml(custom_resource_definition(kind)));
}

}  // namespace

void add_crds(cli::Command& root) {
  static Words w;
  auto crds = root.sub("crds",
                       "Print the custom resource definitions of all kinds, for Kubernetes.\n\n  weft crds | kubectl "
                       "apply -f -\n  weft crds --json-schema -o schemas   for editors\n\nThey say what each field may "
                       "hold. Rules between fields and between objects are kept by weft when it writes.");
  crds.option("-o,--output", w.folder, "folder for one file per kind; printed unless given");
  crds.flag("--json-schema", w.json_schema, "JSON Schema of documents instead");
  crds.run([] {
    if (w.folder.empty()) {
      print_all(w);
      return 0;
    }
    const auto written = write_files(w);
    if (!written) fmt::print(stderr, "{}\n", written.error().message);
    return written ? 0 : 1;
  });
}

}  // namespace weft::ctl
