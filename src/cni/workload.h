#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/workload_endpoint.h"
#include "cni/config.h"
#include "cni/protocol.h"
#include "net/mac.h"
#include "plan/endpoint.h"

namespace weft::cni {

/// Which workload a request is about, and all names that follow from it (datamodel 3.2, 6.1, 6.2).
struct Workload {
  std::string network;    // the configuration's name
  std::string container;  // CNI_CONTAINERID
  std::string interface;  // CNI_IFNAME
  std::string netns;      // CNI_NETNS
  std::string node;
  std::string orchestrator;  // k8s with K8S_POD_NAME and K8S_POD_NAMESPACE, else cni
  std::string namespace_;
  std::string pod;                       // k8s only
  std::string endpoint;                  // name of the WorkloadEndpoint
  std::string endpoint_key;              // where it lies
  std::string host_interface;            // of the node's end
  std::string handle;                    // of its addresses
  std::vector<std::string> old_handles;  // that older plug-ins used

  bool is_pod() const { return orchestrator == "k8s"; }
  plan::EndpointId id() const;
};

/// @param interface_prefix  of pods' interfaces on the node; other workloads' begin with cali
Result<Workload> identify(const Request& request, const NetworkConfig& config, const PodArgs& args,
                          const std::string& node, const std::string& interface_prefix);

/// Whether an endpoint is this container's, or nobody's that is known.
bool belongs_to(const api::WorkloadEndpoint& endpoint, const Workload& workload);

/// The endpoint as ADD writes it; what is known of it already (`present`) and not ours to say stays.
api::WorkloadEndpoint describe(const Workload& workload, const NetworkConfig& config, const net::Mac& mac,
                               std::span<const net::Ip> addresses, std::optional<api::WorkloadEndpoint> present);

}  // namespace weft::cni
