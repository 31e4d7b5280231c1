#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "confd/backend.h"
#include "schema/value.h"

namespace weft::confd {
namespace {

bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos;
}

std::optional<std::string> from_folder(const std::string& folder, const std::string& name, const std::string& key) {
  if (!is_plain_name(name) || !is_plain_name(key)) return std::nullopt;
  const auto text = read_file(folder + "/" + name + "/" + key);
  if (!text) return std::nullopt;
  return std::string(trim(*text));  // editors end files with a newline
}

std::optional<std::string> from_file(const std::string& path, const std::string& name, const std::string& key) {
  const auto text = read_file(path);
  const auto documents =
      text ? schema::parse_yaml(*text) : Result<std::vector<schema::Value>>(std::unexpected(text.error()));
  if (!documents) {
    log::error("secrets cannot be read", {{"path", path}, {"error", documents.error().message}});
    return std::nullopt;
  }
  for (const auto& document : *documents) {
    const auto* secret = document.as_object() ? document.as_object()->find(name) : nullptr;
    const auto* value = secret && secret->as_object() ? secret->as_object()->find(key) : nullptr;
    if (value && value->as_string()) return *value->as_string();
  }
  return std::nullopt;
}

}  // namespace

bgp::Secrets secrets_at(const std::string& path) {
  if (path.empty()) return {};
  return [path](const std::string& name, const std::string& key) -> std::optional<std::string> {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return from_folder(path, name, key);
    return from_file(path, name, key);
  };
}

}  // namespace weft::confd
