#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weft::net {

/// An Ethernet address, written aa:bb:cc:dd:ee:ff.
struct Mac {
  std::array<std::uint8_t, 6> bytes{};

  static Result<Mac> parse(std::string_view text);
  auto operator<=>(const Mac&) const = default;
};
std::string to_string(const Mac& mac);

}  // namespace weft::net
