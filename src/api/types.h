#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/port.h"

/// Value types of the data model with a written form of their own.
namespace weft::api {

/// An IP protocol as the data model writes it: a name or a number; which of the two is kept.
struct Protocol {
  net::Protocol value;
  bool as_number = false;
  bool operator==(const Protocol&) const = default;
};
Result<Protocol> parse_protocol(std::string_view text);
std::string to_string(const Protocol& protocol);

/// A port of a rule: a number, a "min:max" range, or the name of an endpoint's port.
struct Port {
  net::PortRange range;  // when `name` is empty
  std::string name;
  bool is_named() const { return !name.empty(); }
  bool operator==(const Port&) const = default;
};
Result<Port> parse_port(std::string_view text);
std::string to_string(const Port& port);

/// A duration, written as Go does: "1m30s".
struct Duration {
  std::chrono::nanoseconds value{};
  auto operator<=>(const Duration&) const = default;
};
Result<Duration> parse_duration(std::string_view text);
std::string to_string(const Duration& duration);

/// An AS number (RFC 6793); read from 65546, "65546" or "1.10", written as a number.
struct AsNumber {
  std::uint32_t value = 0;
  auto operator<=>(const AsNumber&) const = default;
};
Result<AsNumber> parse_as_number(std::string_view text);
std::string to_string(const AsNumber& number);

}  // namespace weft::api
