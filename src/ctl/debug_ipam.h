#pragma once

#include "cli/command.h"
#include "ipam/ipam.h"
#include "schema/value.h"

namespace weft::ctl {

/// Carries out the operation that the question's member `op` names: IPAM as Calico's library has it, its arguments and
/// results by their names. See docs/debug.md.
Result<schema::Object> answer_ipam(ipam::Ipam& ipam, const schema::Object& question);

/// `weft debug ipam`, on the store that is configured.
void add_debug_ipam(cli::Command& debug);

}  // namespace weft::ctl
