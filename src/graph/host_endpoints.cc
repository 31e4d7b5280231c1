#include "graph/host_endpoints.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace weft::graph {

std::vector<net::Ip> addresses_of(const api::HostEndpoint& endpoint) {
  std::vector<net::Ip> addresses;
  for (const auto& text : endpoint.spec.expected_ips) {
    if (const auto ip = net::Ip::parse(text)) addresses.push_back(*ip);
  }
  return addresses;
}

table::Delta<api::HostEndpoint> HostEndpoints::on(const table::Delta<api::HostEndpoint>& endpoints) {
  if (endpoints.whole) {
    const auto known = local_.rows();
    for (const auto& [name, endpoint] : known) {
      if (!endpoints.rows.contains(name)) local_.drop(name);
    }
  }
  for (const auto& [name, endpoint] : endpoints.rows) {
    if (endpoint && endpoint->spec.node == node_)
      local_.put(*endpoint);
    else
      local_.drop(name);
  }
  auto local = local_.take();
  for (const auto& [name, endpoint] : local.rows) {
    touched_.insert(name);
    const std::string object = "HostEndpoint " + name;
    if (endpoint)
      unsupported_.put({object, "host endpoints are not supported yet; the interface is open"});
    else
      unsupported_.drop(object);
  }
  return local;
}

void HostEndpoints::on(const table::Delta<EndpointPolicies>& policies) {
  for (const auto& [key, row] : policies.rows) {
    if (!key.first.empty()) continue;  // a workload's
    if (row)
      policies_.insert_or_assign(key.second, *row);
    else
      policies_.erase(key.second);
    touched_.insert(key.second);
  }
  for (const auto& name : std::exchange(touched_, {})) {
    const auto endpoint = local_.rows().find(name);
    if (endpoint == local_.rows().end()) {
      rows_.drop(name);
      continue;
    }
    const auto& spec = endpoint->second.spec;
    plan::HostEndpoint row;
    row.name = name;
    row.interface = spec.interface_name;
    row.addresses = addresses_of(endpoint->second);
    std::set<std::string> seen;
    std::ranges::copy_if(spec.profiles, std::back_inserter(row.profiles),
                         [&](const auto& profile) { return seen.insert(profile).second; });
    if (const auto lists = policies_.find(name); lists != policies_.end()) {
      row.policies = lists->second.normal;
      row.untracked = lists->second.untracked;
      row.pre_dnat = lists->second.pre_dnat;
      row.forward = lists->second.forward;
    }
    rows_.put(std::move(row));
  }
}

}  // namespace weft::graph
