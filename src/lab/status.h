#pragma once

#include "lab/lab.h"

namespace weft::lab {

/// What runs and which revision is in force, to standard output.
Result<> print_status(const Lab& lab);
Result<> list_pods(const Lab& lab, bool json);

}  // namespace weft::lab
