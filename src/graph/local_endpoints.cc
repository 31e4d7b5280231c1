#include "graph/local_endpoints.h"

#include <fmt/core.h>

#include <vector>

#include "base/strings.h"

namespace weft::graph {

plan::EndpointId id_of(const api::WorkloadEndpoint& endpoint) {
  const auto& spec = endpoint.spec;
  std::string third = spec.workload;
  if (spec.orchestrator == "k8s")
    third = spec.pod;
  else if (spec.orchestrator == "cni")
    third = spec.container_id;
  else if (spec.orchestrator == "libnetwork")
    third = "libnetwork";
  return {spec.orchestrator, endpoint.metadata.namespace_ + '/' + third, spec.endpoint};
}

void LocalEndpoints::put(const Key& key, const api::WorkloadEndpoint& endpoint, Places& touched) {
  const Place place(id_of(endpoint), key);
  all_.insert_or_assign(key, endpoint);
  auto& same_interface = by_interface_[endpoint.spec.interface_name];
  auto& same_id = by_id_[place.first];
  same_interface.insert(place);
  same_id.insert(place);
  touched.insert(same_interface.begin(), same_interface.end());
  touched.insert(same_id.begin(), same_id.end());
}

void LocalEndpoints::forget(const Key& key, Places& touched) {
  const auto it = all_.find(key);
  if (it == all_.end()) return;
  const Place place(id_of(it->second), key);
  const auto leave = [&](auto& index, const auto& at) {
    auto& places = index[at];
    touched.insert(places.begin(), places.end());
    places.erase(place);
    if (places.empty()) index.erase(at);
  };
  leave(by_interface_, it->second.spec.interface_name);
  leave(by_id_, place.first);
  all_.erase(it);
}

void LocalEndpoints::on(const table::Delta<api::WorkloadEndpoint>& endpoints) {
  Places touched;
  if (endpoints.whole) {
    while (!all_.empty()) forget(Key(all_.begin()->first), touched);
  }
  for (const auto& [key, endpoint] : endpoints.rows) {
    forget(key, touched);
    if (endpoint && endpoint->spec.node == node_) put(key, *endpoint, touched);
  }
  for (const auto& place : touched) {
    const auto& [id, key] = place;
    const std::string object = fmt::format("WorkloadEndpoint {}/{}", key.first, key.second);
    const auto it = all_.find(key);
    if (it == all_.end()) {
      known_.drop(key);
      owners_.drop(key);
      shadowed_.drop(key);
      unsupported_.drop(object);
      continue;
    }
    if (id != id_of(it->second)) continue;  // it has another id now: its turn comes
    const auto& spec = it->second.spec;
    const auto& owner = by_interface_.at(spec.interface_name).begin()->first;
    const bool known = by_id_.at(id).begin()->second == key;
    const bool wins = known && owner == id;
    const auto show = [&](bool shown, Output<api::WorkloadEndpoint>& rows) {
      if (shown)
        rows.put(it->second);
      else
        rows.drop(key);
    };
    show(known, known_);
    show(wins, owners_);
    show(known && !wins, shadowed_);
    std::vector<std::string> reasons;
    if (!wins)
      reasons.push_back(fmt::format("interface {} belongs to {}", spec.interface_name, plan::to_string(owner)));
    if (!spec.ip_nats.empty()) reasons.push_back("ipNATs: floating IPs are not supported yet");
    if (spec.qos_controls) reasons.push_back("qosControls: not supported yet");
    if (reasons.empty())
      unsupported_.drop(object);
    else
      unsupported_.put({object, join(reasons, "; ")});
  }
}

}  // namespace weft::graph
