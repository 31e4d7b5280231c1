#include "api/host_endpoint.h"

#include "api/described.h"
#include "base/strings.h"

namespace weft::schema {

using api::HostEndpoint, api::HostEndpointSpec, api::HostPort;

template <>
const Schema& schema_of<HostPort>() {
  static const Schema schema =
      describe<HostPort>("EndpointPort", "A port with a name.")
          .field("name", &HostPort::name, "Name that rules use.", required, Format{api::port_name})
          .field("protocol", &HostPort::protocol, "Protocol of the port.", required, Written{api::protocol_spelling})
          .field("port", &HostPort::port, "Number of the port.", required, Range{1, 65535})
          .extra(&HostPort::extra)
          .rule("protocol", "EndpointPort protocol does not support ports.",
                [](const HostPort& p) { return !api::has_ports(p.protocol); });
  return schema;
}

template <>
const Schema& schema_of<HostEndpointSpec>() {
  using Spec = HostEndpointSpec;
  static const Schema schema =
      describe<Spec>("HostEndpointSpec", "Which interfaces, and what applies to them.")
          .field("node", &Spec::node, "The node.", Format{api::dns_subdomain})
          .field("interfaceName", &Spec::interface_name, "The interface; * for all of the node.",
                 Format{api::interface_name})
          .field("expectedIPs", &Spec::expected_ips, "Addresses of the interface, as sets of selectors hold them.",
                 Format{api::address})
          .field("profiles", &Spec::profiles, "Profiles, the first to have a label wins.", Format{api::dns_subdomain})
          .field("ports", &Spec::ports, "Ports with names.")
          .extra(&Spec::extra)
          .rule("interfaceName", "at least one of interfaceName or expectedIPs must be specified",
                [](const Spec& s) { return s.interface_name.empty() && s.expected_ips.empty(); })
          .rule("node", "node must be specified", [](const Spec& s) { return s.node.empty(); });
  return schema;
}

template <>
const Schema& schema_of<HostEndpoint>() {
  using Endpoint = HostEndpoint;
  static const Schema schema =
      describe<Endpoint>("HostEndpoint", "One or all interfaces of a node itself, for policy.")
          .resource("hostendpoints", {"hep", "heps"})
          .example(R"(metadata:
  name: node1-eth0
  labels:
    role: edge
spec:
  node: node1
  interfaceName: eth0
  expectedIPs: [10.0.0.1]
  ports:
    - name: ssh
      protocol: TCP
      port: 22
)")
          .field("metadata", &Endpoint::metadata, "Name and labels.", always)
          .field("spec", &Endpoint::spec, "Which interfaces.", always)
          .extra(&Endpoint::extra)
          .check(api::check_name<Endpoint>(api::dns_subdomain, false))
          .column("NAME", Show::always, api::name_column)
          .column("NODE", Show::always, [](const auto& e, const Facts&) { return e.spec.node; })
          .column("INTERFACE", Show::wide, [](const auto& e, const Facts&) { return e.spec.interface_name; })
          .column("IPS", Show::wide, [](const auto& e, const Facts&) { return join(e.spec.expected_ips, ","); })
          .column("PROFILES", Show::wide, [](const auto& e, const Facts&) { return join(e.spec.profiles, ","); });
  return schema;
}

}  // namespace weft::schema
