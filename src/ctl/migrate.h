#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/store.h"

/// Everything of a cluster as one text, and back (`datastore migrate`): resources as YAML, a line of "===", the
/// ClusterInformation as JSON, "===", and IPAM's objects as JSON. Calico's format.
namespace weft::ctl {

/// Resources but profiles and workloads' endpoints, which others make anew. The store must be locked.
Result<std::string> export_cluster(store::Store& store);

struct Imported {
  std::size_t resources = 0, ipam = 0;
};
/// Into a store that holds none yet; it is locked afterwards.
Result<Imported> import_cluster(store::Store& store, std::string_view text);

/// A locked store is not acted upon: ClusterInformation says that it is not ready.
Result<> lock(store::Store& store, bool locked);

}  // namespace weft::ctl
