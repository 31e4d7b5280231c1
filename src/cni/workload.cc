#include "cni/workload.h"

#include "api/codec.h"

namespace weft::cni {

namespace {

constexpr std::size_t hashed_length = 11;  // characters of a container id in an interface name

/// A label's value has at most 63 characters; longer names of service accounts are not written as one.
constexpr std::size_t label_length = 63;

std::string service_account(const Workload& workload, const NetworkConfig& config) {
  if (!workload.is_pod()) return {};
  return config.service_account.empty() ? "default" : config.service_account;
}

std::vector<std::string> profiles(const Workload& workload, const NetworkConfig& config) {
  if (!workload.is_pod() || !config.policy_from_pod) return {config.name};
  return {"kns." + workload.namespace_, "ksa." + workload.namespace_ + "." + service_account(workload, config)};
}

}  // namespace

plan::EndpointId Workload::id() const {
  return {orchestrator, namespace_ + "/" + (is_pod() ? pod : container), interface};
}

Result<Workload> identify(const Request& request, const NetworkConfig& config, const PodArgs& args,
                          const std::string& node, const std::string& interface_prefix) {
  Workload workload;
  workload.network = config.name;
  workload.container = request.env("CNI_CONTAINERID");
  workload.interface = request.env("CNI_IFNAME");
  workload.netns = request.env("CNI_NETNS");
  workload.node = node;
  if (!is_container_id(workload.container)) return fail(Code::invalid, "CNI_CONTAINERID: not a container id");
  if (!is_interface_name(workload.interface)) return fail(Code::invalid, "CNI_IFNAME: not an interface name");
  workload.handle = workload.network + "." + workload.container;

  api::WorkloadEndpointSpec spec{.node = node, .container_id = workload.container, .endpoint = workload.interface};
  if (args.is_pod()) {
    workload.orchestrator = "k8s";
    workload.namespace_ = args.namespace_;
    workload.pod = spec.pod = args.pod;
    workload.host_interface = api::interface_name_of_pod(interface_prefix, args.namespace_, args.pod);
    workload.old_handles = {args.namespace_ + "." + args.pod};
  } else {
    workload.orchestrator = "cni";
    workload.namespace_ = "default";
    workload.host_interface = "cali" + workload.container.substr(0, hashed_length);
    workload.old_handles = {workload.container};
  }
  spec.orchestrator = workload.orchestrator;
  workload.endpoint = TRY(api::name_of(spec));
  workload.endpoint_key = api::resource_path({"WorkloadEndpoint", workload.namespace_, workload.endpoint});
  return workload;
}

bool belongs_to(const api::WorkloadEndpoint& endpoint, const Workload& workload) {
  return endpoint.spec.container_id.empty() || endpoint.spec.container_id == workload.container;
}

api::WorkloadEndpoint describe(const Workload& workload, const NetworkConfig& config, const net::Mac& mac,
                               std::span<const net::Ip> addresses, std::optional<api::WorkloadEndpoint> present) {
  api::WorkloadEndpoint endpoint = present ? std::move(*present) : api::WorkloadEndpoint{};
  endpoint.metadata.name = workload.endpoint;
  endpoint.metadata.namespace_ = workload.namespace_;
  for (const auto& [name, value] : config.labels) endpoint.metadata.labels[name] = value;
  endpoint.metadata.labels["projectcalico.org/namespace"] = workload.namespace_;
  endpoint.metadata.labels["projectcalico.org/orchestrator"] = workload.orchestrator;

  api::WorkloadEndpointSpec& spec = endpoint.spec;
  const std::string account = service_account(workload, config);
  if (!account.empty() && account.size() < label_length)
    endpoint.metadata.labels["projectcalico.org/serviceaccount"] = account;
  spec.orchestrator = workload.orchestrator;
  spec.node = workload.node;
  spec.container_id = workload.container;
  spec.pod = workload.pod;
  spec.endpoint = workload.interface;
  spec.service_account_name = account;
  spec.interface_name = workload.host_interface;
  spec.mac = to_string(mac);
  spec.profiles = profiles(workload, config);
  if (!config.ports.empty()) spec.ports = config.ports;
  spec.ip_networks.clear();
  for (const net::Ip& ip : addresses) spec.ip_networks.push_back(net::Cidr::host(ip));
  return endpoint;
}

}  // namespace weft::cni
