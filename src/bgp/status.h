#pragma once

#include <string>
#include <vector>

#include "bgp/control.h"
#include "net/ip.h"

namespace weft::bgp {

/// One row of calicoctl's table of peers.
struct PeerStatus {
  net::Ip address;
  std::string type;   // "node-to-node mesh", "node specific", "global"
  std::string state;  // up, start, …
  std::string since;
  std::string info;  // "Established", "Active Socket: Connection refused"
  /// The peer has restarted, and its routes of before are kept until it has sent them anew. Should it go away once more
  /// before that, they are given up (RFC 4724, 4.2).
  bool restarting = false;
  bool operator==(const PeerStatus&) const = default;
};

/// The BGP sessions among BIRD's protocols that Weft configured, by address.
std::vector<PeerStatus> peer_statuses(const std::vector<Protocol>& protocols);

/// What `calicoctl node status` prints about peers: a table for each family.
std::string peer_tables(const std::vector<PeerStatus>& peers);

/// Asks BIRD and gives the text of `weft node status`. @return Code::not_found when BIRD does not run
Result<std::string> node_status(const std::string& socket = std::string(default_control_socket));

}  // namespace weft::bgp
