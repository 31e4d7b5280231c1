#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernel/netlink.h"
#include "net/ip.h"

namespace weft::kernel {

/// One direction of a tracked connection.
struct Tuple {
  net::Ip source;
  net::Ip destination;
  Bytes protocol;  // attributes of CTA_TUPLE_PROTO, as the kernel gave them
  std::uint16_t zone = 0;
  bool operator==(const Tuple&) const = default;
};

/// A tracked connection.
struct Connection {
  Tuple original;
  Tuple reply;
  std::uint32_t id = 0;
  std::uint16_t zone = 0;  // of both directions
  auto key() const { return id; }
  bool operator==(const Connection&) const = default;
};

/// All connections of a family. @param socket  of NETLINK_NETFILTER
Result<std::vector<Connection>> list_connections(Socket& socket, net::Family family);

/// How many there are in this network namespace, both families. Costs microseconds.
Result<std::uint32_t> count_connections(Socket& socket);

/// Deletes the connections that have one of the addresses as an end: as the source of the original direction (the end
/// that began) or of the reply (the end that answers, behind any destination NAT). None there is fine.
///
/// Up to four IPv4 addresses are matched by the kernel in two passes over its table each; more, and IPv6 addresses, are
/// found in one dump per family and deleted one by one. Kernels that do not filter deletions are noticed and served the
/// second way. (IPv6: the kernel's filter has its comparison inverted and would delete everybody else's connections.)
///
/// @time  one walk over the kernel's table (nf_conntrack_buckets) takes 5 to 40 ms; nothing when there are none
/// @return invalid when the kernel has no connection tracking
/// @source linux/netfilter/nfnetlink_conntrack.h, CTA_FILTER
Result<> forget_connections(Socket& socket, std::span<const net::Ip> addresses);

/// Payload of IPCTNL_MSG_CT_NEW.
Result<Connection> parse_connection(Payload payload);

}  // namespace weft::kernel
