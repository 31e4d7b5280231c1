#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "templates/node.h"

namespace weft::templates {

/// The templates of one text: the text itself under its own name, and what it defines.
using Trees = std::map<std::string, NodePtr, std::less<>>;

/// Parses a template (Go text/template). Errors read "template: name:line: what".
/// @param is_function  knows the names that may be called
Result<Trees> parse_template(const std::string& name, std::string_view text,
                             const std::function<bool(std::string_view)>& is_function);

}  // namespace weft::templates
