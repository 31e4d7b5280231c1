#pragma once

#include <optional>
#include <vector>

#include "api/selector.h"
#include "ctl/print.h"
#include "ctl/request.h"

namespace weft::ctl {

/// `get -w`: shows what is there, then each change until it is interrupted.
/// @param look  revision: of `objects`
Result<int> watch(store::Store& store, const api::Kind& kind, const Request& request, const Look& look,
                  const std::optional<api::Selector>& selector, std::vector<api::Object> objects);

}  // namespace weft::ctl
