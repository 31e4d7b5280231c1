#pragma once

#include <map>

#include "api/workload_endpoint.h"
#include "graph/output.h"
#include "plan/endpoint.h"

namespace weft::graph {

/// Workload endpoints of the whole cluster -> those that count (dataplane 1.1): with an interface name and addresses,
/// and with source prefixes to spoof only where WorkloadSourceSpoofing says Any. Labels are completed as Calico does
/// it.
class Admission {
 public:
  explicit Admission(std::string node) : node_(std::move(node)) {}

  table::Delta<api::WorkloadEndpoint> on(table::Delta<api::WorkloadEndpoint> endpoints, bool spoofing_allowed);
  table::Delta<plan::Unsupported> unsupported() { return unsupported_.take(); }

 private:
  using Key = table::KeyOf<api::WorkloadEndpoint>;

  std::string node_;
  bool spoofing_allowed_ = false;
  std::map<Key, api::WorkloadEndpoint> spoofing_;  // those that list prefixes; few
  Output<plan::Unsupported> unsupported_;
};

}  // namespace weft::graph
