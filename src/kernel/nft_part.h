#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kernel/nft.h"
#include "net/cidr.h"
#include "net/port.h"

/// The pieces that rules are made of, each with the text that `nft list` prints for it. They load a field of the packet
/// into a register and compare it; a packet that lacks the field matches nothing, also not a negation.
namespace weft::kernel::nft {

// Data types, as the nft program numbers them; a concatenation shifts each by six bits.
inline constexpr std::uint32_t type_ipv4 = 7, type_ipv6 = 8, type_protocol = 12, type_service = 13, type_ifname = 41;
inline constexpr std::uint32_t concat(std::uint32_t a, std::uint32_t b) { return a << 6 | b; }
inline constexpr std::uint32_t type_of(net::Family family) { return family == net::Family::v4 ? type_ipv4 : type_ipv6; }

enum class End { source, destination };
enum class Way { in, out };

// --- keys of elements

std::string key(const net::Ip& ip);
/// ifname . address
std::string key(std::string_view interface, const net::Ip& ip);
std::string key(std::string_view interface);
/// address . protocol . port
std::string key(const net::Ip& ip, net::Protocol protocol, std::uint16_t port);
Element interval(const net::Cidr& cidr);
/// Without those that another covers; sorted.
std::vector<net::Cidr> disjoint(std::vector<net::Cidr> cidrs);
std::vector<net::PortRange> disjoint(std::vector<net::PortRange> ranges);

// --- matches

/// @param pattern  an interface name; with `*` or `+` at its end, a prefix
Part interface(Way way, std::string_view pattern);
/// `shown` false: nft leaves it out because what follows implies it.
Part family(net::Family family, bool shown = true);
Part protocol(net::Protocol protocol, bool negated = false, bool shown = true);
Part protocols(std::span<const net::Protocol> protocols, bool negated = false, bool shown = true);
/// Any of the prefixes, which are of one family; not empty.
Part address(End end, std::span<const net::Cidr> cidrs, bool negated = false);
Part address_set(End end, net::Family family, const std::string& set, bool negated = false);
/// Any of the ranges; a part before it has to make sure that the protocol has ports.
/// @param header  "tcp", "udp", "sctp" or "th", for the text
Part ports(End end, std::span<const net::PortRange> ranges, std::string_view header, bool negated = false);
/// address . protocol . port in the set
Part port_set(End end, net::Family family, const std::string& set, bool negated = false);
/// Type, and code if given; the negation is NOT (type AND code). A part before it makes sure of the protocol.
Part icmp(net::Family family, std::uint8_t type, std::optional<std::uint8_t> code, bool negated = false);
Part icmp_types(net::Family family, std::span<const std::uint8_t> types);
/// Bits: 1 invalid, 2 established, 4 related, 8 new, 64 untracked.
Part ct_state(std::uint32_t bits);
Part mark_has(std::uint32_t bit);
/// Input interface and source address in the set of ifname . address.
Part interface_source(net::Family family, const std::string& set);

// --- what happens

Part accept();
Part drop();
Part return_();
Part jump(const std::string& chain);
Part goto_(const std::string& chain);
/// Jumps where the map says for the interface; nothing when it is not in it.
Part interface_map(Way way, const std::string& map);
/// ICMP port unreachable.
Part reject();
Part mark_set(std::uint32_t bit);
Part mark_clear(std::uint32_t bit);
/// @param unit_seconds  1, 60, 3600, 86400
Part limit(std::uint64_t rate, std::uint64_t unit_seconds, std::uint32_t burst);
/// Level info; the prefix is cut at 127 bytes.
Part log(std::string_view prefix);
Part masquerade(std::optional<net::PortRange> ports);
Part snat(const net::Ip& to, std::optional<net::PortRange> ports);

}  // namespace weft::kernel::nft
