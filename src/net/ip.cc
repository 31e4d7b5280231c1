#include "net/ip.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "base/result.h"

namespace weft::net {

Ip Ip::v4(std::uint32_t host_order) {
  Ip ip;
  for (int i = 0; i < 4; ++i) ip.bytes_[i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return ip;
}

Ip Ip::from_bytes(std::span<const std::uint8_t> bytes) {
  CHECK(bytes.size() == 4 || bytes.size() == 16);
  Ip ip;
  ip.family_ = bytes.size() == 4 ? Family::v4 : Family::v6;
  std::ranges::copy(bytes, ip.bytes_.begin());
  return ip;
}

Result<Ip> Ip::parse(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN] = {};
  Ip ip;
  ip.family_ = text.find(':') == std::string_view::npos ? Family::v4 : Family::v6;
  if (text.size() < sizeof buffer && text.find('\0') == std::string_view::npos) {
    std::ranges::copy(text, buffer);
    if (::inet_pton(ip.is_v4() ? AF_INET : AF_INET6, buffer, ip.bytes_.data()) == 1) return ip;
  }
  return fail(Code::invalid, fmt::format("\"{}\" is not an IP address", text));
}

std::uint32_t Ip::v4_value() const {
  CHECK(is_v4());
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | bytes_[i];
  return value;
}

Ip Ip::plus(std::uint64_t offset) const {
  Ip sum = *this;
  std::uint64_t carry = 0;
  for (auto i = bytes().size(); i-- > 0 && (offset != 0 || carry != 0); offset >>= 8) {
    carry += bytes_[i] + (offset & 0xff);
    sum.bytes_[i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  return sum;
}

std::uint64_t Ip::minus(const Ip& base) const {
  CHECK(family_ == base.family_ && base <= *this);
  std::array<std::uint8_t, 16> difference{};
  const auto size = bytes().size();
  int borrow = 0;
  for (auto i = size; i-- > 0;) {
    const int digit = bytes_[i] - base.bytes_[i] - borrow;
    borrow = digit < 0 ? 1 : 0;
    difference[i] = static_cast<std::uint8_t>(digit);
  }
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (value >> 56 != 0) return ~std::uint64_t{0};
    value = value << 8 | difference[i];
  }
  return value;
}

namespace {

/// RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups shortened, the first of equals.
std::string v6_text(std::span<const std::uint8_t> bytes) {
  constexpr std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(std::begin(mapped), std::end(mapped), bytes.begin())) {
    return fmt::format("::ffff:{}.{}.{}.{}", bytes[12], bytes[13], bytes[14], bytes[15]);
  }
  const auto group = [&](int i) { return bytes[2 * i] << 8 | bytes[2 * i + 1]; };
  int gap = -1;
  int gap_size = 1;
  for (int i = 0; i < 8; ++i) {
    int end = i;
    while (end < 8 && group(end) == 0) ++end;
    if (end - i > gap_size) {
      gap = i;
      gap_size = end - i;
    }
    i = std::max(i, end);
  }
  std::string text;
  for (int i = 0; i < 8; ++i) {
    if (i == gap) {
      text += "::";
      i += gap_size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += fmt::format("{:x}", group(i));
  }
  return text;
}

}  // namespace

std::string to_string(const Ip& ip) {
  const auto b = ip.bytes();
  return ip.is_v4() ? fmt::format("{}.{}.{}.{}", b[0], b[1], b[2], b[3]) : v6_text(b);
}

}  // namespace weft::net

std::size_t std::hash<weft::net::Ip>::operator()(const weft::net::Ip& ip) const noexcept {
  std::uint64_t words[2] = {};
  std::memcpy(words, ip.bytes().data(), ip.bytes().size());
  std::uint64_t mixed =
      words[0] * 0x9e3779b97f4a7c15u ^ (words[1] + static_cast<std::uint64_t>(ip.family())) * 0xc2b2ae3d27d4eb4fu;
  mixed ^= mixed >> 32;
  return mixed * 0x9e3779b97f4a7c15u >> 3;
}
