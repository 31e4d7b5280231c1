#pragma once

#include <functional>
#include <string>

#include "cli/command.h"

/// The commands of this folder, a line each group; commands.cc mounts them.
namespace weft::ctl {

void add_commands(cli::Command& root);

/// The program that is called as `calicoctl`: its commands, options, help and sentences.
/// @param add_more  adds the commands that are not of this folder
cli::Command calicoctl(const std::string& name, const std::function<void(cli::Command&)>& add_more);

void add_resources(cli::Command& root);  // get, create, apply, replace, delete, diff, edit, …
void add_datastore(cli::Command& root);
void add_explain(cli::Command& root);
void add_ipam(cli::Command& root);

}  // namespace weft::ctl
