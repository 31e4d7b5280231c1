#include "confd/toml.h"

#include <fmt/core.h>

#include <sstream>
#include <stdexcept>

#include "confd/utf8.h"

#define TOML_EXCEPTIONS 1
// toml++ 3.3 asserts, or in a release build assumes, things that bad input can break ("[/"): they become errors.
#undef NDEBUG
#define TOML_ASSERT(expression)                                \
  do {                                                         \
    if (!(expression)) throw std::logic_error("syntax error"); \
  } while (false)
#define TOML_ENABLE_FORMATTERS 0
#pragma GCC diagnostic push
#ifdef __clang__
#pragma GCC diagnostic ignored "-Wexceptions"
#else
#pragma GCC diagnostic ignored "-Wterminate"  // some of them stand in functions that cannot throw
#endif
#include <toml++/toml.h>
#pragma GCC diagnostic pop

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
  // toml++ 3.3 trips over its own assumptions when the text is no UTF-8.
  for (std::string_view rest = text; !rest.empty();) {
    const Rune rune = decode_rune(rest);
    if (!rune.valid()) return fail(Code::invalid, fmt::format("byte {}: is no UTF-8", text.size() - rest.size() + 1));
    rest.remove_prefix(rune.size);
  }
  try {
    return convert(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return fail(Code::invalid, fmt::format("line {}, column {}: {}", error.source().begin.line,
                                           error.source().begin.column, std::string_view(error.description())));
  } catch (const std::logic_error& error) {
    return fail(Code::invalid, error.what());
  }
}

}  // namespace weft::confd
