#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "api/workload_endpoint.h"
#include "graph/output.h"
#include "plan/endpoint.h"

namespace weft::graph {

/// Id of an endpoint as Felix names it: orchestrator, "namespace/pod", endpoint.
plan::EndpointId id_of(const api::WorkloadEndpoint& endpoint);

/// Admitted endpoints -> those of this node, one per interface: of several the first by id (dataplane 2.11). The others
/// are revived when it goes.
class LocalEndpoints {
 public:
  using Key = table::KeyOf<api::WorkloadEndpoint>;

  explicit LocalEndpoints(std::string node) : node_(std::move(node)) {}

  table::Delta<api::WorkloadEndpoint> on(const table::Delta<api::WorkloadEndpoint>& endpoints);
  const std::map<Key, api::WorkloadEndpoint>& rows() const { return local_.rows(); }
  table::Delta<plan::Unsupported> unsupported() { return unsupported_.take(); }

 private:
  using Place = std::pair<plan::EndpointId, Key>;
  using Places = std::set<Place>;

  void put(const Key& key, const api::WorkloadEndpoint& endpoint, Places& touched);
  void forget(const Key& key, Places& touched);

  std::string node_;
  std::map<Key, api::WorkloadEndpoint> all_;
  std::map<std::string, Places> by_interface_;
  std::map<plan::EndpointId, Places> by_id_;
  Output<api::WorkloadEndpoint> local_;
  Output<plan::Unsupported> unsupported_;
};

}  // namespace weft::graph
