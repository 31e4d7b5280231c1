#pragma once

#include "cli/command.h"

namespace weft::ctl {

/// get, create, apply, replace, delete, ipam, debug.
void add_commands(cli::Command& root);

}  // namespace weft::ctl
