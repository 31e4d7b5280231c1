#pragma once

#include <string_view>

#include "base/result.h"
#include "schema/value.h"

/// Changes to JSON documents.
namespace weft::ctl {

/// "strategic", "merge" or "json".
/// @param text  the patch, JSON or YAML
/// @return      Code::invalid: no such type, no patch, a path that is not there, a test that fails
Result<schema::Value> apply_patch(std::string_view type, std::string_view text, schema::Value document);

/// RFC 7386: members replace, null removes.
schema::Value merge_patch(schema::Value document, const schema::Value& patch);
/// Kubernetes' strategic merge patch. No type of Calico merges lists, so lists are replaced; "$patch": "replace" and
/// "delete" are understood.
Result<schema::Value> strategic_patch(schema::Value document, const schema::Value& patch);
/// RFC 6902.
Result<schema::Value> json_patch(schema::Value document, const schema::Value& operations);

}  // namespace weft::ctl
