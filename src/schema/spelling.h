#pragma once

#include <span>
#include <string_view>

namespace weft::schema {

/// The name that was probably meant: nearest in edits, whatever the case; empty when none is near.
std::string_view nearest(std::string_view name, std::span<const std::string_view> known);

}  // namespace weft::schema
