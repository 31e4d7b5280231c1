#include "api/bgp.h"

#include <algorithm>

#include "api/described.h"

namespace weft::schema {

using api::BgpConfiguration, api::BgpConfigurationSpec, api::BgpPeer, api::BgpPeerSpec, api::Community, api::Password,
    api::PrefixAdvertisement, api::SecretKeyRef, api::ServiceCidr;

template <>
const Schema& schema_of<Community>() {
  static const Schema schema =
      describe<Community>("Community", "A BGP community with a name.")
          .field("name", &Community::name, "The name.", required, Format{api::dns_subdomain}, Length{253})
          .field("value", &Community::value, "The community.", required, Format{api::community_value}, Length{40})
          .extra(&Community::extra);
  return schema;
}

template <>
const Schema& schema_of<PrefixAdvertisement>() {
  static const Schema schema =
      describe<PrefixAdvertisement>("PrefixAdvertisement", "Communities that a prefix is announced with.")
          .field("cidr", &PrefixAdvertisement::cidr, "The prefix.", required, Format{api::strict_cidr})
          .field("communities", &PrefixAdvertisement::communities, "Communities, by name or value.", AtMost{50})
          .extra(&PrefixAdvertisement::extra)
          .rule("communities", "is required", [](const PrefixAdvertisement& a) { return a.communities.empty(); });
  return schema;
}

template <>
const Schema& schema_of<ServiceCidr>() {
  static const Schema schema = describe<ServiceCidr>("ServiceIPBlock", "A range of service addresses.")
                                   .field("cidr", &ServiceCidr::cidr, "The range.", Format{api::strict_cidr})
                                   .extra(&ServiceCidr::extra);
  return schema;
}

template <>
const Schema& schema_of<SecretKeyRef>() {
  static const Schema schema = describe<SecretKeyRef>("SecretKeySelector", "A key of a secret.")
                                   .field("name", &SecretKeyRef::name, "Name of the secret.")
                                   .field("key", &SecretKeyRef::key, "Key within it.", always)
                                   .extra(&SecretKeyRef::extra, {"optional"});
  return schema;
}

template <>
const Schema& schema_of<Password>() {
  static const Schema schema = describe<Password>("BGPPassword", "Where a password is.")
                                   .field("secretKeyRef", &Password::secret_key_ref, "A key of a secret.")
                                   .extra(&Password::extra);
  return schema;
}

namespace {

void check_communities(const BgpConfigurationSpec& spec, const Report& report) {
  for (const auto& advertisement : spec.prefix_advertisements) {
    for (const auto& community : advertisement.communities) {
      const bool named = std::any_of(spec.communities.begin(), spec.communities.end(),
                                     [&](const Community& c) { return c.name == community; });
      if (!named && api::community_value(community))
        report("prefixAdvertisements", community, "community used is invalid or not defined.");
    }
  }
}

void check_default_only(const BgpConfiguration& configuration, const Report& report) {
  if (configuration.metadata.name == "default") return;
  const auto& spec = configuration.spec;
  const auto refuse = [&](std::string_view path, std::string_view name, bool given) {
    if (given) report(path, {}, "Cannot set " + std::string(name) + " on a non default BGP Configuration.");
  };
  refuse("spec.nodeToNodeMeshEnabled", "nodeToNodeMeshEnabled", spec.node_to_node_mesh_enabled.has_value());
  refuse("spec.asNumber", "ASNumber", spec.as_number.has_value());
  refuse("spec.serviceLoadBalancerIPs", "ServiceLoadBalancerIPs", !spec.service_load_balancer_ips.empty());
  refuse("spec.serviceExternalIPs", "ServiceExternalIPs", !spec.service_external_ips.empty());
  refuse("spec.serviceClusterIPs", "ServiceClusterIPs", !spec.service_cluster_ips.empty());
  refuse("spec.nodeMeshPassword", "nodeMeshPassword", spec.node_mesh_password.has_value());
  refuse("spec.nodeMeshMaxRestartTime", "nodeMeshMaxRestartTime", spec.node_mesh_max_restart_time.has_value());
}

}  // namespace

template <>
const Schema& schema_of<BgpConfigurationSpec>() {
  using Spec = BgpConfigurationSpec;
  constexpr Range priorities{1, 2147483646};
  static const Schema schema =
      describe<Spec>("BGPConfigurationSpec", "How nodes speak BGP.")
          .field("logSeverityScreen", &Spec::log_severity_screen, "From which level on BIRD logs.",
                 OneOf{{"Trace", "Debug", "Info", "Warning", "Error", "Fatal"}}, any_case, Default{"Info"})
          .field("nodeToNodeMeshEnabled", &Spec::node_to_node_mesh_enabled,
                 "Whether all nodes are peers of each other; they are unless given.")
          .field("asNumber", &Spec::as_number, "AS number of nodes that have none of their own; 64512 unless given.")
          .field("serviceLoadBalancerIPs", &Spec::service_load_balancer_ips, "Load balancer ranges that are announced.")
          .field("serviceExternalIPs", &Spec::service_external_ips, "External service ranges that are announced.")
          .field("serviceClusterIPs", &Spec::service_cluster_ips, "Cluster service ranges that are announced.")
          .field("serviceLoadBalancerAggregation", &Spec::service_load_balancer_aggregation,
                 "Whether load balancer ranges are announced whole.", OneOf{{"Enabled", "Disabled"}},
                 Default{"Enabled"})
          .field("communities", &Spec::communities, "Communities with names.", AtMost{500})
          .field("prefixAdvertisements", &Spec::prefix_advertisements, "Communities that prefixes are announced with.",
                 AtMost{500})
          .field("listenPort", &Spec::listen_port, "TCP port of BGP; 179 unless given.", Range{0, 65535})
          .field("nodeMeshPassword", &Spec::node_mesh_password, "Password of the mesh.")
          .field("nodeMeshMaxRestartTime", &Spec::node_mesh_max_restart_time, "Graceful restart time of the mesh.")
          .field("bindMode", &Spec::bind_mode, "Which addresses BIRD listens on.", OneOf{{"None", "NodeIP"}})
          .field("ignoredInterfaces", &Spec::ignored_interfaces, "Interfaces that BIRD does not look at.",
                 Format{api::ignored_interface})
          .field("localWorkloadPeeringIPV4", &Spec::local_workload_peering_ipv4,
                 "Address that local workloads peer with.", Format{api::ipv4})
          .field("localWorkloadPeeringIPV6", &Spec::local_workload_peering_ipv6,
                 "Address that local workloads peer with.", Format{api::ipv6})
          .field("programClusterRoutes", &Spec::program_cluster_routes,
                 "Which routes of the cluster BIRD puts in the kernel.",
                 OneOf{{"Enabled", "Disabled", "EnabledIPIPOnly", "EnabledNoEncapOnly"}})
          .field("ipv4NormalRoutePriority", &Spec::ipv4_normal_route_priority,
                 "Metric in the kernel of the cluster's IPv4 routes.", priorities)
          .field("ipv6NormalRoutePriority", &Spec::ipv6_normal_route_priority,
                 "Metric in the kernel of the cluster's IPv6 routes.", priorities)
          .extra(&Spec::extra)
          .rule("nodeMeshPassword", "nodeMeshPassword cannot be set when nodeToNodeMeshEnabled is false",
                [](const Spec& s) { return s.node_mesh_password && s.node_to_node_mesh_enabled == false; })
          .rule("nodeMeshMaxRestartTime", "nodeMeshMaxRestartTime cannot be set when nodeToNodeMeshEnabled is false",
                [](const Spec& s) { return s.node_mesh_max_restart_time && s.node_to_node_mesh_enabled == false; })
          .rule("communities", "communities are defined but not used in prefixAdvertisements",
                [](const Spec& s) { return !s.communities.empty() && s.prefix_advertisements.empty(); })
          .check(check_communities, {{"prefixAdvertisements", "communities must be values or names of communities"}});
  return schema;
}

template <>
const Schema& schema_of<BgpConfiguration>() {
  using Configuration = BgpConfiguration;
  static const Schema schema =
      describe<Configuration>("BGPConfiguration", "BGP settings of the cluster (default) or of one node (node.<name>).")
          .resource("bgpconfigurations", {"bgpconfig", "bgpconfigs"})
          .example(R"(metadata:
  name: default
spec:
  asNumber: 64512
  nodeToNodeMeshEnabled: true
  serviceLoadBalancerIPs:
    - cidr: 203.0.113.0/24
  communities:
    - name: no-export
      value: 65535:65281
  prefixAdvertisements:
    - cidr: 203.0.113.0/24
      communities: [no-export]
)")
          .field("metadata", &Configuration::metadata, "Name and labels.", always)
          .field("spec", &Configuration::spec, "The settings.", always)
          .extra(&Configuration::extra)
          .check(api::check_name<Configuration>(api::dns_subdomain, false))
          .check(check_default_only, {{"spec", "mesh, AS number and service ranges may be given in default only"}})
          .column("NAME", Show::always, api::name_column)
          .column("LOGSEVERITY", Show::always, [](const auto& c, const Facts&) { return c.spec.log_severity_screen; })
          .column("MESHENABLED", Show::always,
                  [](const auto& c, const Facts&) {
                    const auto& enabled = c.spec.node_to_node_mesh_enabled;
                    return enabled ? (*enabled ? "true" : "false") : "-";
                  })
          .column("ASNUMBER", Show::always,
                  [](const auto& c, const Facts&) { return c.spec.as_number ? to_string(*c.spec.as_number) : "-"; });
  return schema;
}

}  // namespace weft::schema
