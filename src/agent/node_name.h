#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace weft::agent {

/// Where a node's name may come from; `environment` is getenv(3) or a test's.
struct NodeNameSources {
  std::string flag;  // --node
  std::function<const char*(const char*)> environment;
  std::string file = "/var/lib/calico/nodename";
};

/// The first of: --node, FELIX_FELIXHOSTNAME, NODENAME, the nodename file, the host name in lower case. Names are
/// checked: DNS-1123 subdomains.
Result<std::string> node_name(const NodeNameSources& sources);

}  // namespace weft::agent
