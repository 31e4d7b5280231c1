#pragma once

#include "base/result.h"
#include "schema/value.h"

namespace weft::ctl {

/// Keys and their parts, both ways, and names of workload endpoints:
///   {"op": "key", "type", "fields": {…}} → {"out_path", "roundtrips"} or {"error"}
///   {"op": "path", "path"} → {"out_type", "out_fields", "roundtrips"} or {"no_key": true}
///   {"op": "wepname", "fields": {…}, "names": […]} → {"out_name" or "error", "out_prefix" or "prefix_error",
///   "matches"}
///   {"op": "wepparse", "name"} → {"parsed"} or {"error"}
Result<schema::Object> answer_key(const schema::Object& question);

}  // namespace weft::ctl
