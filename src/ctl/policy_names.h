#pragma once

#include <cstddef>

#include "base/result.h"
#include "store/store.h"

namespace weft::ctl {

/// Policies of the tier default lay under "default.NAME" before Calico 3.32; they are listed as NAME, but found by
/// their old name only (datamodel 4.4). Puts each under the name that it is listed by, in one transaction; one that is
/// there already wins. May be run again.
/// @return how many were moved
Result<std::size_t> migrate_policy_names(store::Store& store);

}  // namespace weft::ctl
