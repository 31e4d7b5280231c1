#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weft {

/// Hashes that names are made of (FIPS 180-4). Not for secrets.
std::array<std::uint8_t, 20> sha1(std::string_view data);
std::array<std::uint8_t, 28> sha224(std::string_view data);
std::array<std::uint8_t, 32> sha256(std::string_view data);

std::string to_hex(std::span<const std::uint8_t> bytes);
/// RFC 4648 section 5, without padding.
std::string to_base64url(std::span<const std::uint8_t> bytes);

}  // namespace weft
