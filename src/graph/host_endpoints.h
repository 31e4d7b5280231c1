#pragma once

#include <map>
#include <string>

#include "api/host_endpoint.h"
#include "graph/output.h"
#include "graph/policies.h"
#include "plan/endpoint.h"

namespace weft::graph {

/// The addresses in the list; what is no address is left out.
std::vector<net::Ip> addresses_of(const api::HostEndpoint& endpoint);

/// Host endpoints of the cluster -> those of this node, and with their policies as the dataplane takes them.
class HostEndpoints {
 public:
  explicit HostEndpoints(std::string node) : node_(std::move(node)) {}

  /// @return those of this node
  table::Delta<api::HostEndpoint> on(const table::Delta<api::HostEndpoint>& endpoints);
  void on(const table::Delta<EndpointPolicies>& policies);

  table::Delta<plan::HostEndpoint> endpoints() { return rows_.take(); }
  table::Delta<plan::Unsupported> unsupported() { return unsupported_.take(); }

 private:
  std::string node_;
  Output<api::HostEndpoint> local_;
  std::map<std::string, EndpointPolicies> policies_;
  Output<plan::HostEndpoint> rows_;
  Output<plan::Unsupported> unsupported_;
  std::set<std::string> touched_;
};

}  // namespace weft::graph
