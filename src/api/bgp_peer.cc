#include <algorithm>

#include "api/bgp.h"
#include "api/described.h"

namespace weft::schema {

using api::BgpPeer, api::BgpPeerSpec;

namespace {

bool is_v6(std::string_view address) { return std::count(address.begin(), address.end(), ':') > 1; }

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
          .field("nodeSelector", &Spec::node_selector, "Nodes that peer.", Format{api::selector}, Length{1024})
          .field("peerIP", &Spec::peer_ip, "Address of the peer, with a port when it is not 179.",
                 Format{api::address_with_port})
          .field("asNumber", &Spec::as_number, "AS number of the peer.")
          .field("localASNumber", &Spec::local_as_number, "AS number that we show to the peer.")
          .field("peerSelector", &Spec::peer_selector, "Nodes that are peers.", Format{api::selector}, Length{1024})
          .field("keepOriginalNextHop", &Spec::keep_original_next_hop,
                 "Announce next hops as they are; older form of nextHopMode Keep.")
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
          .field("reachableBy", &Spec::reachable_by, "Gateway to the peer.", Format{api::address})
          .field("filters", &Spec::filters, "Filters for routes, in order.", Format{api::dns_subdomain})
          .field("localWorkloadSelector", &Spec::local_workload_selector, "Workloads of the node that are peers.",
                 Format{api::selector}, Length{1024})
          .field("reversePeering", &Spec::reverse_peering, "Whether selected nodes peer back.",
                 OneOf{{"Auto", "Manual"}})
          .extra(&Spec::extra)
          .fill([](Spec& s, bool) {
            if (s.as_number && s.as_number->value == 0) s.as_number.reset();
          })
          .rule("nodeSelector", "node and nodeSelector cannot both be set",
                [](const Spec& s) { return !s.node.empty() && !s.node_selector.empty(); })
          .rule("peerSelector", "peerIP and peerSelector cannot both be set",
                [](const Spec& s) { return !s.peer_ip.empty() && !s.peer_selector.empty(); })
          .rule("asNumber", "asNumber must be empty when peerSelector is set",
                [](const Spec& s) { return !s.peer_selector.empty() && s.as_number; })
          .rule("peerIP", "peerIP must be empty when localWorkloadSelector is set",
                [](const Spec& s) { return !s.local_workload_selector.empty() && !s.peer_ip.empty(); })
          .rule("peerSelector", "peerSelector must be empty when localWorkloadSelector is set",
                [](const Spec& s) { return !s.local_workload_selector.empty() && !s.peer_selector.empty(); })
          .rule("asNumber", "asNumber is required when localWorkloadSelector is set",
                [](const Spec& s) { return !s.local_workload_selector.empty() && !s.as_number; })
          .rule("reachableBy", "reachableBy must be empty when peerIP is empty",
                [](const Spec& s) { return !s.reachable_by.empty() && s.peer_ip.empty(); })
          .rule("reachableBy", "ReachableBy and PeerIP address family mismatched",
                [](const Spec& s) {
                  return !s.reachable_by.empty() && !s.peer_ip.empty() && is_v6(s.reachable_by) != is_v6(s.peer_ip);
                })
          .rule("nextHopMode", "keepOriginalNextHop and nextHopMode cannot both be set",
                [](const Spec& s) { return s.keep_original_next_hop && !s.next_hop_mode.empty(); });
  return schema;
}

template <>
const Schema& schema_of<BgpPeer>() {
  static const Schema schema =
      describe<BgpPeer>("BGPPeer", "A BGP neighbour of all nodes, of selected nodes or of one.")
          .resource("bgppeers", {"bgpp", "bgpps", "bp", "bps"})
          .example(R"(metadata:
  name: rack-7
spec:
  nodeSelector: rack == '7'
  peerIP: 10.0.7.1
  asNumber: 64600
  filters: [only-pools]
  password:
    secretKeyRef:
      name: bgp
      key: rack-7
)")
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
