#include "net/cidr.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace weft::net {
namespace {

/// The part after the slash: digits without sign or leading zeros, at most `bits`.
std::optional<int> parse_length(std::string_view text, int bits) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool digits = !text.empty() && text.front() != '-' && (text.front() != '0' || text.size() == 1);
  if (!digits || error != std::errc{} || end != text.data() + text.size() || value > bits) return std::nullopt;
  return value;
}

Result<Address> parse_pair(std::string_view text, bool bare_allowed) {
  const auto slash = text.find('/');
  if (slash != std::string_view::npos || bare_allowed) {
    if (const auto ip = Ip::parse(text.substr(0, slash))) {
      const int bits = bits_of(ip->family());
      if (slash == std::string_view::npos) return Address{*ip, bits};
      if (const auto length = parse_length(text.substr(slash + 1), bits)) return Address{*ip, *length};
    }
  }
  return fail(Code::invalid, fmt::format("\"{}\" is not {}", text, bare_allowed ? "an IP address or CIDR" : "a CIDR"));
}

Ip with_host_bits(const Ip& ip, int length, bool set) {
  std::array<std::uint8_t, 16> bytes{};
  std::ranges::copy(ip.bytes(), bytes.begin());
  const auto size = ip.bytes().size();
  for (std::size_t i = 0; i < size; ++i) {
    const int kept = std::clamp(length - static_cast<int>(8 * i), 0, 8);
    const auto host = static_cast<std::uint8_t>(0xff >> kept);
    bytes[i] = static_cast<std::uint8_t>(set ? bytes[i] | host : bytes[i] & ~host);
  }
  return Ip::from_bytes(std::span(bytes).first(size));
}

}  // namespace

Cidr::Cidr(const Ip& ip, int length) : ip_(with_host_bits(ip, length, false)), length_(length) {
  CHECK(length >= 0 && length <= bits_of(ip.family()));
}

Result<Cidr> Cidr::parse(std::string_view text) {
  const Address address = TRY(parse_pair(text, false));
  const Cidr cidr = address.network();
  if (cidr.ip() != address.ip) {
    return fail(Code::invalid, fmt::format("\"{}\" has host bits set; did you mean {}?", text, to_string(cidr)));
  }
  return cidr;
}

Result<Cidr> Cidr::parse_loose(std::string_view text) { return TRY(parse_pair(text, true)).network(); }

Ip Cidr::last() const { return with_host_bits(ip_, length_, true); }

bool Cidr::contains(const Ip& ip) const {
  if (ip.family() != family()) return false;
  const auto mine = ip_.bytes();
  const auto theirs = ip.bytes();
  const auto whole = static_cast<std::size_t>(length_ / 8);
  if (std::memcmp(mine.data(), theirs.data(), whole) != 0) return false;
  const int rest = length_ % 8;
  return rest == 0 || (mine[whole] ^ theirs[whole]) >> (8 - rest) == 0;
}

bool Cidr::contains(const Cidr& other) const { return other.length_ >= length_ && contains(other.ip_); }

std::string to_string(const Cidr& cidr) { return fmt::format("{}/{}", to_string(cidr.ip()), cidr.length()); }

Result<Address> Address::parse(std::string_view text) { return parse_pair(text, true); }

std::string to_string(const Address& address) { return fmt::format("{}/{}", to_string(address.ip), address.length); }

}  // namespace weft::net
