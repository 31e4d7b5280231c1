#pragma once

#include <linux/rtnetlink.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "kernel/netlink.h"
#include "net/cidr.h"

namespace weft::kernel {

/// A route as the kernel shows it. `type` RTN_UNICAST or RTN_BLACKHOLE, …; numbers as rtnetlink(7) has them.
///
/// IPv6 differs: it has no scope (reads as RT_SCOPE_UNIVERSE), and metric 0 becomes 1024; normalized() does to a wanted
/// route what the kernel does to it, so that both compare equal.
struct Route {
  net::Cidr dst;
  std::uint32_t table = RT_TABLE_MAIN;
  std::uint32_t metric = 0;  // lower wins
  std::uint8_t tos = 0;
  std::uint8_t type = RTN_UNICAST;
  std::uint8_t protocol = RTPROT_BOOT;     // who made it
  std::uint8_t scope = RT_SCOPE_UNIVERSE;  // of the destination; RT_SCOPE_LINK without gateway
  int device = 0;                          // interface index; 0: none (blackhole, several next hops)
  std::optional<net::Ip> gateway;
  std::optional<net::Ip> source;  // preferred source address
  bool onlink = false;            // the gateway is on the link although no address says so
  std::uint32_t mtu = 0;          // bytes; 0: the device's

  /// What the kernel holds at most one of (several of one key, as `append` makes, are nobody's of ours).
  auto key() const { return std::tuple(table, dst, tos, metric); }
  bool operator==(const Route&) const = default;
  Route normalized() const;
};
std::string to_string(const Route& route);

/// Which routes to list; the kernel filters.
struct RouteFilter {
  std::optional<net::Family> family;  // nullopt: both
  std::uint32_t table = 0;            // 0: all
  std::uint8_t protocol = 0;          // 0: any
  int device = 0;                     // 0: any
};

/// @return empty for a table or device that does not exist. Routes of the cache (PMTU exceptions) are not listed
Result<std::vector<Route>> list_routes(Socket& socket, const RouteFilter& filter = {});

/// Adds the route, or replaces the one with the same key.
/// @return not_found when the device is gone, unavailable (ENETDOWN) when it is down
Message put_route(const Route& route);
/// Deletes the route. @return not_found (ESRCH) when there is none like it
Message delete_route(const Route& route);

/// Payload of RTM_NEWROUTE and RTM_DELROUTE.
Result<Route> parse_route(Payload payload);

}  // namespace weft::kernel
