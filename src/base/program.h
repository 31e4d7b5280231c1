#pragma once

#include <string>

namespace weft {

/// Path of the running program; where it lay, when it has been replaced or removed since. "weft" when /proc does not
/// say.
std::string own_program();

}  // namespace weft
