#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "cni/protocol.h"

namespace weft::cni {

/// Asks the agent. @return Code::unavailable at once when nobody listens there, Code::timeout after `limit`
Result<Answer> ask(const std::string& socket, const Request& request, std::chrono::milliseconds limit);

}  // namespace weft::cni
