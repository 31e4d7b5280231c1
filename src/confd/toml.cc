#include "confd/toml.h"

#include <fmt/core.h>

#include <sstream>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace weft::confd {
namespace {

schema::Value convert(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    schema::Object object;
    for (const auto& [name, member] : *table) object.set(std::string(name.str()), convert(member));
    return object;
  }
  if (const auto* array = node.as_array()) {
    schema::Array list;
    for (const auto& item : *array) list.push_back(convert(item));
    return list;
  }
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* real = node.as_floating_point()) return real->get();
  if (const auto* truth = node.as_boolean()) return truth->get();
  std::ostringstream out;
  if (const auto* date = node.as_date())
    out << date->get();
  else if (const auto* time = node.as_time())
    out << time->get();
  else if (const auto* both = node.as_date_time())
    out << both->get();
  return out.str();
}

}  // namespace

Result<schema::Value> parse_toml(std::string_view text) {
  const toml::parse_result result = toml::parse(text);
  if (result) return convert(result.table());
  const auto& error = result.error();
  return fail(Code::invalid, fmt::format("line {}, column {}: {}", error.source().begin.line,
                                         error.source().begin.column, std::string_view(error.description())));
}

}  // namespace weft::confd
