#include "agent/node_name.h"

#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/strings.h"

namespace weft::agent {
namespace {

bool is_label(std::string_view text) {
  const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (text.empty() || !alnum(text.front()) || !alnum(text.back())) return false;
  for (const char c : text) {
    if (!alnum(c) && c != '-') return false;
  }
  return true;
}

Result<std::string> checked(std::string name, std::string_view source) {
  bool good = name.size() <= 253 && !name.empty();
  for (const auto& label : split(name, '.')) good = good && is_label(label);
  if (!good) {
    return fail(Code::invalid, std::string(source) + ": node name \"" + name +
                                   "\" is not a DNS-1123 subdomain (lower-case letters, digits, '-' and '.')");
  }
  return name;
}

}  // namespace

Result<std::string> node_name(const NodeNameSources& sources) {
  if (!sources.flag.empty()) return checked(sources.flag, "--node");
  for (const char* variable : {"FELIX_FELIXHOSTNAME", "NODENAME"}) {
    const char* value = sources.environment ? sources.environment(variable) : nullptr;
    if (value && *value) return checked(value, variable);
  }
  if (auto content = read_file(sources.file)) {
    const auto name = trim(*content);
    if (!name.empty()) return checked(std::string(name), sources.file);
  }
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0) return fail_errno(errno, "gethostname");
  return checked(to_lower(name), "host name");
}

}  // namespace weft::agent
