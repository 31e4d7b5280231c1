#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weft::net {

/// Ports first..last, both included.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;

  static Result<PortRange> parse(std::string_view text);  // "80" or "8000:8100"
  bool contains(std::uint16_t port) const { return first <= port && port <= last; }
  auto operator<=>(const PortRange&) const = default;
};
std::string to_string(const PortRange& range);

/// IP protocol numbers (IANA) that have a name in the data model: TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite.
struct Protocol {
  std::uint8_t number = 0;

  static Result<Protocol> parse(std::string_view text);  // a name, any case, or 1..255
  bool has_ports() const { return number == 6 || number == 17 || number == 132; }
  auto operator<=>(const Protocol&) const = default;
};
/// "TCP", … or the number.
std::string to_string(const Protocol& protocol);

inline constexpr Protocol icmp{1}, tcp{6}, udp{17}, icmpv6{58}, sctp{132}, udplite{136};

}  // namespace weft::net
