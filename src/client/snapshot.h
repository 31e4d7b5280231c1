#pragma once

#include "api/changes.h"
#include "client/sync.h"
#include "store/store.h"

namespace weft::client {

/// Everything of a store that an agent's tables hold, as of one revision.
struct Snapshot {
  api::Changes tables;  // complete and in sync
  BadKeys bad;          // keys that hold something we cannot read; their rows are absent
};
Result<Snapshot> snapshot(store::Store& store);

}  // namespace weft::client
