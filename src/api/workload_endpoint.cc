#include "api/workload_endpoint.h"

#include <algorithm>

#include "api/described.h"
#include "base/sha.h"
#include "base/strings.h"

namespace weft::api {

std::string interface_name_of_pod(std::string_view prefix, std::string_view namespace_, std::string_view pod) {
  const std::string name = std::string(namespace_) + "." + std::string(pod);
  return std::string(prefix) + to_hex(sha1(name)).substr(0, 11);
}

}  // namespace weft::api

namespace weft::schema {

using api::EndpointPort, api::IpNat, api::QosControls, api::WorkloadEndpoint, api::WorkloadEndpointSpec;

template <>
const Schema& schema_of<EndpointPort>() {
  static const Schema schema =
      describe<EndpointPort>("WorkloadEndpointPort", "A port with a name.")
          .field("name", &EndpointPort::name, "Name that rules use.", always, Format{api::port_name})
          .field("protocol", &EndpointPort::protocol, "Protocol of the port.", required, always,
                 Written{api::protocol_spelling})
          .field("port", &EndpointPort::port, "Number of the port.", required, always, Range{1, 65535})
          .field("hostPort", &EndpointPort::host_port, "Port of the host that leads to it.", always, Range{0, 65535})
          .field("hostIP", &EndpointPort::host_ip, "Address of the host that leads to it.", always,
                 Format{api::cidr_or_address})
          .extra(&EndpointPort::extra)
          .rule("protocol", "WorkloadEndpointPort protocol does not support ports.",
                [](const EndpointPort& p) { return !api::has_ports(p.protocol); })
          .rule("name", "WorkloadEndpointPort name must not be empty if no HostPort is specified",
                [](const EndpointPort& p) { return p.name.empty() && p.host_port == 0; });
  return schema;
}

template <>
const Schema& schema_of<IpNat>() {
  static const Schema schema =
      describe<IpNat>("IPNAT", "An address outside that leads to one of the endpoint's.")
          .field("internalIP", &IpNat::internal_ip, "The endpoint's address.", required, always, Format{api::address})
          .field("externalIP", &IpNat::external_ip, "The address outside.", required, always, Format{api::address})
          .extra(&IpNat::extra)
          .rule("externalIP", "mismatched IP versions", [](const IpNat& nat) {
            return (nat.internal_ip.find(':') == nat.internal_ip.npos) !=
                   (nat.external_ip.find(':') == nat.external_ip.npos);
          });
  return schema;
}

template <>
const Schema& schema_of<QosControls>() {
  using Qos = QosControls;
  static const Schema schema =
      describe<Qos>("QoSControls", "Limits of a workload's traffic; 0: none.")
          .field("ingressBandwidth", &Qos::ingress_bandwidth, "To the workload, bits per second.")
          .field("ingressBurst", &Qos::ingress_burst, "To the workload, bits at once.")
          .field("ingressPeakrate", &Qos::ingress_peakrate, "To the workload, bits per second within a burst.")
          .field("ingressMinburst", &Qos::ingress_minburst, "To the workload, bytes at once at the peak rate.")
          .field("egressBandwidth", &Qos::egress_bandwidth, "From the workload, bits per second.")
          .field("egressBurst", &Qos::egress_burst, "From the workload, bits at once.")
          .field("egressPeakrate", &Qos::egress_peakrate, "From the workload, bits per second within a burst.")
          .field("egressMinburst", &Qos::egress_minburst, "From the workload, bytes at once at the peak rate.")
          .field("ingressPacketRate", &Qos::ingress_packet_rate, "To the workload, packets per second.")
          .field("ingressPacketBurst", &Qos::ingress_packet_burst, "To the workload, packets at once.")
          .field("egressPacketRate", &Qos::egress_packet_rate, "From the workload, packets per second.")
          .field("egressPacketBurst", &Qos::egress_packet_burst, "From the workload, packets at once.")
          .field("ingressMaxConnections", &Qos::ingress_max_connections, "To the workload, connections.")
          .field("egressMaxConnections", &Qos::egress_max_connections, "From the workload, connections.")
          .json_field("dscp", &Qos::dscp, "Mark of its packets to outside: 0..63, or a name such as EF.")
          .extra(&Qos::extra)
          .check(
              [](const Qos& qos, const Report& report) {
                if (qos.dscp.empty()) return;
                const auto value = parse_json(qos.dscp);
                const auto* number = value ? value->as_int() : nullptr;
                if (value && value->as_string()) return;
                if (!number || *number < 0 || *number > 63)
                  report("dscp", *value, "must be 0..63 or a name such as EF");
              },
              {{"dscp", "must be 0..63 or a name"}});
  return schema;
}

template <>
const Schema& schema_of<WorkloadEndpointSpec>() {
  using Spec = WorkloadEndpointSpec;
  static const Schema schema =
      describe<Spec>("WorkloadEndpointSpec", "Where the workload is and which addresses it has.")
          .field("orchestrator", &Spec::orchestrator, "Who made it: k8s, cni, openstack, …", Format{api::dns_subdomain})
          .field("workload", &Spec::workload, "Name of the workload, for orchestrators other than k8s and cni.",
                 Format{api::dns_subdomain})
          .field("node", &Spec::node, "Node it is on.", Format{api::dns_subdomain})
          .field("containerID", &Spec::container_id, "Id of the container.", Format{api::container_id})
          .field("pod", &Spec::pod, "Name of the pod.", Format{api::dns_subdomain})
          .field("endpoint", &Spec::endpoint, "Name of the interface within the workload.", Format{api::dns_subdomain})
          .field("serviceAccountName", &Spec::service_account_name, "Service account of the pod.",
                 Format{api::dns_subdomain})
          .field("ipNetworks", &Spec::ip_networks, "Addresses.", Written{api::host_cidr})
          .field("ipNATs", &Spec::ip_nats, "Addresses outside that lead to it.")
          .field("ipv4Gateway", &Spec::ipv4_gateway, "IPv4 gateway.", Format{api::ipv4})
          .field("ipv6Gateway", &Spec::ipv6_gateway, "IPv6 gateway.", Format{api::ipv6})
          .field("profiles", &Spec::profiles, "Profiles, the first to have a label wins.", Format{api::dns_subdomain})
          .field("interfaceName", &Spec::interface_name, "Host side of the interface.", Format{api::interface_name})
          .field("mac", &Spec::mac, "MAC address within the workload.", Format{api::mac})
          .field("ports", &Spec::ports, "Ports with names.")
          .field("allowSpoofedSourcePrefixes", &Spec::allow_spoofed_source_prefixes,
                 "Prefixes that it may send from besides its addresses.", Written{api::loose_cidr_or_address})
          .field("qosControls", &Spec::qos_controls, "Limits of its traffic.")
          .extra(&Spec::extra)
          .rule("interfaceName", "is required", [](const Spec& s) { return s.interface_name.empty(); })
          .check(
              [](const Spec& spec, const Report& report) {
                for (const net::Cidr& cidr : spec.ip_networks) {
                  if (!cidr.is_host()) report("ipNetworks", to_string(cidr), "must be a single address");
                }
                for (const IpNat& nat : spec.ip_nats) {
                  const auto ip = net::Ip::parse(nat.internal_ip);
                  const bool known = ip && std::find(spec.ip_networks.begin(), spec.ip_networks.end(),
                                                     net::Cidr::host(*ip)) != spec.ip_networks.end();
                  if (!known) report("ipNATs", nat.internal_ip, "NAT is not in the endpoint networks");
                }
              },
              {{"ipNetworks", "must be single addresses"}, {"ipNATs", "internalIP must be one of ipNetworks"}});
  return schema;
}

namespace {

void fill_endpoint(WorkloadEndpoint& endpoint, bool reading) {
  if (reading) return;
  if (endpoint.metadata.name.empty()) {
    if (auto name = name_of(endpoint.spec)) endpoint.metadata.name = std::move(*name);
  }
  endpoint.metadata.labels["projectcalico.org/namespace"] = endpoint.metadata.namespace_;
  endpoint.metadata.labels["projectcalico.org/orchestrator"] = endpoint.spec.orchestrator;
}

void check_endpoint_name(const WorkloadEndpoint& endpoint, const Report& report) {
  const auto name = name_of(endpoint.spec);
  if (!name) {
    report("spec", {}, name.error().message);
  } else if (*name != endpoint.metadata.name) {
    report("metadata.name", endpoint.metadata.name,
           "must be " + *name + ", made of node, orchestrator, workload and endpoint");
  }
}

std::string joined(const auto& list, auto text_of) {
  std::string text;
  for (const auto& element : list) {
    if (!text.empty()) text += ',';
    text += text_of(element);
  }
  return text;
}

std::string networks(const WorkloadEndpoint& endpoint, const Facts&) {
  return joined(endpoint.spec.ip_networks, [](const net::Cidr& cidr) { return to_string(cidr); });
}
std::string nats(const WorkloadEndpoint& endpoint, const Facts&) {
  return joined(endpoint.spec.ip_nats, [](const IpNat& nat) { return nat.external_ip; });
}

}  // namespace

template <>
const Schema& schema_of<WorkloadEndpoint>() {
  using Endpoint = WorkloadEndpoint;
  static const Schema schema =
      describe<Endpoint>("WorkloadEndpoint", "One interface of a workload: the host side of a pod's or VM's veth.")
          .resource("workloadendpoints", {"wep", "weps"})
          .kubernetes_own()
          .example(R"(metadata:
  name: node1-k8s-web--1-eth0
  namespace: shop
  labels:
    app: web
spec:
  orchestrator: k8s
  node: node1
  pod: web-1
  endpoint: eth0
  interfaceName: cali0123456789a
  ipNetworks: [10.65.0.3/32]
  profiles: [kns.shop]
  ports:
    - name: http
      protocol: TCP
      port: 80
)")
          .field("metadata", &Endpoint::metadata, "Name and labels.", always)
          .field("spec", &Endpoint::spec, "Where it is and which addresses it has.", always)
          .extra(&Endpoint::extra)
          .fill(fill_endpoint)
          .check(api::check_name<Endpoint>(api::any_name, true))
          .check(check_endpoint_name, {{"metadata.name", "must be made of node, orchestrator, workload and endpoint"}})
          .column("NAME", Show::wide, api::name_column)
          .column(
              "WORKLOAD", Show::always,
              [](const Endpoint& e, const Facts&) { return e.spec.workload.empty() ? e.spec.pod : e.spec.workload; })
          .column("NODE", Show::always, [](const Endpoint& e, const Facts&) { return e.spec.node; })
          .column("NETWORKS", Show::always, networks)
          .column("INTERFACE", Show::always, [](const Endpoint& e, const Facts&) { return e.spec.interface_name; })
          .column("PROFILES", Show::wide, [](const Endpoint& e, const Facts&) { return join(e.spec.profiles, ","); })
          .column("NATS", Show::wide, nats)
          .column("ORCHESTRATOR", Show::asked, [](const Endpoint& e, const Facts&) { return e.spec.orchestrator; });
  return schema;
}

}  // namespace weft::schema
