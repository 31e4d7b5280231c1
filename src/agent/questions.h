#pragma once

#include <string>

#include "agent/board.h"
#include "cni/protocol.h"

namespace weft::client {
class Sync;
}

namespace weft::agent {

/// The agent's own verbs on its socket:
///   status                                   what is in force: {"node", "ready", "revision", "refused", "unsupported",
///   "endpoints"} wait {"revision": N, "timeout": seconds}  waits until everything up to a revision of the store is in
///   force
class Questions {
 public:
  Questions(std::string node, Board& board, client::Sync& sync) : node_(std::move(node)), board_(board), sync_(sync) {}

  cni::Answer answer(const cni::Request& request) const;

 private:
  Result<std::string> status() const;
  Result<std::string> wait(const std::string& words) const;

  std::string node_;
  Board& board_;
  client::Sync& sync_;
};

}  // namespace weft::agent
