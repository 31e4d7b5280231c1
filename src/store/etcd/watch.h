#pragma once

#include <memory>
#include <string>

#include "store/etcd/rpc.h"
#include "store/store.h"

namespace weft::store::etcd {

/// The end of the range of keys that start with `prefix`; "\0" when there is no upper end.
std::string end_of(std::string prefix);

/// Runs a watch on a thread and a stream of its own.
std::unique_ptr<Watch> start_watch(std::shared_ptr<Rpc> rpc, std::string prefix, Revision after, Watcher watcher);

}  // namespace weft::store::etcd
