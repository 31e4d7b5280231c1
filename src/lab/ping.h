#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/lab.h"

namespace weft::lab {

/// Sends ICMP echo requests from the calling thread's network namespace to all targets at once.
/// @return round trip per target, nullopt: no answer within `patience`; lost packets are sent again twice in that time
Result<std::vector<std::optional<std::chrono::microseconds>>> ping(const std::vector<net::Ip>& targets,
                                                                   std::chrono::milliseconds patience);

/// Who reaches whom: every node and pod pings every pod.
struct Matrix {
  std::vector<std::string> from;
  std::vector<std::string> to;                                                     // "NS/NAME address"
  std::vector<std::vector<std::optional<std::chrono::microseconds>>> round_trips;  // [from][to]
  std::size_t lost() const;
};
Result<Matrix> ping_all(const Lab& lab, std::chrono::milliseconds patience);
std::string to_text(const Matrix& matrix);

}  // namespace weft::lab
