#pragma once

#include <string>

#include "lab/lab.h"

namespace weft::lab {

/// Prints log lines to standard output. @param node a node, "etcd", or empty for all nodes
/// @param component  only lines of that component; empty: all. @param follow  goes on until the lab ends
Result<> show_logs(const Lab& lab, const std::string& node, const std::string& component, bool follow);

}  // namespace weft::lab
