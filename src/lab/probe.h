#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "lab/lab.h"

namespace weft::lab {

/// Something that listens on a TCP port.
struct Probe {
  std::string name;
  std::string address;
  int port = 0;
};

/// Who can open a TCP connection to what: from every node and every pod.
struct Reach {
  std::vector<std::string> from;
  std::vector<Probe> to;
  std::vector<std::vector<bool>> open;  // [from][to]
  std::size_t count() const;
};
Result<Reach> connect_all(const Lab& lab, const std::vector<Probe>& to);
std::string to_text(const Reach& reach);

/// Whether a TCP connection opens from the calling thread's network namespace within 400 ms.
Result<bool> connects(const Probe& to);

}  // namespace weft::lab
