#pragma once

#include <string_view>

#include "base/result.h"
#include "schema/value.h"

namespace weft::confd {

/// A TOML document as a JSON value; dates become strings. Errors say line and column.
Result<schema::Value> parse_toml(std::string_view text);

}  // namespace weft::confd
