#include <cctype>

#include <fmt/core.h>

#include "agent/agent.h"
#include "base/file.h"
#include "base/strings.h"

namespace weft::agent {
namespace {

/// An INI file: "Name = value" lines, sections in brackets, comments after # or ; at the start of a line.
Result<> read_ini(const std::string& text, const std::string& file, std::map<std::string, std::string>& out) {
  int number = 0;
  for (const auto& raw : split(text, '\n')) {
    ++number;
    const auto line = trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';' || line.front() == '[') continue;
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return fail(Code::invalid, fmt::format("{}:{}: \"{}\" is not NAME = VALUE", file, number, line));
    out.insert_or_assign(to_lower(trim(line.substr(0, equals))), std::string(trim(line.substr(equals + 1))));
  }
  return {};
}

}  // namespace

Result<std::map<std::string, std::string>> read_environment(char** variables, const std::string& file) {
  std::map<std::string, std::string> settings;
  if (file_exists(file)) TRY(read_ini(TRY(read_file(file)), file, settings));
  for (; *variables; ++variables) {
    const std::string_view variable = *variables;
    const auto equals = variable.find('=');
    const std::string name = to_lower(variable.substr(0, equals));
    if (name.starts_with("felix_")) settings.insert_or_assign(name.substr(6), std::string(variable.substr(equals + 1)));
  }
  return settings;
}

}  // namespace weft::agent
