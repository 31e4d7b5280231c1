#pragma once

#include <span>
#include <string>
#include <string_view>

#include "templates/value.h"

/// Go's fmt package over template values.
namespace weft::templates {

/// Blanks between operands when neither is a string.
std::string sprint(std::span<const Value> values);
/// Blanks between all operands, and a newline.
std::string sprintln(std::span<const Value> values);
/// All verbs but %p of pointers, flags, widths, precisions, `*`, and argument indexes; mistakes show as in Go:
/// "%!d(string=x)".
std::string sprintf(std::string_view format, std::span<const Value> arguments);

/// Go's strconv.FormatFloat(value, verb, precision, 64); precision -1 is the shortest that reads back the same.
std::string format_real(double value, char verb, int precision);

}  // namespace weft::templates
