#include "base/program.h"

#include <unistd.h>

#include <string_view>

namespace weft {

std::string own_program() {
  char path[4096];
  const ssize_t n = ::readlink("/proc/self/exe", path, sizeof path);
  if (n <= 0) return "weft";
  std::string program(path, static_cast<std::size_t>(n));
  constexpr std::string_view deleted = " (deleted)";
  if (program.ends_with(deleted)) program.resize(program.size() - deleted.size());
  return program;
}

}  // namespace weft
