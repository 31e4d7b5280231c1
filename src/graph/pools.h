#pragma once

#include <map>
#include <string>

#include "api/ip_pool.h"
#include "graph/output.h"
#include "plan/endpoint.h"

namespace weft::graph {

/// IP pools -> pools as NAT sees them; of several with one CIDR the first by name.
class Pools {
 public:
  void on(const table::Delta<api::IpPool>& pools);
  table::Delta<plan::Pool> pools() { return rows_.take(); }
  table::Delta<plan::Unsupported> unsupported() { return unsupported_.take(); }

 private:
  std::map<std::string, api::IpPool> pools_;
  std::map<net::Cidr, std::map<std::string, bool>> by_cidr_;  // name -> masquerade
  Output<plan::Pool> rows_;
  Output<plan::Unsupported> unsupported_;
};

}  // namespace weft::graph
