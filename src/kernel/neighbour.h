#pragma once

#include <linux/neighbour.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "kernel/netlink.h"
#include "net/ip.h"
#include "net/mac.h"

namespace weft::kernel {

/// A neighbour (ARP, NDP) entry, or a proxy entry: an address we answer for on a device.
struct Neighbour {
  int device = 0;  // interface index
  net::Ip ip;
  std::optional<net::Mac> mac;  // none: not resolved, or a proxy entry
  std::uint16_t state = NUD_PERMANENT;
  bool proxy = false;
  std::uint8_t protocol = 0;  // who made it (NDA_PROTOCOL, as of routes); 0: not said
  auto key() const { return std::tuple(device, ip, proxy); }
  bool operator==(const Neighbour&) const = default;
};

/// Neighbour entries of all devices or of one; proxy entries with `proxy`. @param device  0: all
Result<std::vector<Neighbour>> list_neighbours(Socket& socket, int device = 0, bool proxy = false);

/// Adds the entry, or replaces the one of the same address on the device.
Message put_neighbour(const Neighbour& neighbour);
/// @return not_found when there is none
Message delete_neighbour(const Neighbour& neighbour);

/// Payload of RTM_NEWNEIGH and RTM_DELNEIGH. Entries of bridges (AF_BRIDGE) are `unsupported`.
Result<Neighbour> parse_neighbour(Payload payload);

}  // namespace weft::kernel
