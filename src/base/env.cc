#include "base/env.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace weft {

std::optional<std::string> env(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

std::string env_or(const std::string& name, std::string otherwise) {
  auto value = env(name);
  return value && !value->empty() ? *std::move(value) : std::move(otherwise);
}

std::vector<std::string> environment() {
  std::vector<std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) all.emplace_back(*entry);
  return all;
}

}  // namespace weft
