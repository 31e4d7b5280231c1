#pragma once

#include <string>

#include "base/result.h"
#include "store/store.h"

/// Objects that cannot go alone (datamodel 3.7).
namespace weft::ctl {

/// Deletes a node with all that is its own: addresses of its endpoints and tunnels, endpoints, blocks, BGP peers,
/// per-node configurations, host endpoints. What is there without a Node is cleaned up too.
/// @return Code::not_found when there is no Node
Result<> delete_node(store::Store& store, const std::string& name);

/// Deletes a pool: disables it, lets requests that have begun end, gives up its blocks. Addresses stay assigned.
Result<> delete_pool(store::Store& store, const std::string& name);

}  // namespace weft::ctl
