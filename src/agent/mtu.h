#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace weft::agent {

/// The smallest MTU of the interfaces that are up and whose names match (dataplane 1.10); 1460 when none does. In
/// bytes.
Result<std::uint32_t> host_mtu(const std::string& interface_pattern);

/// The file that tells CNI plug-ins which MTU pods have. Owner: the agent's main thread.
class MtuFile {
 public:
  explicit MtuFile(std::string file) : file_(std::move(file)) {}

  /// Whose interfaces count from now on (MTUIfacePattern).
  void follow(const std::string& interface_pattern);
  /// Looks at the machine's interfaces and writes the file when it says something else. What goes wrong is logged once.
  void refresh();

 private:
  std::string file_;
  std::string pattern_;
  std::string complaint_;
};

}  // namespace weft::agent
