#pragma once

#include "base/result.h"
#include "schema/value.h"

namespace weft::ctl {

/// {"selector", "labels": [{…}, …], "inherit": [{"labels": {…}, "parents": [{…}, …]}]} →
/// {"ok": true, "canonical", "uid", "match": [bool…], "inherit": [bool…]}.
Result<schema::Object> answer_selector(const schema::Object& question);

}  // namespace weft::ctl
