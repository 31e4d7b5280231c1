#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace weft {

/// Whole content of a file, read until its end (works for /proc and /sys).
Result<std::string> read_file(const std::string& path);

/// Replaces a file atomically: temporary file beside it, fsync, rename. The old content stays when anything fails.
/// @param mode  permission bits of the new file
Result<> write_file_atomic(const std::string& path, std::string_view content, unsigned mode = 0644);

/// Writes to an existing file in place (for /proc and /sys).
Result<> write_existing(const std::string& path, std::string_view content);

/// mkdir -p
Result<> make_directories(const std::string& path, unsigned mode = 0755);

/// Removes a file; one that is not there is fine.
Result<> remove_file(const std::string& path);

bool file_exists(const std::string& path);

}  // namespace weft
