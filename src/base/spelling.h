#pragma once

#include <span>
#include <string_view>

namespace weft {

/// The one of the known names that a misspelt one probably means, whatever the case; empty when none is near.
std::string_view nearest(std::string_view name, std::span<const std::string_view> known);

}  // namespace weft
