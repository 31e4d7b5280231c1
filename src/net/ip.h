#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weft::net {

enum class Family : std::uint8_t { v4 = 4, v6 = 6 };

inline constexpr int bits_of(Family family) { return family == Family::v4 ? 32 : 128; }

/// An IPv4 or IPv6 address. Ordered by family, then value. Written as RFC 5952 says; an IPv4-mapped IPv6 address
/// stays an IPv6 address and keeps its dotted tail.
class Ip {
 public:
  Ip() = default;  // 0.0.0.0
  /// @param host_order  0x0a000001 is 10.0.0.1
  static Ip v4(std::uint32_t host_order);
  /// @param bytes  network order, 4 or 16 of them
  static Ip from_bytes(std::span<const std::uint8_t> bytes);
  static Result<Ip> parse(std::string_view text);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::v4; }
  bool is_v6() const { return family_ == Family::v6; }
  /// Network order, 4 or 16 bytes.
  std::span<const std::uint8_t> bytes() const { return {bytes_.data(), family_ == Family::v4 ? 4u : 16u}; }
  /// Host order; only of an IPv4 address.
  std::uint32_t v4_value() const;

  /// The address `offset` further on, wrapping within the family.
  Ip plus(std::uint64_t offset) const;
  /// How far `this` lies after `base`, which is of the same family and not greater; saturates at 2^64-1.
  std::uint64_t minus(const Ip& base) const;
  bool bit(int index) const { return (bytes_[static_cast<std::size_t>(index) / 8] >> (7 - index % 8) & 1) != 0; }

  auto operator<=>(const Ip&) const = default;

 private:
  Family family_ = Family::v4;
  std::array<std::uint8_t, 16> bytes_{};  // IPv4 uses the first four
};

std::string to_string(const Ip& ip);

}  // namespace weft::net

template <>
struct std::hash<weft::net::Ip> {
  std::size_t operator()(const weft::net::Ip& ip) const noexcept;
};
