#pragma once

#include "templates/value.h"

namespace weft::confd {

/// confd's template functions but those over keys (see keys.h): base, dir, split, join, map, json, jsonArray, getenv,
/// datetime, toUpper, toLower, contains, replace, hasSuffix, trimSuffix, lookupIP, lookupIPV4, lookupIPV6, lookupSRV,
/// fileExists, base64Encode, base64Decode, parseBool, atoi, add, sub, mul, div, mod, seq, reverse, sortByLength,
/// sortKVByLength.
const templates::Functions& confd_functions();

}  // namespace weft::confd
