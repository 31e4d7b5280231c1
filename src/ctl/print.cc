#include "ctl/print.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "api/tier.h"
#include "schema/value.h"

namespace weft::ctl {
namespace {

using Table = std::vector<std::vector<std::string>>;

/// Cells padded to the column's width (at least 2) and 3 blanks, the last one too; an empty line follows
/// (datamodel 4.6).
std::string lay_out(const Table& table) {
  std::vector<std::size_t> widths(table.front().size(), 2);
  for (const auto& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) text += fmt::format("{:<{}}", row[i], widths[i] + 3);
    text += '\n';
  }
  return text + '\n';
}

std::string print_table(const api::Kind& kind, const std::vector<api::Object>& objects, const Look& look) {
  const bool with_namespace = look.show_namespace && kind.namespaced;
  const auto hidden = look.format == Format::wide ? schema::Show::narrow : schema::Show::wide;
  Table table(1);
  std::vector<const schema::Column*> columns;
  if (with_namespace) table[0].emplace_back("NAMESPACE");
  for (const auto& column : kind.schema().columns) {
    if (column.show == hidden) continue;
    columns.push_back(&column);
    table[0].emplace_back(column.heading);
  }
  for (const auto& object : objects) {
    auto& row = table.emplace_back();
    if (with_namespace) row.push_back(object.metadata().namespace_);
    for (const auto* column : columns) row.push_back(column->text(object.data.get(), look.facts));
  }
  return lay_out(table);
}

std::string print_names(const api::Kind& kind, const std::vector<api::Object>& objects) {
  std::string text;
  for (const auto& object : objects) {
    const auto& m = object.metadata();
    text += fmt::format("{}/{}\n", kind.plural, m.namespace_.empty() ? m.name : m.namespace_ + '/' + m.name);
  }
  return text;
}

std::string print_documents(const std::string& list_kind, const std::vector<api::Object>& objects, const Look& look) {
  schema::Value value;
  if (look.single && objects.size() == 1) {
    value = objects.front().value();
  } else {
    schema::Array items;
    for (const auto& object : objects) items.push_back(object.value());
    schema::Object metadata;
    if (!look.revision.empty()) metadata.set("resourceVersion", look.revision);
    value = schema::Object{
        {"kind", list_kind}, {"apiVersion", "projectcalico.org/v3"}, {"metadata", metadata}, {"items", items}};
  }
  return look.format == Format::yaml ? schema::to_yaml(value) : schema::to_json(value, 2) + '\n';
}

}  // namespace

Result<Format> parse_format(std::string_view text) {
  if (text.empty() || text == "ps" || text == "table") return Format::table;
  if (text == "wide") return Format::wide;
  if (text == "yaml") return Format::yaml;
  if (text == "json") return Format::json;
  if (text == "name") return Format::name;
  return fail(Code::invalid, fmt::format("-o {}: table (ps), wide, yaml, json or name", text));
}

std::string print(const api::Kind& kind, const std::vector<api::Object>& objects, const Look& look) {
  switch (look.format) {
    case Format::table:
    case Format::wide: return print_table(kind, objects, look);
    case Format::name: return print_names(kind, objects);
    case Format::yaml:
    case Format::json: break;
  }
  return print_documents(kind.list_kind(), objects, look);
}

std::string print(const std::vector<api::Object>& objects, const Look& look) {
  std::vector<std::pair<const api::Kind*, std::vector<api::Object>>> groups;  // kinds as they first appear
  for (const auto& object : objects) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == object.kind; });
    if (group == groups.end()) group = groups.insert(group, {object.kind, {}});
    group->second.push_back(object);
  }
  if (groups.size() != 1 && (look.format == Format::yaml || look.format == Format::json))
    return print_documents("List", objects, look);
  std::string text;
  for (const auto& [kind, members] : groups) text += print(*kind, members, look);
  return text;
}

void sort_as_shown(const api::Kind& kind, std::vector<api::Object>& objects) {
  if (kind.name != "Tier") return;
  const auto order = [](const api::Object& object) {
    return static_cast<const api::Tier*>(object.data.get())->spec.order.value_or(HUGE_VAL);
  };
  std::stable_sort(objects.begin(), objects.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });
}

}  // namespace weft::ctl
