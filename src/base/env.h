#pragma once

#include <optional>
#include <string>
#include <vector>

namespace weft {

/// An environment variable; nullopt when it is not set. A set but empty one is "".
std::optional<std::string> env(const std::string& name);
/// The same, or `otherwise` when it is not set or empty.
std::string env_or(const std::string& name, std::string otherwise);
/// All of them, as "NAME=value".
std::vector<std::string> environment();

}  // namespace weft
