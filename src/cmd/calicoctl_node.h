#pragma once

#include "cli/command.h"

namespace weft {

/// `calicoctl node`: status, diags, checksystem, run.
void add_calicoctl_node(cli::Command& root);

/// `weft node diags`.
void add_diags(cli::Command& node);

}  // namespace weft
