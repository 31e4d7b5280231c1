#pragma once

#include "cli/command.h"

namespace weft::lab {

/// `weft lab …`
void add_commands(cli::Command& root);

}  // namespace weft::lab
