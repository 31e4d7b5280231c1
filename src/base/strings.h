#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft {

/// Parts between separators; empty parts are kept, an empty text has no parts.
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
/// Without blanks, tabs and line ends on both sides.
std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
/// For one line of output: control characters as they are written in C, such as \n or \x1b.
std::string printable(std::string_view text);

}  // namespace weft
