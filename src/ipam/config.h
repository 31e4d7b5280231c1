#pragma once

#include "api/ipam.h"
#include "store/store.h"

/// Settings of the whole cluster: the key /calico/ipam/v2/config (datamodel 3.4).
namespace weft::ipam {

/// As it is stored; while nothing is, nodes take blocks as they need them, affinity is not strict, there are no limits.
Result<api::IpamConfig> read_config(store::Store& store);

/// Replaces it, unless it is what is stored.
/// @return Code::invalid: neither strict affinity nor automatic blocks, or a limit of blocks without strict affinity
Result<> write_config(store::Store& store, const api::IpamConfig& config);

}  // namespace weft::ipam
