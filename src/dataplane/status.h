#pragma once

#include <map>
#include <set>
#include <string>

#include "dataplane/dataplane.h"
#include "kernel/link.h"

namespace weft::dataplane {

/// What keeps endpoints from being up, collected during an apply.
struct Troubles {
  std::map<std::string, std::string> interfaces;  // by interface: a refused route, neighbour or sysctl
  std::set<std::string> passing;                  // interfaces that went or came down while we wrote
  std::map<std::string, std::string> objects;     // what nftables refused, by name as Ruleset gives it
  std::string everything;                         // set: the whole ruleset is refused
};

/// The state of an endpoint: error before down before up.
/// @param link  of its interface; null: not there
EndpointStatus status_of(const plan::Endpoint& endpoint, const kernel::Link* link, const Troubles& troubles);

}  // namespace weft::dataplane
