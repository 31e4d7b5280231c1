#pragma once

#include "base/result.h"
#include "lab/lab.h"

namespace weft::lab {

/// A bridge with the lab's own addresses, forwarding on. Runs in the lab's network namespace.
Result<> make_fabric();

/// Gives a node its eth0 on the fabric, its addresses and a default route.
Result<> add_to_fabric(pid_t lab_init, const NodeState& node, bool ipv6);

}  // namespace weft::lab
