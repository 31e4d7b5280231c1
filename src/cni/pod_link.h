#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "net/cidr.h"
#include "net/mac.h"

/// The veth pair between a container and its node. All functions act from the calling thread's network namespace, the
/// node's, and look into the container's by its path.
namespace weft::cni {

/// How a container is wired.
struct PodLink {
  std::string host_name;  // of the node's end
  std::string pod_name;   // of the container's end: CNI_IFNAME
  std::string netns;      // path of the container's namespace: CNI_NETNS
  std::string owner;      // alias of the node's end: whose it is
  net::Mac mac;           // of the container's end
  std::vector<net::Ip> addresses;
  std::vector<net::Cidr> routes;  // what the container reaches through us: 0.0.0.0/0, ::/0 or less
  std::uint32_t mtu = 0;          // bytes; 0: the kernel's default
  bool forwarding = false;        // the container forwards packets itself
};

/// Makes the pair and everything in the container: addresses (IPv6 at once usable), the route to 169.254.1.1 with a
/// permanent neighbour, routes through it, the same by link-local address for IPv6. What is there already and right
/// stays; an older pair under this host name goes.
/// @return  Code::exists: the container has another interface of that name; Code::not_found: no such namespace
Result<> connect(const PodLink& link);

/// Removes the pair when it is this owner's: by its alias, or (an older agent's, Calico's) without alias when it leads
/// into the container or when `unmarked` says that it is. Succeeds when nothing is there any more, the namespace
/// included.
/// @return false: the interface is there and another's
Result<bool> disconnect(const PodLink& link, bool unmarked);

/// Whether the node's end is there, whosever it is.
Result<bool> is_there(const std::string& host_name);
/// Whether it is there and is this owner's.
Result<bool> is_marked(const PodLink& link);

/// Says what is missing or different; reads only.
Result<> inspect(const PodLink& link);

/// "weft:<network>/<container>/<interface>", cut to what an alias holds.
std::string owner_mark(const std::string& network, const std::string& container, const std::string& interface);

/// A random unicast address, locally administered.
net::Mac random_mac();

inline constexpr net::Mac host_mac{{0xee, 0xee, 0xee, 0xee, 0xee, 0xee}};
net::Ip gateway_of(net::Family family);  // 169.254.1.1, fe80::ecee:eeff:feee:eeee

}  // namespace weft::cni
