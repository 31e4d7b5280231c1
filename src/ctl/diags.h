#pragma once

#include <string>

#include "base/result.h"

namespace weft::ctl {

/// What somebody needs to find out what is wrong with this machine: the state of kernel, BIRD and agent, and the logs
/// of `log_folder`, in one compressed archive below `target`. Says on the standard output what it collects.
/// @return  the archive's path
Result<std::string> collect_diagnostics(const std::string& log_folder, const std::string& target);

}  // namespace weft::ctl
