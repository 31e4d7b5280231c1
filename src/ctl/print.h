#pragma once

#include <string>
#include <vector>

#include "api/kinds.h"
#include "schema/description.h"

namespace weft::ctl {

/// -o: ps and table are the default table.
enum class Format { table, wide, yaml, json, name };
Result<Format> parse_format(std::string_view text);

/// The objects as calicoctl prints them. `single`: one that was asked for by name is printed by itself, not as a list.
/// @param show_namespace  a NAMESPACE column in tables. @param facts  what columns need besides the objects
std::string print(const api::Kind& kind, const std::vector<api::Object>& objects, Format format, bool single,
                  bool show_namespace, const schema::Facts& facts);

}  // namespace weft::ctl
