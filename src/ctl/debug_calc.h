#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "store/store.h"

namespace weft::ctl {

/// `weft debug calc`: what the agent of a node would make of the store now. See docs/debug.md.
void add_debug_calc(cli::Command& debug);

/// The same, on standard output; what cannot be read goes to the log. Writes nothing anywhere else.
/// @param environment  settings that win over the store, as of the agent
Result<> print_calc(store::Store& store, const std::string& node,
                    const std::map<std::string, std::string>& environment);

}  // namespace weft::ctl
