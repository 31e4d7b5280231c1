#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/workload_endpoint.h"
#include "graph/output.h"
#include "plan/endpoint.h"

namespace weft::graph {

/// Local endpoints -> one route per address, out of the endpoint's interface. Of several with one address the first by
/// id has it.
class Routes {
 public:
  void on(const table::Delta<api::WorkloadEndpoint>& endpoints);
  table::Delta<plan::Route> routes() { return rows_.take(); }

 private:
  using Key = table::KeyOf<api::WorkloadEndpoint>;

  std::map<Key, api::WorkloadEndpoint> endpoints_;
  std::map<net::Cidr, std::map<plan::EndpointId, std::string>>
      claims_;  // address -> who wants it, out of which interface
  Output<plan::Route> rows_;
};

}  // namespace weft::graph
