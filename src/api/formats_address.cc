// Formats of addresses, interfaces and communities.
#include <algorithm>
#include <charconv>
#include <cstdint>

#include "api/formats.h"
#include "base/strings.h"
#include "net/cidr.h"
#include "net/mac.h"

namespace weft::api {

namespace {

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

Broken when(bool broken, std::string_view sentence) { return broken ? Broken(sentence) : std::nullopt; }

namespace check {

Broken address(std::string_view text);

Broken strict_cidr(std::string_view text) {
  if (text.find('/') == std::string_view::npos) return "must be an address with a prefix length such as 10.0.0.0/8";
  auto parsed = net::Cidr::parse(text);
  return parsed ? std::nullopt : Broken(parsed.error().message);
}

/// As Go reads a prefix: host bits may be set.
Broken loose_cidr(std::string_view text) {
  const bool good = text.find('/') != text.npos && net::Cidr::parse_loose(text);
  return when(!good, "must be an address with a prefix length such as 10.0.0.1/8");
}

Broken loose_cidr_or_address(std::string_view text) {
  return when(!net::Cidr::parse_loose(text), "must be an address, with or without a prefix length");
}

Broken cidr_or_address(std::string_view text) {
  if (text.find('/') != std::string_view::npos) return strict_cidr(text);
  return address(text);
}

Broken address(std::string_view text) {
  auto parsed = net::Ip::parse(text);
  return parsed ? std::nullopt : Broken(parsed.error().message);
}

Broken ipv4(std::string_view text) {
  const auto parsed = net::Ip::parse(text);
  return when(!parsed || !parsed->is_v4(), "must be an IPv4 address");
}

Broken ipv6(std::string_view text) {
  const auto parsed = net::Ip::parse(text);
  return when(!parsed || !parsed->is_v6(), "must be an IPv6 address");
}

Broken address_with_port(std::string_view text) {
  if (net::Ip::parse(text)) return std::nullopt;
  constexpr std::string_view rule = "must be an address, with a port as 10.0.0.1:180 or [fd00::1]:180";
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return Broken(rule);
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const auto ip = net::Ip::parse(host);
  const bool good =
      error == std::errc() && end == digits.data() + digits.size() && port > 0 && ip && ip->is_v6() == bracketed;
  return when(!good, rule);
}

Broken mac(std::string_view text) {
  auto parsed = net::Mac::parse(text);
  return parsed ? std::nullopt : Broken(parsed.error().message);
}

Broken host_cidr(std::string_view text) {
  const auto parsed = net::Cidr::parse_loose(text);
  return when(!parsed || !parsed->is_host(), "must be a single address: IPv4, IPv6, /32 or /128");
}

Broken protocol_spelling(std::string_view text) {
  const bool known =
      text == "TCP" || text == "UDP" || text == "ICMP" || text == "ICMPv6" || text == "SCTP" || text == "UDPLite";
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool numeric = error == std::errc() && end == text.data() + text.size() && number >= 1 && number <= 255;
  return when(!known && !numeric, "must be TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite or 1..255");
}

Broken port_protocol(std::string_view text) {
  const bool good = text == "TCP" || text == "UDP" || text == "SCTP" || text == "6" || text == "17" || text == "132";
  return when(!good, "protocol does not support ports: must be TCP, UDP or SCTP");
}

bool is_interface_char(char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; }

Broken interface_name(std::string_view text) {
  const bool good =
      text == "*" || (!text.empty() && text.size() <= 15 && std::all_of(text.begin(), text.end(), is_interface_char));
  return when(!good, "must be the name of an interface, at most 15 characters");
}

Broken ignored_interface(std::string_view text) {
  const bool good = !text.empty() && text != "*" && text.size() <= 15 &&
                    std::all_of(text.begin(), text.end(), [](char c) { return is_interface_char(c) || c == '*'; });
  return when(!good, "must be the name of an interface, with * for any characters, but not * alone");
}

Broken interface_pattern(std::string_view text) {
  const bool good = !text.empty() && text.size() <= 15 &&
                    std::all_of(text.begin(), text.end(), [](char c) { return is_interface_char(c) || c == '*'; });
  return when(!good, "must be the name of an interface, with * for any characters, at most 15");
}

Broken community_value(std::string_view text) {
  const auto parts = split(text, ':');
  const std::uint64_t most = parts.size() == 2 ? 0xffff : 0xffffffff;
  const bool good =
      (parts.size() == 2 || parts.size() == 3) && std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
        std::uint64_t number = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
        return error == std::errc() && end == part.data() + part.size() && number <= most;
      });
  return when(!good, "must be a community such as 65001:100, or a large one such as 65001:1:2");
}

Broken strict_community_value(std::string_view text) {
  for (const std::string& part : split(text, ':')) {
    if (part.size() > 1 && part.front() == '0') return "must be a community without leading zeros";
  }
  return community_value(text);
}

}  // namespace check
}  // namespace

const TextRule strict_cidr{.doc = "a prefix such as 10.0.0.0/8, host bits clear", .check = check::strict_cidr};
const TextRule loose_cidr{.doc = "an address with a prefix length", .check = check::loose_cidr};
const TextRule cidr_or_address{.doc = "an address, or a prefix with its host bits clear",
                               .check = check::cidr_or_address};
const TextRule loose_cidr_or_address{.doc = "an address, with or without a prefix length",
                                     .check = check::loose_cidr_or_address};
const TextRule address{.doc = "an IP address", .check = check::address};
const TextRule ipv4{.doc = "an IPv4 address", .check = check::ipv4};
const TextRule ipv6{.doc = "an IPv6 address", .check = check::ipv6};
const TextRule address_with_port{.doc = "an address, with a port as 10.0.0.1:180 or [fd00::1]:180",
                                 .check = check::address_with_port};
const TextRule mac{.doc = "a MAC address", .check = check::mac};
const TextRule host_cidr{.doc = "a single address, also as /32 or /128", .check = check::host_cidr};
const TextRule protocol_spelling{
    .doc = "TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite or 1..255",
    .pattern = "^(TCP|UDP|ICMP|ICMPv6|SCTP|UDPLite|0*([1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5]))$",
    .check = check::protocol_spelling};
const TextRule port_protocol{
    .doc = "TCP, UDP or SCTP", .pattern = "^(TCP|UDP|SCTP|6|17|132)$", .check = check::port_protocol};
const TextRule interface_name{.doc = "the name of an interface", .check = check::interface_name};
const TextRule ignored_interface{.doc = "the name of an interface, * for any characters, but not * alone",
                                 .pattern = "^[a-zA-Z0-9_.*-]{1,15}$",
                                 .check = check::ignored_interface};
const TextRule interface_pattern{.doc = "the name of an interface, * for any characters",
                                 .pattern = "^[a-zA-Z0-9_.*-]{1,15}$",
                                 .check = check::interface_pattern};
const TextRule community_value{.doc = "a community as 65001:100, or a large one as 65001:1:2",
                               .check = check::community_value};
const TextRule strict_community_value{
    .doc = "a community as 65001:100, or a large one as 65001:1:2, without leading zeros",
    .check = check::strict_community_value};

}  // namespace weft::api
