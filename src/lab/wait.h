#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/lab.h"

namespace weft::lab {

/// What a node lacks to have a revision of the store in force; empty: nothing.
struct NodeProgress {
  std::string node;
  std::vector<std::string> lacks;  // "agent is not running", "no route 10.65.3.0/26 to node2", …
};

/// Waits until the store's revision of now is in force on every node: policy and pods by word of its agent, every
/// block's route by its kernel. A component that is being restarted counts as not there.
/// @return per node what is still lacking when the time is over; an error when the store does not answer
Result<std::vector<NodeProgress>> wait(const Lab& lab, std::chrono::milliseconds patience);

/// One answer of a node's agent: {"ready", "revision", …}.
Result<schema::Value> agent_status(const NodeState& node);

}  // namespace weft::lab
