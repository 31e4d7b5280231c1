#pragma once

#include "cli/command.h"

namespace weft::ctl {

/// `weft debug`: parts asked directly. See docs/debug.md.
void add_debug(cli::Command& root);

}  // namespace weft::ctl
