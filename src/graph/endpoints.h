#pragma once

#include <map>
#include <string>

#include "api/workload_endpoint.h"
#include "graph/output.h"
#include "graph/policies.h"
#include "plan/endpoint.h"

namespace weft::graph {

/// Local endpoints and their policies -> endpoints as the dataplane takes them.
class Endpoints {
 public:
  void on(const table::Delta<api::WorkloadEndpoint>& endpoints, const table::Delta<EndpointPolicies>& policies);
  table::Delta<plan::Endpoint> endpoints() { return rows_.take(); }

  std::size_t count() const { return rows_.rows().size(); }

 private:
  using Key = EndpointKey;

  std::map<Key, api::WorkloadEndpoint> endpoints_;
  std::map<Key, EndpointPolicies> policies_;
  Output<plan::Endpoint> rows_;
};

}  // namespace weft::graph
