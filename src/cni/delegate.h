#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace weft::cni {

/// Executes another plug-in as the specification says: looked up along CNI_PATH, our environment with CNI_COMMAND set,
/// the configuration on its standard input.
/// @return  what it printed; when it failed, its error: Code::internal and its own JSON as message if it gave one
Result<std::string> delegate(const std::string& type, const std::string& verb,
                             std::map<std::string, std::string> environment, const std::string& config);

}  // namespace weft::cni
