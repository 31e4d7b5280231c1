#pragma once

#include <string>

#include "base/result.h"
#include "schema/value.h"

namespace weft::agent {

/// For people, of an agent's answer to "status": the revision in force, endpoints, what is not in force and why.
std::string status_text(const schema::Value& status);

/// Asks the agent of this node. @return Code::unavailable when none runs
Result<std::string> ask_status(const std::string& socket);

}  // namespace weft::agent
