#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

/// Kernel settings under /proc/sys. Names are paths with slashes ("net/ipv4/conf/cali1.2/forwarding"), because
/// interface names may hold dots. What lies under net/ is that of the calling thread's network namespace: the kernel
/// looks at the task that opens the file, not at the mount.
namespace weft::kernel {

/// Value without the line end. @return not_found when this kernel or namespace has no such setting (an interface is
/// gone)
Result<std::string> read_sysctl(std::string_view name);

/// Writes the value; does nothing when it is that already. @return what it was, when that was another
Result<std::optional<std::string>> write_sysctl(std::string_view name, std::string_view value);

}  // namespace weft::kernel
