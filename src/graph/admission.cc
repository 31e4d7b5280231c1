#include "graph/admission.h"

#include <fmt/core.h>

#include <utility>

#include "policy/effective.h"

namespace weft::graph {
namespace {

void complete_labels(api::WorkloadEndpoint& endpoint) {
  auto& labels = endpoint.metadata.labels;
  std::erase_if(labels, [](const auto& label) {
    return label.first.starts_with(policy::namespace_label_prefix) ||
           label.first.starts_with(policy::service_account_label_prefix);
  });
  labels[std::string(policy::namespace_label)] = endpoint.metadata.namespace_;
  if (!endpoint.spec.orchestrator.empty()) labels[std::string(policy::orchestrator_label)] = endpoint.spec.orchestrator;
  if (!endpoint.spec.service_account_name.empty())
    labels[std::string(policy::service_account_label)] = endpoint.spec.service_account_name;
}

}  // namespace

table::Delta<api::WorkloadEndpoint> Admission::on(table::Delta<api::WorkloadEndpoint> endpoints,
                                                  bool spoofing_allowed) {
  if (endpoints.whole) {
    spoofing_.clear();
    const auto known = unsupported_.rows();
    for (const auto& [object, row] : known) unsupported_.drop(object);
  }
  if (spoofing_allowed != std::exchange(spoofing_allowed_, spoofing_allowed)) {
    for (const auto& [key, endpoint] : spoofing_) endpoints.rows.try_emplace(key, endpoint);
  }
  for (auto it = endpoints.rows.begin(); it != endpoints.rows.end();) {
    auto& [key, endpoint] = *it;
    const bool spoofs = endpoint && !endpoint->spec.allow_spoofed_source_prefixes.empty();
    if (spoofs)
      spoofing_.insert_or_assign(key, *endpoint);
    else
      spoofing_.erase(key);

    const std::string object = fmt::format("WorkloadEndpoint {}/{}", key.first, key.second);
    if (spoofs && !spoofing_allowed_ && endpoint->spec.node == node_) {
      unsupported_.put(
          {object, "allowSpoofedSourcePrefixes needs WorkloadSourceSpoofing Any; the endpoint is ignored"});
    } else {
      unsupported_.drop(object);
    }

    if (endpoint && (endpoint->spec.interface_name.empty() || endpoint->spec.ip_networks.empty() ||
                     (spoofs && !spoofing_allowed_))) {
      endpoint.reset();
    }
    if (endpoint) complete_labels(*endpoint);
    if (!endpoint && endpoints.whole)
      it = endpoints.rows.erase(it);
    else
      ++it;
  }
  return endpoints;
}

}  // namespace weft::graph
