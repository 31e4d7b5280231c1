#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "templates/node.h"

namespace weft::templates {

/// The text of a Go string literal in double quotes or backquotes; "invalid syntax" otherwise.
Result<std::string> unquote(std::string_view literal);

/// Fills what the number of a Go literal can be: 10, 0x1F, 0b1, 0o7, 1_000, 1.5e3, 0x1p-2, 'a'.
Result<> read_number(Node& number, std::string_view literal);

}  // namespace weft::templates
