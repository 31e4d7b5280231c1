#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/bgp.h"
#include "api/ip_pool.h"
#include "api/ipam.h"
#include "api/node.h"
#include "net/cidr.h"
#include "schema/value.h"

/// What BGP on one node should do.
namespace weft::bgp {

/// A password, or nullopt when it is not there.
using Secrets = std::function<std::optional<std::string>(const std::string& name, const std::string& key)>;

/// What the view is made of.
struct Input {
  std::string node;       // our name
  std::string router_id;  // CALICO_ROUTER_ID: an id, "hash", or empty
  std::map<std::string, api::Node> nodes;
  std::map<std::string, api::IpPool> pools;
  std::map<std::string, api::BgpConfiguration> configurations;
  std::map<std::string, api::BgpPeer> peers;
  std::map<std::pair<std::string, net::Cidr>, api::BlockAffinity> affinities;  // those of other nodes are ignored
  std::vector<std::string> workload_prefixes = {"cali"};                       // names of workload interfaces start so
  Secrets secrets;
};

/// Why a session exists, as calicoctl names it.
enum class PeerType { mesh, node, global };

/// One BGP session.
struct Peer {
  std::string name;  // of BIRD's protocol: "Mesh_10_0_0_2"
  PeerType type = PeerType::mesh;
  std::string from;  // the BGPPeer it comes from; empty for the mesh
  net::Ip address;
  int port = 0;  // 0: 179
  std::uint32_t as_number = 0;
  std::uint32_t local_as_number = 0;
  std::optional<net::Ip> local_address;  // nullopt: whatever the kernel chooses
  bool passive = false;                  // the other side connects
  bool calico_node = false;
  std::string password;
  std::string cluster_id;           // we reflect routes to it under this cluster id; empty: it is no client of ours
  std::string peer_cluster_id;      // the other side's own
  std::string next_hop;             // self, keep, or empty: BGP's own rules
  std::optional<int> ttl_hops;      // TTL security, at most so many hops
  std::optional<int> keepalive;     // seconds
  std::optional<int> restart_time;  // seconds of graceful restart
  int allow_local_as = 0;           // how often our own AS may be in the path
  std::string reachable_by;         // a gateway towards it; empty: as routing has it

  bool operator==(const Peer&) const = default;
};

/// Communities put on routes inside a prefix that go to peers.
struct Advertisement {
  net::Cidr cidr;
  std::vector<std::string> communities;  // "64512:1", "64512:1:2", sorted
  bool operator==(const Advertisement&) const = default;
};

/// The part of one address family.
struct FamilyView {
  std::vector<net::Cidr> pools;        // their routes go to peers
  std::vector<net::Cidr> hidden;       // disableBGPExport: they do not
  std::vector<net::Cidr> unsupported;  // they want an overlay: neither sent, nor received, nor put into the kernel
  std::vector<net::Cidr> blocks;       // ours: confirmed, in no unsupported pool, more than one address
  std::vector<Advertisement> advertisements;
  bool operator==(const FamilyView&) const = default;
};

struct View {
  std::string node;
  std::string router_id;
  std::uint32_t as_number = 64512;
  int listen_port = 179;
  bool strict_bind = false;      // listen on the node's own address only
  std::string log_level;         // debug, info, none
  std::string cluster_id;        // ours as a route reflector; empty: we are none
  std::optional<net::Ip> ip_v4;  // our addresses
  std::optional<net::Ip> ip_v6;
  FamilyView v4, v6;
  std::vector<Peer> peers;                       // sorted by name
  std::vector<std::string> workload_interfaces;  // patterns: "cali*"
  std::vector<std::string> ignored_interfaces;   // patterns
  /// What could not be done, a sentence each that names object and field; such a peer or pool is left out.
  std::vector<std::string> problems;

  bool operator==(const View&) const = default;
};

/// Pure: the same input gives the same view (datamodel 7.3, 7.4).
View make_view(const Input& input);

/// The view as templates get it, under the key "/calico/bird". AS numbers are strings.
schema::Value to_value(const View& view);

/// The keys that Calico's confd offers to templates (datamodel 7.2), and "/calico/bird".
std::map<std::string, std::string> view_keys(const Input& input, const View& view);

// Parts of it.

inline constexpr std::uint32_t default_as_number = 64512;

/// datamodel 7.3.12
std::string router_id(std::string_view node, const std::optional<net::Ip>& ip_v4, std::string_view wanted);
std::uint32_t as_number_of(const Input& input, const api::Node& node);
int listen_port_of(const Input& input, std::string_view node);
/// Sessions of our node; what is left out is said in `problems`.
std::vector<Peer> make_peers(const Input& input, std::vector<std::string>& problems);
/// The peer entries of all global BGPPeers, our node's own address among them, as the keys have them.
std::vector<Peer> global_peers(const Input& input, std::vector<std::string>& problems);

}  // namespace weft::bgp
