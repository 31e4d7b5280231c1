#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "kernel/netlink.h"
#include "net/cidr.h"

namespace weft::kernel {

/// An address on an interface.
struct InterfaceAddress {
  int device = 0;           // interface index
  net::Address address;     // with the length of its network
  std::uint8_t scope = 0;   // RT_SCOPE_…: 0 global, 253 link, 254 host
  bool no_dad = false;      // IPv6: use it at once, without duplicate detection
  bool tentative = false;   // IPv6, as read: not usable yet, or a duplicate
  bool deprecated = false;  // as read: preferred lifetime is over
  auto key() const { return std::pair(device, address); }
  bool operator==(const InterfaceAddress&) const = default;
};

/// Of all interfaces, or of one. @param device  0: all
Result<std::vector<InterfaceAddress>> list_addresses(Socket& socket, int device = 0);
/// Adds, or changes the flags of one that is there.
Result<> put_address(Socket& socket, const InterfaceAddress& address);
/// @return not_found when it is not there
Result<> delete_address(Socket& socket, const InterfaceAddress& address);

/// Payload of RTM_NEWADDR and RTM_DELADDR.
Result<InterfaceAddress> parse_address(Payload payload);

}  // namespace weft::kernel
