#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataplane/dataplane.h"

namespace weft::agent {

/// What the dataplane has reached, for everybody who asks or waits: CNI replies, readiness, `wait`, status files and
/// keys. Written by the dataplane and graph threads, read by all.
class Board {
 public:
  using Endpoints = std::map<plan::EndpointId, dataplane::EndpointStatus>;

  void on(dataplane::Report report);
  /// What the plan has and this version does not put into force. Each is logged once, counted in weft_unsupported.
  void on(table::Delta<plan::Unsupported> unsupported);

  struct State {
    std::int64_t revision = 0;  // of the store: everything up to it is in the kernel
    bool ready = false;         // the first complete apply is acknowledged
    std::vector<std::string> refused;
    Endpoints endpoints;
    std::map<std::string, plan::Unsupported> unsupported;  // by object
  };
  State state() const;
  bool ready() const;
  std::int64_t revision() const;

  /// Waits until everything up to `revision` is in the kernel.
  Result<> wait(std::int64_t revision, std::chrono::steady_clock::time_point deadline) const;
  /// Waits for `revision` and for the endpoint to be up. Says why it is not when time runs out.
  Result<> wait_up(const plan::EndpointId& id, std::int64_t revision,
                   std::chrono::steady_clock::time_point deadline) const;

  /// Ends every wait with Code::canceled.
  void close();

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  State state_;
  bool closed_ = false;
};

}  // namespace weft::agent
