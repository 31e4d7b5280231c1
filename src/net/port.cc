#include "net/port.h"

#include <fmt/core.h>

#include <charconv>

#include "base/strings.h"

namespace weft::net {
namespace {

struct Name {
  std::string_view text;
  Protocol protocol;
};
constexpr Name names[] = {{"TCP", tcp},       {"UDP", udp},   {"ICMP", icmp},
                          {"ICMPv6", icmpv6}, {"SCTP", sctp}, {"UDPLite", udplite}};

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<PortRange> PortRange::parse(std::string_view text) {
  const auto colon = text.find(':');
  const auto first = parse_number<std::uint16_t>(text.substr(0, colon));
  const auto last = colon == std::string_view::npos ? first : parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!first || !last) return fail(Code::invalid, fmt::format("\"{}\" is not a port or port range", text));
  if (*first > *last) return fail(Code::invalid, fmt::format("\"{}\": the range ends before it starts", text));
  return PortRange{*first, *last};
}

std::string to_string(const PortRange& range) {
  return range.first == range.last ? fmt::format("{}", range.first) : fmt::format("{}:{}", range.first, range.last);
}

Result<Protocol> Protocol::parse(std::string_view text) {
  const std::string lower = to_lower(text);
  for (const auto& name : names) {
    if (to_lower(name.text) == lower) return name.protocol;
  }
  if (const auto number = parse_number<std::uint8_t>(text); number && *number != 0) return Protocol{*number};
  return fail(Code::invalid,
              fmt::format("\"{}\" is not a protocol: TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite or 1..255", text));
}

std::string to_string(const Protocol& protocol) {
  for (const auto& name : names) {
    if (name.protocol == protocol) return std::string(name.text);
  }
  return fmt::format("{}", protocol.number);
}

}  // namespace weft::net
