#include "ctl/print.h"

#include <algorithm>

#include <fmt/core.h>

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

std::string print_table(const api::Kind& kind, const std::vector<api::Object>& objects, bool wide, bool show_namespace,
                        const schema::Facts& facts) {
  Table table(1);
  std::vector<const schema::Column*> columns;
  if (show_namespace && kind.namespaced) table[0].emplace_back("NAMESPACE");
  for (const auto& column : kind.schema().columns) {
    if (column.show == (wide ? schema::Show::narrow : schema::Show::wide)) continue;
    columns.push_back(&column);
    table[0].emplace_back(column.heading);
  }
  for (const auto& object : objects) {
    auto& row = table.emplace_back();
    if (show_namespace && kind.namespaced) row.push_back(object.metadata().namespace_);
    for (const auto* column : columns) row.push_back(column->text(object.data.get(), facts));
  }
  return lay_out(table);
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

std::string print(const api::Kind& kind, const std::vector<api::Object>& objects, Format format, bool single,
                  bool show_namespace, const schema::Facts& facts) {
  if (format == Format::table || format == Format::wide)
    return print_table(kind, objects, format == Format::wide, show_namespace, facts);
  if (format == Format::name) {
    std::string text;
    for (const auto& object : objects) {
      const auto& m = object.metadata();
      text += fmt::format("{}/{}\n", kind.plural, m.namespace_.empty() ? m.name : m.namespace_ + '/' + m.name);
    }
    return text;
  }
  schema::Value value;
  if (single && objects.size() == 1) {
    value = objects.front().value();
  } else {
    schema::Array items;
    for (const auto& object : objects) items.push_back(object.value());
    value = schema::Object{{"kind", kind.list_kind()},
                           {"apiVersion", "projectcalico.org/v3"},
                           {"metadata", schema::Object{}},
                           {"items", items}};
  }
  return format == Format::yaml ? schema::to_yaml(value) : schema::to_json(value, 2) + '\n';
}

}  // namespace weft::ctl
