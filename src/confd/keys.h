#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "templates/value.h"

namespace weft::confd {

/// The keys that one template sees, its prefix taken off; each starts with a slash.
using Keys = std::map<std::string, std::string, std::less<>>;

/// Whether a key matches a pattern of Go's path.Match: `*` and `?` do not match a slash, `[a-c]`, `[^x]`, `\` quotes.
/// @return  Code::invalid "syntax error in pattern"
Result<bool> match_path(std::string_view pattern, std::string_view name);

/// exists, get, gets, getv, getvs, ls, lsdir over `keys`, which may change between executions.
templates::Functions key_functions(std::shared_ptr<const Keys> keys);

/// "//a/./b/" -> "/a/b", as Go's path.Clean.
std::string clean_path(std::string_view path);

}  // namespace weft::confd
