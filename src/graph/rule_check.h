#pragma once

#include "api/policy.h"

namespace weft::graph {

/// Whether a stored rule has one clear meaning (dataplane 4.6). What older versions let pass and still has one, such as
/// CIDRs of both families in one rule, is fine here. Errors name the field: "destination.ports: …".
Result<> check(const api::Rule& rule);

}  // namespace weft::graph
