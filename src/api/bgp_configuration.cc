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
          .field("name", &Community::name, "The name.", required)
          .field("value", &Community::value, "The community.", required, Format{api::community_value})
          .extra(&Community::extra);
  return schema;
}

template <>
const Schema& schema_of<PrefixAdvertisement>() {
  static const Schema schema =
      describe<PrefixAdvertisement>("PrefixAdvertisement", "Communities that a prefix is announced with.")
          .field("cidr", &PrefixAdvertisement::cidr, "The prefix.", required, Format{api::strict_cidr})
          .field("communities", &PrefixAdvertisement::communities, "Communities, by name or value.")
          .extra(&PrefixAdvertisement::extra);
  return schema;
}

template <>
const Schema& schema_of<ServiceCidr>() {
  static const Schema schema = describe<ServiceCidr>("ServiceIPBlock", "A range of service addresses.")
                                   .field("cidr", &ServiceCidr::cidr, "The range.", required, Format{api::strict_cidr})
                                   .extra(&ServiceCidr::extra);
  return schema;
}

template <>
const Schema& schema_of<SecretKeyRef>() {
  static const Schema schema = describe<SecretKeyRef>("SecretKeySelector", "A key of a secret.")
                                   .field("name", &SecretKeyRef::name, "Name of the secret.")
                                   .field("key", &SecretKeyRef::key, "Key within it.", required, always)
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
  std::vector<std::string> used;
  for (const auto& advertisement : spec.prefix_advertisements) {
    for (const auto& community : advertisement.communities) {
      const bool named = std::any_of(spec.communities.begin(), spec.communities.end(),
                                     [&](const Community& c) { return c.name == community; });
      if (!named && api::community_value(community)) {
        report("prefixAdvertisements", community, "is neither the name of a community nor a community");
      }
      used.push_back(community);
    }
  }
  for (const Community& community : spec.communities) {
    if (std::find(used.begin(), used.end(), community.name) == used.end()) {
      report("communities", community.name, "is not used by any prefixAdvertisement");
    }
  }
}

void check_bgp_configuration(const BgpConfiguration& configuration, const Report& report) {
  const auto& spec = configuration.spec;
  if (configuration.metadata.name != "default") {
    const auto only_default = [&](std::string_view path, bool given) {
      if (given) report(path, {}, "may be given in the configuration default only");
    };
    only_default("spec.nodeToNodeMeshEnabled", spec.node_to_node_mesh_enabled.has_value());
    only_default("spec.asNumber", spec.as_number.has_value());
    only_default("spec.serviceLoadBalancerIPs", !spec.service_load_balancer_ips.empty());
    only_default("spec.serviceExternalIPs", !spec.service_external_ips.empty());
    only_default("spec.serviceClusterIPs", !spec.service_cluster_ips.empty());
    only_default("spec.nodeMeshPassword", spec.node_mesh_password.has_value());
    only_default("spec.nodeMeshMaxRestartTime", spec.node_mesh_max_restart_time.has_value());
  }
  if (spec.node_to_node_mesh_enabled == false) {
    if (spec.node_mesh_password) report("spec.nodeMeshPassword", {}, "needs the node-to-node mesh");
    if (spec.node_mesh_max_restart_time) report("spec.nodeMeshMaxRestartTime", {}, "needs the node-to-node mesh");
  }
}

}  // namespace

template <>
const Schema& schema_of<BgpConfigurationSpec>() {
  using Spec = BgpConfigurationSpec;
  static const Schema schema =
      describe<Spec>("BGPConfigurationSpec", "How nodes speak BGP.")
          .field("logSeverityScreen", &Spec::log_severity_screen, "From which level on BIRD logs.",
                 OneOf{{"Trace", "Debug", "Info", "Warning", "Error", "Fatal"}}, Default{"Info"})
          .field("nodeToNodeMeshEnabled", &Spec::node_to_node_mesh_enabled,
                 "Whether all nodes are peers of each other.")
          .field("asNumber", &Spec::as_number, "AS number of nodes that have none of their own.")
          .field("serviceLoadBalancerIPs", &Spec::service_load_balancer_ips, "Load balancer ranges that are announced.")
          .field("serviceExternalIPs", &Spec::service_external_ips, "External service ranges that are announced.")
          .field("serviceClusterIPs", &Spec::service_cluster_ips, "Cluster service ranges that are announced.")
          .field("communities", &Spec::communities, "Communities with names.")
          .field("prefixAdvertisements", &Spec::prefix_advertisements, "Communities that prefixes are announced with.")
          .field("listenPort", &Spec::listen_port, "TCP port of BGP; 179 unless given.", Range{0, 65535})
          .field("nodeMeshPassword", &Spec::node_mesh_password, "Password of the mesh.")
          .field("nodeMeshMaxRestartTime", &Spec::node_mesh_max_restart_time, "Graceful restart time of the mesh.")
          .field("bindMode", &Spec::bind_mode, "Which addresses BIRD listens on.", OneOf{{"None", "NodeIP"}})
          .field("ignoredInterfaces", &Spec::ignored_interfaces, "Interfaces that BIRD does not look at.",
                 Format{api::ignored_interface})
          .field("localWorkloadPeeringIPV4", &Spec::local_workload_peering_ipv4,
                 "Address that local workloads peer with.", Format{api::ipv4})
          .field("localWorkloadPeeringIPV6", &Spec::local_workload_peering_ipv6,
                 "Address that local workloads peer with.", Format{api::address})
          .field("serviceLoadBalancerAggregation", &Spec::service_load_balancer_aggregation,
                 "Whether load balancer ranges are announced whole.", OneOf{{"Enabled", "Disabled"}},
                 Default{"Enabled"})
          .field("programClusterRoutes", &Spec::program_cluster_routes,
                 "Which routes of the cluster BIRD puts in the kernel.",
                 OneOf{{"Enabled", "Disabled", "EnabledIPIPOnly", "EnabledNoEncapOnly"}})
          .extra(&Spec::extra)
          .check(check_communities);
  return schema;
}

template <>
const Schema& schema_of<BgpConfiguration>() {
  using Configuration = BgpConfiguration;
  static const Schema schema =
      describe<Configuration>("BGPConfiguration", "BGP settings of the cluster (default) or of one node (node.<name>).")
          .resource("bgpconfigurations", {"bgpconfig", "bgpconfigs"})
          .field("metadata", &Configuration::metadata, "Name and labels.", always)
          .field("spec", &Configuration::spec, "The settings.", always)
          .extra(&Configuration::extra)
          .check(api::check_name<Configuration>(api::bgp_configuration_name, false))
          .check(check_bgp_configuration)
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
