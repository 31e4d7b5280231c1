#pragma once

#include <string_view>

#include "schema/value.h"

namespace weft::schema {

/// The value of an unquoted scalar by YAML 1.2's core schema: null, true, 12, 0x1f, 0o17, 1.5, or text.
/// @return an error for .inf and .nan, which JSON cannot hold
Result<Value> yaml_scalar(std::string_view text);

/// Whether a reader of YAML 1.1 (Go's among them) may take this unquoted scalar for something other than text: also
/// yes, off, dates, 1_000 and 0777. What is printed quotes them.
bool is_ambiguous_in_yaml(std::string_view text);

}  // namespace weft::schema
