#pragma once

#include <map>
#include <string>

#include "api/ip_pool.h"
#include "graph/output.h"
#include "plan/endpoint.h"
#include "plan/network.h"

namespace weft::graph {

/// A pool as routes see it.
struct RoutedPool {
  net::Cidr cidr;
  plan::PoolType type = plan::PoolType::none;
  bool masquerade = false;
  bool cross_subnet = false;
  bool for_services_only = false;  // LoadBalancer is all it may be used for: nothing is routed to it
  const auto& key() const { return cidr; }
  bool operator==(const RoutedPool&) const = default;
};

/// IP pools -> pools as NAT and as routes see them; of several with one CIDR the first by name.
class Pools {
 public:
  void on(const table::Delta<api::IpPool>& pools);
  table::Delta<plan::Pool> pools() { return rows_.take(); }
  table::Delta<RoutedPool> routed() { return routed_.take(); }
  table::Delta<plan::Unsupported> unsupported() { return unsupported_.take(); }

 private:
  std::map<std::string, api::IpPool> pools_;
  std::map<net::Cidr, std::map<std::string, RoutedPool>> by_cidr_;  // by name
  Output<plan::Pool> rows_;
  Output<RoutedPool> routed_;
  Output<plan::Unsupported> unsupported_;
};

}  // namespace weft::graph
