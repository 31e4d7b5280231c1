#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "dataplane/dataplane.h"

namespace weft::agent {

/// What the dataplane has reached, for everybody who asks or waits: CNI replies, readiness, `wait`, status files and
/// keys. Written by the dataplane thread, read by all.
class Board {
 public:
  using Endpoints = std::map<plan::EndpointId, dataplane::EndpointStatus>;

  void on(dataplane::Report report);

  struct State {
    std::int64_t revision = 0;  // of the store: everything up to it is in the kernel
    bool ready = false;         // the first complete apply is acknowledged
    std::vector<std::string> refused;
    Endpoints endpoints;
  };
  State state() const;
  bool ready() const;
  std::int64_t revision() const;

  /// Waits until everything up to `revision` is in the kernel.
  Result<> wait(std::int64_t revision, std::chrono::steady_clock::time_point deadline) const;
  /// Waits for `revision` and for the endpoint to be up. Says why it is not when time runs out.
  Result<> wait_up(const plan::EndpointId& id, std::int64_t revision,
                   std::chrono::steady_clock::time_point deadline) const;

  /// Calls for every report, on the dataplane's thread; for the status writers. Set before the first report.
  void listen(std::function<void(const dataplane::Report&)> listener) { listeners_.push_back(std::move(listener)); }

  /// Ends every wait with Code::canceled.
  void close();

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  State state_;
  bool closed_ = false;
  std::vector<std::function<void(const dataplane::Report&)>> listeners_;
};

}  // namespace weft::agent
