#include "ctl/crds.h"

#include <fmt/core.h>

#include <filesystem>

#include "base/file.h"
#include "base/strings.h"
#include "schema/json_schema.h"

namespace weft::ctl {

using schema::Array, schema::Object, schema::Value;

std::vector<const api::Kind*> custom_kinds() {
  std::vector<const api::Kind*> all;
  for (const api::Kind& kind : api::kinds()) {
    if (!kind.schema().is_kubernetes_own) all.push_back(&kind);
  }
  return all;
}

namespace {

/// Of the whole document. `metadata` is Kubernetes's own business in a custom resource.
Object document_schema(const api::Kind& kind, bool with_metadata) {
  Object json = schema::json_schema(kind.schema());
  Object properties{{"apiVersion", Object{{"type", "string"}}}, {"kind", Object{{"type", "string"}}}};
  if (!with_metadata) properties.set("metadata", Object{{"type", "object"}});
  for (auto& [name, value] : *json.find("properties")->as_object()) {
    if (name != "metadata" || with_metadata) properties.set(name, value);
  }
  json.set("properties", std::move(properties));
  return json;
}

}  // namespace

Value custom_resource_definition(const api::Kind& kind) {
  constexpr std::string_view group = "projectcalico.org";
  Object names{{"kind", std::string(kind.name)},
               {"listKind", kind.list_kind()},
               {"plural", std::string(kind.plural)},
               {"singular", to_lower(kind.name)}};
  Object version{{"name", "v3"}, {"served", true}, {"storage", true}};
  version.set("schema", Object{{"openAPIV3Schema", document_schema(kind, false)}});
  if (kind.schema().find("status")) version.set("subresources", Object{{"status", Object{}}});
  return Object{{"apiVersion", "apiextensions.k8s.io/v1"},
                {"kind", "CustomResourceDefinition"},
                {"metadata", Object{{"name", fmt::format("{}.{}", kind.plural, group)}}},
                {"spec", Object{{"group", std::string(group)},
                                {"names", names},
                                {"scope", kind.namespaced ? "Namespaced" : "Cluster"},
                                {"versions", Array{version}}}}};
}

Value json_schema_of(const api::Kind& kind) {
  Object json{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", std::string(kind.name)}};
  for (auto& [name, value] : document_schema(kind, true)) json.set(name, value);
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
    for (const api::Kind* kind : custom_kinds())
      TRY(put(fmt::format("projectcalico.org_{}.yaml", kind->plural),
              schema::to_yaml(custom_resource_definition(*kind))));
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
  for (const api::Kind* kind : custom_kinds())
    fmt::print("---\n{}", schema::to_yaml(custom_resource_definition(*kind)));
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
