#include "kernel/sysctl.h"

#include "base/file.h"
#include "base/strings.h"

namespace weft::kernel {

namespace {
std::string path_of(std::string_view name) { return "/proc/sys/" + std::string(name); }
}  // namespace

Result<std::string> read_sysctl(std::string_view name) { return std::string(trim(TRY(read_file(path_of(name))))); }

Result<std::optional<std::string>> write_sysctl(std::string_view name, std::string_view value) {
  std::string before = TRY(read_sysctl(name));
  if (before == value) return std::nullopt;
  TRY(write_existing(path_of(name), value));
  return before;
}

}  // namespace weft::kernel
