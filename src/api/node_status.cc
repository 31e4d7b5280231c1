#include "api/node_status.h"

#include "api/described.h"
#include "base/strings.h"

namespace weft::schema {

using api::AgentStatus, api::BgpDaemonStatus, api::BgpStatus, api::CalicoNodeStatus, api::CalicoNodeStatusSpec,
    api::CalicoNodeStatusStatus, api::PeerStatus, api::RoutesStatus, api::RouteSource, api::RouteStatus;

template <>
const Schema& schema_of<CalicoNodeStatusSpec>() {
  using Spec = CalicoNodeStatusSpec;
  static const Schema schema =
      describe<Spec>("CalicoNodeStatusSpec", "Which node reports what, and how often.")
          .field("node", &Spec::node, "The node.", Format{api::dns_subdomain})
          .field("classes", &Spec::classes, "What is reported.", unique, OneOf{{"Agent", "BGP", "Routes"}})
          .field("updatePeriodSeconds", &Spec::update_period_seconds, "Seconds between reports; 0: reports no more.",
                 Range{0, 86400})
          .extra(&Spec::extra)
          .rule("node", "is required", [](const Spec& s) { return s.node.empty(); })
          .rule("classes", "is required", [](const Spec& s) { return s.classes.empty(); })
          .rule("updatePeriodSeconds", "is required", [](const Spec& s) { return !s.update_period_seconds; });
  return schema;
}

template <>
const Schema& schema_of<BgpDaemonStatus>() {
  using Status = BgpDaemonStatus;
  static const Schema schema = describe<Status>("BGPDaemonStatus", "State of BIRD for one family.")
                                   .field("state", &Status::state, "Whether it runs.", OneOf{{"Ready", "NotReady"}})
                                   .field("version", &Status::version, "Its version.")
                                   .field("routerID", &Status::router_id, "Its router id.")
                                   .field("lastBootTime", &Status::last_boot_time, "When it was started.")
                                   .field("lastReconfigurationTime", &Status::last_reconfiguration_time,
                                          "When it was last given a configuration.")
                                   .extra(&Status::extra);
  return schema;
}

template <>
const Schema& schema_of<AgentStatus>() {
  static const Schema schema = describe<AgentStatus>("CalicoNodeAgentStatus", "State of the node's BIRD.")
                                   .field("birdV4", &AgentStatus::bird_v4, "For IPv4.", always)
                                   .field("birdV6", &AgentStatus::bird_v6, "For IPv6.", always)
                                   .extra(&AgentStatus::extra);
  return schema;
}

template <>
const Schema& schema_of<PeerStatus>() {
  static const Schema schema =
      describe<PeerStatus>("CalicoNodePeer", "A BGP session.")
          .field("peerIP", &PeerStatus::peer_ip, "Address of the peer.", Format{api::address})
          .field("type", &PeerStatus::type, "Why there is a session.", OneOf{{"NodeMesh", "NodePeer", "GlobalPeer"}})
          .field("state", &PeerStatus::state, "State of the session.",
                 OneOf{{"Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established", "Close"}})
          .field("since", &PeerStatus::since, "Since when it is in that state.")
          .extra(&PeerStatus::extra);
  return schema;
}

template <>
const Schema& schema_of<BgpStatus>() {
  static const Schema schema =
      describe<BgpStatus>("CalicoNodeBGPStatus", "The node's BGP sessions.")
          .field("numberEstablishedV4", &BgpStatus::established_v4, "IPv4 sessions that stand.", always)
          .field("numberNotEstablishedV4", &BgpStatus::not_established_v4, "IPv4 sessions that do not.", always)
          .field("numberEstablishedV6", &BgpStatus::established_v6, "IPv6 sessions that stand.", always)
          .field("numberNotEstablishedV6", &BgpStatus::not_established_v6, "IPv6 sessions that do not.", always)
          .field("peersV4", &BgpStatus::peers_v4, "IPv4 sessions.")
          .field("peersV6", &BgpStatus::peers_v6, "IPv6 sessions.")
          .extra(&BgpStatus::extra);
  return schema;
}

template <>
const Schema& schema_of<RouteSource>() {
  static const Schema schema = describe<RouteSource>("CalicoNodeRouteLearnedFrom", "Where a route comes from.")
                                   .field("sourceType", &RouteSource::source_type, "From whom.",
                                          OneOf{{"Kernel", "Static", "Direct", "NodeMesh", "BGPPeer"}})
                                   .field("peerIP", &RouteSource::peer_ip, "Address of the peer.", Format{api::address})
                                   .extra(&RouteSource::extra);
  return schema;
}

template <>
const Schema& schema_of<RouteStatus>() {
  static const Schema schema =
      describe<RouteStatus>("CalicoNodeRoute", "A route that BIRD knows.")
          .field("type", &RouteStatus::type, "In the kernel (FIB), or in BIRD only (RIB).", OneOf{{"FIB", "RIB"}})
          .field("destination", &RouteStatus::destination, "Its prefix.")
          .field("gateway", &RouteStatus::gateway, "Its gateway.")
          .field("interface", &RouteStatus::interface, "Its interface.")
          .field("learnedFrom", &RouteStatus::learned_from, "Where it comes from.", always)
          .extra(&RouteStatus::extra);
  return schema;
}

template <>
const Schema& schema_of<RoutesStatus>() {
  static const Schema schema = describe<RoutesStatus>("CalicoNodeBGPRouteStatus", "Routes that BIRD knows.")
                                   .field("routesV4", &RoutesStatus::routes_v4, "IPv4.")
                                   .field("routesV6", &RoutesStatus::routes_v6, "IPv6.")
                                   .extra(&RoutesStatus::extra);
  return schema;
}

template <>
const Schema& schema_of<CalicoNodeStatusStatus>() {
  using Status = CalicoNodeStatusStatus;
  static const Schema schema = describe<Status>("CalicoNodeStatusStatus", "What the node reported.")
                                   .field("lastUpdated", &Status::last_updated, "When it last reported.", always)
                                   .field("agent", &Status::agent, "State of BIRD.", always)
                                   .field("bgp", &Status::bgp, "BGP sessions.", always)
                                   .field("routes", &Status::routes, "Routes.", always)
                                   .extra(&Status::extra);
  return schema;
}

template <>
const Schema& schema_of<CalicoNodeStatus>() {
  using Status = CalicoNodeStatus;
  static const Schema schema =
      describe<Status>("CalicoNodeStatus", "What a node reports about itself, while this object asks for it.")
          .resource("caliconodestatuses", {"nodestatus", "nodestatuses"})
          .example(R"(metadata:
  name: node1
spec:
  node: node1
  classes: [Agent, BGP, Routes]
  updatePeriodSeconds: 10
)")
          .field("metadata", &Status::metadata, "Name and labels.", always)
          .field("spec", &Status::spec, "Which node reports what.", always)
          .field("status", &Status::status, "What it reported.", always)
          .extra(&Status::extra)
          .check(api::check_name<Status>(api::dns_subdomain, false))
          .column("NAME", Show::always, api::name_column)
          .column("NODE", Show::always, [](const auto& s, const Facts&) { return s.spec.node; })
          .column("CLASSES", Show::wide, [](const auto& s, const Facts&) { return join(s.spec.classes, ","); });
  return schema;
}

}  // namespace weft::schema
