#pragma once

#include <string_view>

#include "schema/value.h"

namespace weft::schema {

/// The value of an unquoted scalar as Kubernetes' tools and calicoctl read it, which is YAML 1.1's: null, true, 12,
/// 1_000, 0x1f, 017 (octal), 1.5, or text. Words such as yes and off are text: see boolean_word.
/// @return an error for .inf and .nan, which JSON cannot hold
Result<Value> yaml_scalar(std::string_view text);

/// Whether a reader of YAML 1.1 (Go's among them) may take this unquoted scalar for something other than text: also
/// yes, off, dates, 1_000 and 0777. What is printed quotes them.
bool is_ambiguous_in_yaml(std::string_view text);

}  // namespace weft::schema
