#pragma once

#include "cli/command.h"

/// The commands of this folder, a line each group; commands.cc mounts them.
namespace weft::ctl {

void add_commands(cli::Command& root);

void add_resources(cli::Command& root);  // get, create, apply, replace, delete
void add_explain(cli::Command& root);
void add_ipam(cli::Command& root);

}  // namespace weft::ctl
