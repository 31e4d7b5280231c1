#include "ctl/print.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "api/tier.h"
#include "base/file.h"
#include "base/strings.h"
#include "ctl/template_output.h"
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

/// The columns that are asked for; a nullptr is that of the namespace.
Result<std::vector<const schema::Column*>> columns_of(const api::Kind& kind, const Look& look) {
  const auto& known = kind.schema().columns;
  std::vector<const schema::Column*> columns;
  if (look.format == Format::columns) {
    for (const auto& heading : look.columns) {
      const auto found = std::find_if(known.begin(), known.end(), [&](const auto& c) { return c.heading == heading; });
      if (found == known.end() && !(heading == "NAMESPACE" && kind.namespaced)) {
        std::vector<std::string> headings;
        for (const auto& column : known) headings.emplace_back(column.heading);
        if (kind.namespaced) headings.emplace_back("NAMESPACE");
        return fail(Code::invalid,
                    fmt::format("unknown heading {}, valid values are: {}", heading, join(headings, ", ")));
      }
      columns.push_back(found == known.end() ? nullptr : &*found);
    }
    return columns;
  }
  if (look.show_namespace && kind.namespaced) columns.push_back(nullptr);
  for (const auto& column : known) {
    if (column.is_in(look.format == Format::wide)) columns.push_back(&column);
  }
  return columns;
}

Result<std::string> print_table(const api::Kind& kind, const std::vector<api::Object>& objects, const Look& look) {
  const auto columns = TRY(columns_of(kind, look));
  Table table(1);
  for (const auto* column : columns) table[0].emplace_back(column ? column->heading : "NAMESPACE");
  for (const auto& object : objects) {
    auto& row = table.emplace_back();
    for (const auto* column : columns)
      row.push_back(column ? column->text(object.data.get(), look.facts) : object.metadata().namespace_);
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

schema::Value list_value(const api::Kind& kind, const std::vector<api::Object>& objects, const Look& look) {
  schema::Array items;
  for (const auto& object : objects) items.push_back(object.value());
  schema::Object metadata;
  if (!look.revision.empty()) metadata.set("resourceVersion", look.revision);
  return schema::Object{
      {"kind", kind.list_kind()}, {"apiVersion", "projectcalico.org/v3"}, {"metadata", metadata}, {"items", items}};
}

std::string print_value(const schema::Value& value, const Look& look) {
  if (look.format == Format::yaml) return schema::to_yaml(value);
  return schema::to_json(value, 2) + (look.line_end ? "\n" : "");
}

}  // namespace

Result<Look> parse_output(std::string_view text) {
  const auto equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const std::string value(equals == std::string_view::npos ? "" : text.substr(equals + 1));
  const bool has_value = equals != std::string_view::npos;
  if (name == "custom-columns") {
    if (value.empty()) return fail(Code::invalid, "need to specify at least one column");
    return Look{.format = Format::columns, .columns = split(value, ',')};
  }
  if (name == "go-template") {
    if (value.empty()) return fail(Code::invalid, "need to specify a template");
    return Look{.format = Format::go_template, .go_template = value};
  }
  if (name == "go-template-file") {
    if (value.empty()) return fail(Code::invalid, "need to specify a template file");
    return Look{.format = Format::go_template, .go_template = TRY(read_file(value))};
  }
  if (!has_value && (text.empty() || text == "ps" || text == "table")) return Look{};
  if (text == "wide") return Look{.format = Format::wide};
  if (text == "yaml" || text == "yml") return Look{.format = Format::yaml};
  if (text == "json") return Look{.format = Format::json};
  if (text == "name") return Look{.format = Format::name};
  return fail(Code::invalid,
              fmt::format("unrecognized output format '{}'; known are ps (table), wide, yaml, json, name, "
                          "custom-columns=NAME,…, go-template=TEXT and go-template-file=PATH",
                          text));
}

Result<std::string> print(const api::Kind& kind, const std::vector<api::Object>& objects, const Look& look) {
  switch (look.format) {
    case Format::table:
    case Format::wide:
    case Format::columns: return print_table(kind, objects, look);
    case Format::name: return print_names(kind, objects);
    case Format::go_template: {
      auto list = look.single ? template_value(objects.at(0)) : template_list(kind, objects, look.revision);
      return execute_template(look.go_template, templates::Value::list({std::move(list)}), look.facts);
    }
    case Format::yaml:
    case Format::json: break;
  }
  if (look.single && objects.size() == 1) return print_value(objects.front().value(), look);
  return print_value(list_value(kind, objects, look), look);
}

Result<std::string> print(const std::vector<api::Object>& objects, const Look& look) {
  if (look.format == Format::go_template) {
    templates::List values;
    for (const auto& object : objects) values.push_back(template_value(object));
    return execute_template(look.go_template, templates::Value::list(std::move(values)), look.facts);
  }
  if (look.format == Format::yaml || look.format == Format::json) {
    if (objects.empty()) return print_value(nullptr, look);
    if (objects.size() == 1) return print_value(objects.front().value(), look);
    schema::Array items;
    for (const auto& object : objects) items.push_back(object.value());
    return print_value(std::move(items), look);
  }
  std::vector<std::pair<const api::Kind*, std::vector<api::Object>>> groups;  // kinds as they first appear
  for (const auto& object : objects) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == object.kind; });
    if (group == groups.end() || look.each) group = groups.insert(groups.end(), {object.kind, {}});
    group->second.push_back(object);
  }
  std::string text;
  for (const auto& [kind, members] : groups) text += TRY(print(*kind, members, look));
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
