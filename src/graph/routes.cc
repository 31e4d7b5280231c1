#include "graph/routes.h"

#include <set>

#include "graph/local_endpoints.h"

namespace weft::graph {

void Routes::on(const table::Delta<api::WorkloadEndpoint>& endpoints) {
  std::set<net::Cidr> touched;
  const auto forget = [&](const api::WorkloadEndpoint& endpoint) {
    for (const auto& address : endpoint.spec.ip_networks) {
      claims_[address].erase(id_of(endpoint));
      touched.insert(address);
    }
  };
  const auto learn = [&](const api::WorkloadEndpoint& endpoint) {
    for (const auto& address : endpoint.spec.ip_networks) {
      claims_[address].insert_or_assign(id_of(endpoint), endpoint.spec.interface_name);
      touched.insert(address);
    }
  };
  std::vector<api::WorkloadEndpoint> arrived;  // after those that went: one of them may have had the same id
  table::apply(endpoints_, endpoints,
               [&](const Key&, const api::WorkloadEndpoint* before, const api::WorkloadEndpoint* after) {
                 if (before) forget(*before);
                 if (after) arrived.push_back(*after);
               });
  for (const auto& endpoint : arrived) learn(endpoint);

  for (const auto& address : touched) {
    const auto& owners = claims_[address];
    if (!owners.empty()) {
      rows_.put({address, owners.begin()->second});
      continue;
    }
    claims_.erase(address);
    rows_.drop(address);
  }
}

}  // namespace weft::graph
