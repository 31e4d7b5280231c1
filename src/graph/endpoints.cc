#include "graph/endpoints.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "graph/local_endpoints.h"

namespace weft::graph {
namespace {

plan::Endpoint planned(const api::WorkloadEndpoint& endpoint) {
  const auto& spec = endpoint.spec;
  plan::Endpoint row;
  row.id = id_of(endpoint);
  row.interface = spec.interface_name;
  if (const auto mac = net::Mac::parse(spec.mac)) row.mac = *mac;
  row.addresses = spec.ip_networks;
  row.spoof_allowed = spec.allow_spoofed_source_prefixes;
  std::set<std::string> seen;
  std::ranges::copy_if(spec.profiles, std::back_inserter(row.profiles),
                       [&](const auto& name) { return seen.insert(name).second; });
  return row;
}

}  // namespace

void Endpoints::on(const table::Delta<api::WorkloadEndpoint>& endpoints,
                   const table::Delta<EndpointPolicies>& policies) {
  std::set<Key> touched;
  // Rows are put back after all that went: one of them may have had the same id.
  table::apply(endpoints_, endpoints,
               [&](const Key& key, const api::WorkloadEndpoint* before, const api::WorkloadEndpoint*) {
                 touched.insert(key);
                 if (before) rows_.drop(id_of(*before));
               });
  table::apply(policies_, policies,
               [&](const Key& key, const EndpointPolicies*, const EndpointPolicies*) { touched.insert(key); });
  for (const auto& key : touched) {
    const auto endpoint = endpoints_.find(key);
    if (endpoint == endpoints_.end()) continue;
    plan::Endpoint row = planned(endpoint->second);
    if (const auto lists = policies_.find(key); lists != policies_.end()) {
      row.ingress = lists->second.normal.ingress;
      row.egress = lists->second.normal.egress;
    }
    rows_.put(std::move(row));
  }
}

}  // namespace weft::graph
