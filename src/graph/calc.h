#pragma once

#include <map>
#include <string>

#include "api/changes.h"

namespace weft::graph {

/// What the agent of a node would make of a cluster, as JSON text: what `weft debug calc` prints (docs/debug.md).
/// Everything that is active on the node, as Felix's calculation graph says it: also what is not programmed yet.
///
/// @param environment  as of Graph
/// @param cluster      every kind that the graph takes, complete
/// @return "{}" while the cluster says that its store is not ready
std::string calc(const std::string& node, const std::map<std::string, std::string>& environment,
                 const api::Changes& cluster);

}  // namespace weft::graph
