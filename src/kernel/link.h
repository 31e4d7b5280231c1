#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/netlink.h"
#include "net/mac.h"

namespace weft::kernel {

/// A network interface.
struct Link {
  int index = 0;
  std::string name;
  std::string kind;  // "veth", "bridge", …; empty for real devices and loopback
  std::string alias;
  std::optional<net::Mac> mac;
  std::uint32_t mtu = 0;
  bool up = false;       // set up by somebody (IFF_UP)
  bool running = false;  // and it carries packets (IFF_RUNNING: operational state up or unknown)
  bool loopback = false;
  int peer = 0;                   // IFLA_LINK: index of the other end or parent, in the namespace peer_netns; 0: none
  std::optional<int> peer_netns;  // id of the namespace of `peer`, when it is another one
  auto key() const { return index; }
  bool operator==(const Link&) const = default;
};

/// A pair of virtual interfaces to make.
struct Veth {
  std::string name;
  std::optional<net::Mac> mac;
  std::string peer_name;
  std::optional<net::Mac> peer_mac;
  int peer_netns = -1;    // descriptor of the namespace the peer is made in; -1: this one
  std::uint32_t mtu = 0;  // of both, in bytes; 0: the kernel's default (1500)
  bool up = false;        // this end comes up at once (the kernel refuses that for the peer)
};

/// What to change; what is not set stays.
struct LinkChange {
  std::optional<bool> up;
  std::optional<net::Mac> mac;
  std::optional<std::uint32_t> mtu;
  std::string name;  // the interface must be down on older kernels
  std::string alias;
  int netns = -1;  // descriptor of the namespace to move it to
};

Result<std::vector<Link>> list_links(Socket& socket);
/// @return not_found when there is none
Result<Link> get_link(Socket& socket, const std::string& name);
Result<Link> get_link(Socket& socket, int index);

/// Makes both ends in one step. @return exists when either name is taken
/// @source veth(4), rtnetlink(7), VETH_INFO_PEER
Result<> create_veth(Socket& socket, const Veth& veth);
/// A bridge, for tests and the lab's fabric. Comes up at once.
Result<> create_bridge(Socket& socket, const std::string& name);
/// Makes `index` a port of the bridge.
Result<> set_master(Socket& socket, int index, int bridge);
Result<> change_link(Socket& socket, int index, const LinkChange& change);
/// Deleting one end of a veth pair deletes both. @return not_found when there is none
Result<> delete_link(Socket& socket, int index);
/// The same, in this thread's namespace, done as soon as the interface is gone for everybody. The kernel answers a
/// deletion only when its last readers let go of the memory, 10 to 30 ms later: a thread of its own waits for that.
Result<> delete_link_soon(int index);

/// Payload of RTM_NEWLINK and RTM_DELLINK.
Result<Link> parse_link(Payload payload);

}  // namespace weft::kernel
