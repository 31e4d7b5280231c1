#include "lab/fabric.h"

#include <linux/netlink.h>

#include <fmt/core.h>

#include "kernel/address.h"
#include "kernel/link.h"
#include "kernel/netns.h"
#include "kernel/route.h"
#include "kernel/sysctl.h"
#include "lab/spaces.h"

namespace weft::lab {
namespace {

Result<> loopback_up(kernel::Socket& socket) {
  const auto lo = TRY(kernel::get_link(socket, "lo"));
  return kernel::change_link(socket, lo.index, {.up = true});
}

Result<> forward() {
  TRY(kernel::write_sysctl("net/ipv4/ip_forward", "1"));
  (void)kernel::write_sysctl("net/ipv6/conf/all/forwarding", "1");  // a kernel without IPv6
  return {};
}

Result<> address(kernel::Socket& socket, int device, const net::Ip& ip, std::string_view network) {
  const auto cidr = TRY(net::Cidr::parse(network));
  return kernel::put_address(socket, {.device = device, .address = {ip, cidr.length()}, .no_dad = true});
}

}  // namespace

Result<> make_fabric() {
  auto socket = TRY(kernel::Socket::open(NETLINK_ROUTE));
  TRY(loopback_up(socket));
  TRY(forward());
  TRY(kernel::create_bridge(socket, "fabric"));
  const auto bridge = TRY(kernel::get_link(socket, "fabric"));
  TRY(address(socket, bridge.index, net::Cidr::parse(fabric_v4)->ip().plus(1), fabric_v4));
  return address(socket, bridge.index, net::Cidr::parse(fabric_v6)->ip().plus(1), fabric_v6);
}

Result<> add_to_fabric(pid_t lab_init, const NodeState& node, bool ipv6) {
  const auto there = TRY(kernel::Netns::open(fmt::format("/proc/{}/ns/net", node.init)));
  const std::string port = fmt::format("n{}", node.index);
  TRY(in_network(lab_init, "", [&]() -> Result<> {
    auto socket = TRY(kernel::Socket::open(NETLINK_ROUTE));
    TRY(kernel::create_veth(socket, {.name = port, .peer_name = "eth0", .peer_netns = there.fd(), .up = true}));
    const auto bridge = TRY(kernel::get_link(socket, "fabric"));
    return kernel::set_master(socket, TRY(kernel::get_link(socket, port)).index, bridge.index);
  }));
  return in_network(node.init, "", [&]() -> Result<> {
    auto socket = TRY(kernel::Socket::open(NETLINK_ROUTE));
    TRY(loopback_up(socket));
    const auto eth0 = TRY(kernel::get_link(socket, "eth0"));
    TRY(kernel::change_link(socket, eth0.index, {.up = true}));
    TRY(address(socket, eth0.index, node.address(), fabric_v4));
    TRY(socket.request(kernel::put_route(
        {.dst = net::Cidr(), .device = eth0.index, .gateway = net::Cidr::parse(fabric_v4)->ip().plus(1)})));
    if (ipv6) {
      TRY(address(socket, eth0.index, node.address_v6(), fabric_v6));
      TRY(socket.request(kernel::put_route({.dst = *net::Cidr::parse("::/0"),
                                            .device = eth0.index,
                                            .gateway = net::Cidr::parse(fabric_v6)->ip().plus(1)})));
    }
    return {};
  });
}

}  // namespace weft::lab
