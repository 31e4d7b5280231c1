#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/result.h"
#include "plan/changes.h"

namespace weft::loop {
class Loop;
}

namespace weft::dataplane {

/// State of one local endpoint, for the status files, the status keys and the CNI reply.
struct EndpointStatus {
  enum class State { up, down, error };
  plan::EndpointId id;
  std::string interface;
  State state = State::down;  // up: link up, policy, routes and sysctls in the kernel
  std::string message;        // why it is not up
  auto key() const { return id; }
  bool operator==(const EndpointStatus&) const = default;
};

/// What an apply reached: from the dataplane to whoever waits for it.
struct Report {
  std::int64_t revision = 0;  // of the store: everything up to it is in the kernel
  table::Delta<EndpointStatus> endpoints;
  std::vector<std::string> refused;  // what the kernel refused and why; retried
  bool ready = false;                // the first complete apply is acknowledged
  table::Passage passage;            // of what this apply brought into force

  void merge(Report later);
};

/// Puts the plan into the kernel of the network namespace of its thread and keeps it there: links, sysctls, routes,
/// neighbours, conntrack, nftables. Kernel events (link, address, route, nft) drive repair.
///
/// Owner: the dataplane thread, which runs `loop`. Failures are retried with backoff (50 ms doubling to 5 s).
class Dataplane {
 public:
  /// @param report  called on the dataplane's thread after each apply
  Dataplane(loop::Loop& loop, std::function<void(Report)> report);
  ~Dataplane();

  /// Remembers what is wanted and applies it before the loop sleeps again; several changes may share one apply.
  void on(plan::Changes changes);

  /// The state as JSON text, for /debug/state.
  std::string debug() const;

 private:
  struct Inner;
  std::shared_ptr<Inner> inner_;
};

}  // namespace weft::dataplane
