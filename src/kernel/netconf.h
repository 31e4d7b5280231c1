#pragma once

#include <linux/netconf.h>

#include <optional>

#include "base/result.h"
#include "kernel/netlink.h"
#include "net/ip.h"

namespace weft::kernel {

/// Settings under net/ipvX/conf that the kernel tells changes of (RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF); those
/// that a message does not speak of are not set.
struct Netconf {
  static constexpr int all = NETCONFA_IFINDEX_ALL, defaults = NETCONFA_IFINDEX_DEFAULT;

  net::Family family = net::Family::v4;
  int device = 0;  // interface index, all or defaults
  std::optional<bool> forwarding;
  std::optional<int> rp_filter;
  std::optional<bool> proxy_neighbours;  // proxy_arp, proxy_ndp

  bool operator==(const Netconf&) const = default;
};

/// Payload of RTM_NEWNETCONF. Other families are `unsupported`.
Result<Netconf> parse_netconf(Payload payload);

}  // namespace weft::kernel
