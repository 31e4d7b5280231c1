#include "ctl/reference.h"

#include <fmt/core.h>

#include <functional>
#include <set>
#include <vector>

#include "api/codec.h"
#include "api/felix_parameter.h"
#include "api/ipam.h"
#include "api/relations.h"
#include "base/strings.h"

namespace weft::ctl {

namespace {

using schema::Field, schema::Schema;

/// In a cell of a table.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != text.npos; at += 2) text.insert(at, 1, '\\');
  return text;
}

std::string anchor(std::string_view name) { return fmt::format("[{}](#{})", name, to_lower(name)); }

/// The structs that a field leads to.
const Schema* inner(const Field& field) { return field.type->inner(); }

std::string type_of(const Field& field) {
  const bool is_narrowed = field.type->shape().kind == schema::Shape::Kind::choice && !field.rules.one_of.empty();
  std::string form = is_narrowed ? "text" : field.type->form();
  const Schema* struct_ = inner(field);
  if (!struct_) return form;
  const auto at = form.rfind(struct_->kind);
  return form.substr(0, at) + anchor(struct_->kind);
}

std::string rules_of(const Field& field) {
  const schema::Rules& rules = field.rules;
  std::vector<std::string> words;
  if (rules.is_required) words.emplace_back("required");
  if (rules.is_immutable) words.emplace_back("stays as it was created");
  if (!rules.one_of.empty()) {
    std::vector<std::string> names;
    for (const auto name : rules.one_of) names.push_back(name.empty() ? "nothing" : std::string(name));
    words.push_back("one of " + join(names, ", ") + (rules.is_any_case ? ", in any case" : ""));
  }
  if (!rules.numbers.empty()) words.push_back(schema::list_of_numbers(rules.numbers));
  if (rules.range) {
    const bool open = rules.range->high == std::numeric_limits<std::int64_t>::max();
    words.push_back(open ? fmt::format("at least {}", rules.range->low)
                         : fmt::format("{}..{}", rules.range->low, rules.range->high));
  }
  if (const auto* rule = rules.format ? rules.format : rules.written) words.emplace_back(rule->doc);
  if (rules.length) words.push_back(fmt::format("at most {} characters", *rules.length));
  if (rules.at_least) words.push_back(fmt::format("at least {} elements", *rules.at_least));
  if (rules.at_most) words.push_back(fmt::format("at most {} elements", *rules.at_most));
  if (rules.is_unique) words.emplace_back("each once");
  return join(words, "; ");
}

std::string default_of(const Field& field) {
  return field.rules.fallback ? "`" + schema::to_json(*field.rules.fallback) + "`" : "";
}

void add_rule_texts(std::string& page, const Schema& schema) {
  if (schema.rule_texts.empty()) return;
  page += "\nRules:\n\n";
  for (const auto& [path, rule, reported] : schema.rule_texts)
    page += path.empty() ? fmt::format("- {}\n", rule) : fmt::format("- `{}`: {}\n", path, rule);
}

/// A struct's section, and those of the structs within.
void add_struct(std::string& page, const Schema& schema, std::set<const Schema*>& seen) {
  if (!seen.insert(&schema).second) return;
  page += fmt::format("\n## {}\n\n{}\n\n", schema.kind, schema.doc);
  page += "| Field | Type | Rules | Default | Meaning |\n|---|---|---|---|---|\n";
  for (const Field& field : schema.fields) {
    if (field.rules.is_key_only) continue;
    page += fmt::format("| `{}` | {} | {} | {} | {} |\n", field.name, cell(type_of(field)), cell(rules_of(field)),
                        cell(default_of(field)), cell(std::string(field.doc)));
  }
  add_rule_texts(page, schema);
  for (const Field& field : schema.fields) {
    if (const Schema* within = inner(field)) add_struct(page, *within, seen);
  }
}

/// The members of a FelixConfiguration's spec are the agents' parameters.
void add_parameters(std::string& page, const Schema& spec, std::set<const Schema*>& seen) {
  page +=
      "\n## Members of spec\n\nThe environment knows a parameter as `FELIX_` and its name. Durations are written as "
      "90s or 1m30s here, in\nseconds or milliseconds in the environment. Which parameters an agent follows: "
      "[settings](../settings.md).\n\n| Member | Parameter | Type | Rules | Default | Meaning |\n"
      "|---|---|---|---|---|---|\n";
  for (const Field& field : spec.fields) {
    const auto* parameter = api::find_felix_field(field.name);
    const std::string fallback = parameter ? api::felix_default(*parameter) : "";
    page += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", field.name, parameter ? parameter->name : "",
                        cell(type_of(field)), cell(rules_of(field)), fallback.empty() ? "" : "`" + cell(fallback) + "`",
                        cell(std::string(parameter ? parameter->doc : field.doc)));
  }
  for (const Field& field : spec.fields) {
    if (const Schema* within = inner(field)) add_struct(page, *within, seen);
  }
}

