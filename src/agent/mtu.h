#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace weft::agent {

/// The smallest MTU of the interfaces that are up and whose names match (dataplane 1.10); 1460 when none does. In
/// bytes.
Result<std::uint32_t> host_mtu(const std::string& interface_pattern);

/// Writes the MTU for pods to the file that CNI plug-ins read, when it says something else.
Result<> write_mtu_file(const std::string& file, std::uint32_t mtu);

}  // namespace weft::agent
