#include <algorithm>

#include "api/bgp.h"
#include "api/described.h"

namespace weft::schema {

using api::BgpPeer, api::BgpPeerSpec;

namespace {

void check_peer(const BgpPeerSpec& spec, const Report& report) {
  if (!spec.node.empty() && !spec.node_selector.empty())
    report("nodeSelector", spec.node_selector, "may not be given with node");
  if (!spec.peer_ip.empty() && !spec.peer_selector.empty())
    report("peerSelector", spec.peer_selector, "may not be given with peerIP");
  if (!spec.peer_selector.empty() && spec.as_number) {
    report("asNumber", to_string(*spec.as_number), "may not be given with peerSelector: the nodes have theirs");
  }
  if (!spec.local_workload_selector.empty()) {
    if (!spec.peer_ip.empty() || !spec.peer_selector.empty()) {
      report("localWorkloadSelector", spec.local_workload_selector, "may not be given with peerIP or peerSelector");
    }
    if (!spec.as_number) report("asNumber", {}, "is required with localWorkloadSelector");
  }
  if (spec.keep_original_next_hop && !spec.next_hop_mode.empty()) {
    report("nextHopMode", spec.next_hop_mode, "may not be given with keepOriginalNextHop");
  }
  if (!spec.reachable_by.empty()) {
    if (spec.peer_ip.empty()) {
      report("reachableBy", spec.reachable_by, "needs peerIP");
    } else if ((spec.reachable_by.find(':') == std::string::npos) !=
               (std::count(spec.peer_ip.begin(), spec.peer_ip.end(), ':') < 2)) {
      report("reachableBy", spec.reachable_by, "must be of the family of peerIP");
    }
  }
}

std::string peer_node(const BgpPeer& peer, const Facts&) {
  if (!peer.spec.node.empty()) return peer.spec.node;
  return peer.spec.node_selector.empty() ? "(global)" : peer.spec.node_selector;
}

}  // namespace

template <>
const Schema& schema_of<BgpPeerSpec>() {
  using Spec = BgpPeerSpec;
  static const Schema schema =
      describe<Spec>("BGPPeerSpec", "Who peers with whom, and how.")
          .field("node", &Spec::node, "The node that peers; absent: all, or those of nodeSelector.",
                 Format{api::dns_subdomain})
          .field("nodeSelector", &Spec::node_selector, "Nodes that peer.", Format{api::selector})
          .field("peerIP", &Spec::peer_ip, "Address of the peer, with a port when it is not 179.",
                 Format{api::address_with_port})
          .field("peerSelector", &Spec::peer_selector, "Nodes that are peers.", Format{api::selector})
          .field("asNumber", &Spec::as_number, "AS number of the peer.")
          .field("keepOriginalNextHop", &Spec::keep_original_next_hop, "Announce next hops as they are.")
          .field("nextHopMode", &Spec::next_hop_mode, "What is announced as next hop.", OneOf{{"Auto", "Self", "Keep"}})
          .field("password", &Spec::password, "Password of the session.")
          .field("sourceAddress", &Spec::source_address, "Address the session comes from.",
                 OneOf{{"UseNodeIP", "None"}})
          .field("maxRestartTime", &Spec::max_restart_time, "Graceful restart time.")
          .field("keepaliveTime", &Spec::keepalive_time, "Time between keepalives.")
          .field("numAllowedLocalASNumbers", &Spec::num_allowed_local_as_numbers, "How often our AS may be in a path.",
                 Range{0, 2147483647})
          .field("ttlSecurity", &Spec::ttl_security, "Hops to the peer, when its packets' TTL is checked.",
                 Range{0, 255})
          .field("filters", &Spec::filters, "Filters for routes, in order.")
          .field("reachableBy", &Spec::reachable_by, "Gateway to the peer.", Format{api::address})
          .field("reversePeering", &Spec::reverse_peering, "Whether selected nodes peer back.",
                 OneOf{{"Auto", "Manual"}})
          .field("localASNumber", &Spec::local_as_number, "AS number that we show to the peer.")
          .field("localWorkloadSelector", &Spec::local_workload_selector, "Workloads of the node that are peers.",
                 Format{api::selector})
          .extra(&Spec::extra)
          .check(check_peer);
  return schema;
}

template <>
const Schema& schema_of<BgpPeer>() {
  static const Schema schema =
      describe<BgpPeer>("BGPPeer", "A BGP neighbour of all nodes, of selected nodes or of one.")
          .resource("bgppeers", {"bgpp", "bgpps", "bp", "bps"})
          .field("metadata", &BgpPeer::metadata, "Name and labels.", always)
          .field("spec", &BgpPeer::spec, "Who peers with whom.", always)
          .extra(&BgpPeer::extra)
          .check(api::check_name<BgpPeer>(api::dns_subdomain, false))
          .column("NAME", Show::always, api::name_column)
          .column("PEERIP", Show::always, [](const BgpPeer& p, const Facts&) { return p.spec.peer_ip; })
          .column("NODE", Show::always, peer_node)
          .column("ASN", Show::always,
                  [](const BgpPeer& p, const Facts&) { return p.spec.as_number ? to_string(*p.spec.as_number) : "0"; });
  return schema;
}

}  // namespace weft::schema