std::string columns_of(const Schema& schema, const std::function<bool(const schema::Column&)>& which) {
  std::vector<std::string> names;
  for (const auto& column : schema.columns) {
    if (which(column)) names.emplace_back(column.heading);
  }
  return join(names, " ");
}

std::string page_of(const api::Kind& kind) {
  const Schema& schema = kind.schema();
  std::vector<std::string> names{std::string(kind.plural), to_lower(kind.name)};
  names.insert(names.end(), kind.aliases.begin(), kind.aliases.end());
  std::string page = fmt::format("# {}\n\n<!-- Made from the descriptions in src/api: do not edit. -->\n\n{}\n\n",
                                 kind.name, schema.doc);
  page += fmt::format("| | |\n|---|---|\n| On the command line | {} |\n| Belongs to | {} |\n| Key in etcd | `{}{}` |\n",
                      join(names, ", "), kind.namespaced ? "a namespace" : "the cluster", api::prefix_of(kind),
                      kind.namespaced ? "<namespace>/<name>" : "<name>");
  page += fmt::format("| Columns | {} |\n| Columns with `-o wide` | {} |\n",
                      columns_of(schema, [](const auto& column) { return column.is_in(false); }),
                      columns_of(schema, [](const auto& column) { return column.is_in(true); }));
  const auto asked = columns_of(schema, [](const auto& column) { return column.show == schema::Show::asked; });
  if (!asked.empty()) page += fmt::format("| Columns with `-o custom-columns=` alone | {} |\n", asked);
  if (kind.is_protected) page += "| Written by | the nodes; users may not |\n";
  page += fmt::format("\n## Example\n\n```yaml\n{}```\n", example_document(kind));
  std::set<const Schema*> seen;
  add_struct(page, schema, seen);
  if (const Field* spec = schema.find("spec"); spec && spec->rules.members)
    add_parameters(page, spec->rules.members(), seen);
  std::string others;
  for (const api::Relation& relation : api::relations()) {
    const std::string line = fmt::format("- `{}`: {}\n", relation.path, relation.rule);
    if (relation.kind == kind.name && others.find(line) == others.npos) others += line;
  }
  if (!others.empty()) page += "\n## Rules about other objects\n\n" + others;
  return page;
}

/// What IPAM keeps beside the kinds: it has keys and no verbs.
std::string ipam_page() {
  std::string page =
      "# What IPAM keeps in etcd\n\n<!-- Made from the descriptions in src/api: do not edit. -->\n\n"
      "These objects are written by IPAM and read by agents and confd; `weft ipam` shows them, `weft ipam check` "
      "holds\n"
      "them against each other. Each is a JSON object under its key. An IPv4 prefix stands in a key as "
      "`10.65.0.0-26`.\n"
      "\n| Object | Key |\n|---|---|\n";
  const std::pair<const Schema&, std::string_view> stored[] = {
      {schema::schema_of<api::Block>(), "/calico/ipam/v2/assignment/ipv4/block/<CIDR>, or ipv6"},
      {schema::schema_of<api::Handle>(), "/calico/ipam/v2/handle/<id>"},
      {schema::schema_of<api::BlockAffinity>(),
       "/calico/ipam/v2/host/<node>/ipv4/block/<CIDR>, or ipv6; "
       "/calico/ipam/v2/virtual/<owner>/…"},
      {schema::schema_of<api::IpamConfig>(), "/calico/ipam/v2/config"}};
  for (const auto& [schema, key] : stored) page += fmt::format("| {} | `{}` |\n", anchor(schema.kind), key);
  std::set<const Schema*> seen;
  for (const auto& [schema, key] : stored) add_struct(page, schema, seen);
  return page;
}

}  // namespace

std::string example_document(const api::Kind& kind) {
  return fmt::format("apiVersion: projectcalico.org/v3\nkind: {}\n{}", kind.name, kind.schema().example);
}

std::map<std::string, std::string> reference_pages() {
  std::map<std::string, std::string> pages;
  std::string index =
      "# Reference of the kinds\n\n<!-- Made from the descriptions in src/api: do not edit. -->\n\n"
      "Every field with its type, rules and default, and an example. `weft crds` prints the same as custom resource\n"
      "definitions for Kubernetes, `weft crds --json-schema` as JSON Schema for editors.\n\n| Kind | What "
      "|\n|---|---|\n";
  for (const api::Kind& kind : api::kinds()) {
    const std::string file = to_lower(kind.name) + ".md";
    index += fmt::format("| [{}]({}) | {} |\n", kind.name, file, cell(std::string(kind.schema().doc)));
    pages.emplace(file, page_of(kind));
  }
  index += "\nBeside the kinds: [what IPAM keeps in etcd](ipam.md).\n";
  pages.emplace("ipam.md", ipam_page());
  pages.emplace("README.md", std::move(index));
  return pages;
}

}  // namespace weft::ctl
