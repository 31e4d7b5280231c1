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

/// Admitted endpoints -> those of this node. Of several with one id only the first by key is known. Of several with one
/// interface the first by id has it (dataplane 2.11); the others are shadowed, and revived when it goes.
class LocalEndpoints {
 public:
  using Key = table::KeyOf<api::WorkloadEndpoint>;

  explicit LocalEndpoints(std::string node) : node_(std::move(node)) {}

  void on(const table::Delta<api::WorkloadEndpoint>& endpoints);
  table::Delta<api::WorkloadEndpoint> known() { return known_.take(); }
  table::Delta<api::WorkloadEndpoint> owners() { return owners_.take(); }
  table::Delta<api::WorkloadEndpoint> shadowed() { return shadowed_.take(); }
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
  Output<api::WorkloadEndpoint> known_;
  Output<api::WorkloadEndpoint> owners_;
  Output<api::WorkloadEndpoint> shadowed_;
  Output<plan::Unsupported> unsupported_;
};

}  // namespace weft::graph
