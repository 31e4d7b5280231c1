#pragma once

#include <optional>
#include <string>

#include "ipam/ipam.h"

namespace weft::ipam {

/// Devices of a node that have an address from the pools.
enum class Tunnel { ipip, vxlan, vxlan_v6, wireguard, wireguard_v6 };

std::string tunnel_handle(Tunnel tunnel, std::string_view node);  // "ipip-tunnel-addr-node1"
std::string_view tunnel_type(Tunnel tunnel);                      // owner attribute `type`: "ipipTunnelAddress"

/// Gives the node's tunnel an address and writes it into the Node, or takes both away: ipip and vxlan have one while an
/// enabled pool of their encapsulation selects the node, wireguard while `wanted` (any enabled pool then). The address
/// that is there stays when it is still right. IPAM and Node change in one transaction.
/// @return  the address; nullopt: the tunnel needs none
Result<std::optional<net::Ip>> ensure_tunnel_address(Ipam& ipam, const std::string& node, Tunnel tunnel,
                                                     bool wanted = true);

}  // namespace weft::ipam
