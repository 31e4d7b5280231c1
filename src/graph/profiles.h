#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/host_endpoint.h"
#include "api/profile.h"
#include "api/workload_endpoint.h"
#include "graph/output.h"
#include "graph/policies.h"
#include "graph/rules.h"
#include "plan/endpoint.h"

namespace weft::graph {

/// Profiles and local endpoints -> the rules of the profiles that some local endpoint lists. A profile that is not
/// there, or cannot be understood, denies both ways; projectcalico-default-allow is always there and allows.
class Profiles {
 public:
  void on(const table::Delta<api::Profile>& profiles);
  void on(const table::Delta<api::WorkloadEndpoint>& endpoints);
  void on(const table::Delta<api::HostEndpoint>& endpoints);
  /// Works out what the deltas since the last call amount to; before the answers are taken.
  void settle();

  table::Delta<plan::Profile> profiles() { return rows_.take(); }
  table::Delta<Needs> needs() { return needs_.take(); }
  table::Delta<plan::Unsupported> unsupported() { return unsupported_.take(); }

 private:
  template <class Resource>
  void on_endpoints(const table::Delta<Resource>& endpoints);
  Result<Rules> rules_of(const std::string& name) const;

  std::map<std::string, api::Profile> profiles_;
  std::map<EndpointKey, std::vector<std::string>> lists_;
  std::map<std::string, std::set<EndpointKey>> users_;
  std::set<std::string> touched_;
  Output<plan::Profile> rows_;
  Output<Needs> needs_;
  Output<plan::Unsupported> unsupported_;
};

}  // namespace weft::graph
