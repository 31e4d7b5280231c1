#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/metadata.h"

namespace weft::api {

struct CalicoNodeStatusSpec {
  std::string node;
  std::vector<std::string> classes;  // Agent, BGP, Routes
  std::optional<std::uint32_t> update_period_seconds;
  schema::Extra extra;
  bool operator==(const CalicoNodeStatusSpec&) const = default;
};

/// Of one BIRD.
struct BgpDaemonStatus {
  std::string state;  // Ready, NotReady
  std::string version;
  std::string router_id;
  std::string last_boot_time;
  std::string last_reconfiguration_time;
  schema::Extra extra;
  bool operator==(const BgpDaemonStatus&) const = default;
};
struct AgentStatus {
  BgpDaemonStatus bird_v4;
  BgpDaemonStatus bird_v6;
  schema::Extra extra;
  bool operator==(const AgentStatus&) const = default;
};

struct PeerStatus {
  std::string peer_ip;
  std::string type;   // NodeMesh, NodePeer, GlobalPeer
  std::string state;  // Idle, …, Established
  std::string since;
  schema::Extra extra;
  bool operator==(const PeerStatus&) const = default;
};
struct BgpStatus {
  int established_v4 = 0;
  int not_established_v4 = 0;
  int established_v6 = 0;
  int not_established_v6 = 0;
  std::vector<PeerStatus> peers_v4;
  std::vector<PeerStatus> peers_v6;
  schema::Extra extra;
  bool operator==(const BgpStatus&) const = default;
};

struct RouteSource {
  std::string source_type;  // Kernel, Static, Direct, NodeMesh, BGPPeer
  std::string peer_ip;
  schema::Extra extra;
  bool operator==(const RouteSource&) const = default;
};
struct RouteStatus {
  std::string type;  // FIB, RIB
  std::string destination;
  std::string gateway;
  std::string interface;
  RouteSource learned_from;
  schema::Extra extra;
  bool operator==(const RouteStatus&) const = default;
};
struct RoutesStatus {
  std::vector<RouteStatus> routes_v4;
  std::vector<RouteStatus> routes_v6;
  schema::Extra extra;
  bool operator==(const RoutesStatus&) const = default;
};

struct CalicoNodeStatusStatus {
  std::optional<std::string> last_updated;  // RFC 3339; null until the node has written
  AgentStatus agent;
  BgpStatus bgp;
  RoutesStatus routes;
  schema::Extra extra;
  bool operator==(const CalicoNodeStatusStatus&) const = default;
};

/// What a node reports about itself while this object asks for it.
struct CalicoNodeStatus {
  Metadata metadata;
  CalicoNodeStatusSpec spec;
  CalicoNodeStatusStatus status;  // every member but lists and texts is always written
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const CalicoNodeStatus&) const = default;
};

}  // namespace weft::api
