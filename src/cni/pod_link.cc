#include "cni/pod_link.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/random.h>

#include <algorithm>

#include "kernel/address.h"
#include "kernel/link.h"
#include "kernel/neighbour.h"
#include "kernel/netns.h"
#include "kernel/route.h"
#include "kernel/sysctl.h"

namespace weft::cni {

namespace {

constexpr std::size_t longest_alias = 255;

bool has_v6(const PodLink& link) {
  return std::any_of(link.addresses.begin(), link.addresses.end(), [](const net::Ip& ip) { return ip.is_v6(); });
}
bool has_v4(const PodLink& link) {
  return std::any_of(link.addresses.begin(), link.addresses.end(), [](const net::Ip& ip) { return ip.is_v4(); });
}

std::string conf(std::string_view family, const std::string& device, std::string_view name) {
  return "net/" + std::string(family) + "/conf/" + device + "/" + std::string(name);
}

/// A setting that this kernel may lack (no IPv6).
Result<> set(const std::string& name, std::string_view value) {
  const auto written = kernel::write_sysctl(name, value);
  if (!written && written.error().code != Code::not_found) return std::unexpected(written.error());
  return {};
}

Result<kernel::Socket> open_socket() { return kernel::Socket::open(NETLINK_ROUTE); }

template <class T>
Result<std::optional<T>> optional(Result<T> found) {
  if (found) return std::optional<T>(std::move(*found));
  if (found.error().code == Code::not_found) return std::optional<T>{};
  return std::unexpected(std::move(found.error()));
}

Result<> gone_is_fine(Result<> deleted) {
  if (!deleted && deleted.error().code == Code::not_found) return {};
  return deleted;
}

/// The node's end: addresses and sysctls that the container needs to reach us; the agent adds what policy and routes
/// need.
Result<> set_up_host(kernel::Socket& socket, const PodLink& link, const kernel::Link& device) {
  if (has_v6(link)) {
    TRY(set(conf("ipv6", link.host_name, "disable_ipv6"), "0"));
    TRY(set(conf("ipv6", link.host_name, "accept_dad"), "0"));
    TRY(set(conf("ipv6", link.host_name, "proxy_ndp"), "1"));
    TRY(set(conf("ipv6", link.host_name, "forwarding"), "1"));
  }
  TRY(set(conf("ipv6", link.host_name, "accept_ra"), "0"));
  TRY(set(conf("ipv4", link.host_name, "route_localnet"), "1"));
  TRY(set("net/ipv4/neigh/" + link.host_name + "/proxy_delay", "0"));
  TRY(set(conf("ipv4", link.host_name, "proxy_arp"), "1"));
  TRY(set(conf("ipv4", link.host_name, "forwarding"), "1"));
  TRY(kernel::change_link(socket, device.index, {.up = true, .alias = link.owner}));
  if (has_v6(link)) {
    const net::Address address{gateway_of(net::Family::v6), 64};
    TRY(kernel::put_address(socket,
                            {.device = device.index, .address = address, .scope = RT_SCOPE_LINK, .no_dad = true}));
  }
  return {};
}

std::vector<kernel::Route> pod_routes(const PodLink& link, int device) {
  std::vector<kernel::Route> routes;
  if (has_v4(link))
    routes.push_back({.dst = net::Cidr::host(gateway_of(net::Family::v4)), .scope = RT_SCOPE_LINK, .device = device});
  for (const net::Cidr& dst : link.routes) {
    if (dst.family() == net::Family::v4 ? !has_v4(link) : !has_v6(link)) continue;
    routes.push_back({.dst = dst, .device = device, .gateway = gateway_of(dst.family())});
  }
  return routes;
}

std::vector<kernel::Neighbour> pod_neighbours(const PodLink& link, int device) {
  std::vector<kernel::Neighbour> neighbours;
  if (has_v4(link)) neighbours.push_back({.device = device, .ip = gateway_of(net::Family::v4), .mac = host_mac});
  if (has_v6(link)) neighbours.push_back({.device = device, .ip = gateway_of(net::Family::v6), .mac = host_mac});
  return neighbours;
}

/// Inside the container's namespace.
Result<> set_up_pod(const PodLink& link) {
  auto socket = TRY(open_socket());
  const kernel::Link device = TRY(kernel::get_link(socket, link.pod_name));
  if (device.mac != link.mac) TRY(kernel::change_link(socket, device.index, {.mac = link.mac}));
  if (has_v6(link)) {
    for (const char* name : {"all", "default", "lo"}) TRY(set(conf("ipv6", name, "disable_ipv6"), "0"));
    TRY(set(conf("ipv6", link.pod_name, "disable_ipv6"), "0"));
    TRY(set(conf("ipv6", link.pod_name, "accept_dad"), "0"));
    TRY(set(conf("ipv6", link.pod_name, "accept_ra"), "0"));
  }
  if (link.forwarding) {
    TRY(set("net/ipv4/ip_forward", "1"));
    if (has_v6(link)) TRY(set(conf("ipv6", "all", "forwarding"), "1"));
  }
  TRY(kernel::change_link(socket, device.index, {.up = true}));
  for (const net::Ip& ip : link.addresses)
    TRY(kernel::put_address(
        socket, {.device = device.index, .address = {ip, net::bits_of(ip.family())}, .no_dad = ip.is_v6()}));
  for (const kernel::Neighbour& neighbour : pod_neighbours(link, device.index))
    TRY(within(socket.request(kernel::put_neighbour(neighbour)), "neighbour " + to_string(neighbour.ip)));
  for (const kernel::Route& route : pod_routes(link, device.index))
    TRY(within(socket.request(kernel::put_route(route)), "route " + to_string(route.dst)));
  return {};
}

/// Whether the container's interface is the other end of this one.
Result<bool> leads_into(const PodLink& link, const kernel::Link& host) {
  if (link.netns.empty()) return false;
  const auto netns = kernel::Netns::open(link.netns);
  if (!netns) return false;
  return kernel::run_in(*netns, [&]() -> Result<bool> {
    auto inside = TRY(open_socket());
    const auto pod = TRY(optional(kernel::get_link(inside, link.pod_name)));
    return pod && pod->kind == "veth" && pod->peer == host.index && host.peer == pod->index;
  });
}

/// The pair as it is when it is the one we want: ours by its mark, and connected to this container's interface.
Result<std::optional<kernel::Link>> find_ours(kernel::Socket& socket, const PodLink& link) {
  const auto host = TRY(optional(kernel::get_link(socket, link.host_name)));
  if (!host || host->alias != link.owner) return std::optional<kernel::Link>{};
  const bool pair = TRY(leads_into(link, *host));
  return pair ? host : std::optional<kernel::Link>{};
}

Result<> connect_inside(const PodLink& link) {
  const kernel::Netns netns = TRY(kernel::Netns::open(link.netns));
  auto socket = TRY(open_socket());
  auto host = TRY(find_ours(socket, link));
  if (!host) {
    if (const auto old = TRY(optional(kernel::get_link(socket, link.host_name))))
      TRY(gone_is_fine(kernel::delete_link(socket, old->index)));
    TRY(kernel::create_veth(socket, {.name = link.host_name,
                                     .mac = host_mac,
                                     .peer_name = link.pod_name,
                                     .peer_mac = link.mac,
                                     .peer_netns = netns.fd(),
                                     .mtu = link.mtu}));
    host = TRY(kernel::get_link(socket, link.host_name));
  }
  TRY(within(set_up_host(socket, link, *host), link.host_name));
  return within(kernel::run_in(netns, [&] { return set_up_pod(link); }), "in the container");
}

/// Inside the container's namespace.
Result<> inspect_pod(const PodLink& link) {
  auto socket = TRY(open_socket());
  const kernel::Link device = TRY(kernel::get_link(socket, link.pod_name));
  if (!device.up) return fail(Code::conflict, link.pod_name + ": is down");
  if (device.mac != link.mac) return fail(Code::conflict, link.pod_name + ": its MAC is not " + to_string(link.mac));
  const auto addresses = TRY(kernel::list_addresses(socket, device.index));
  for (const net::Ip& ip : link.addresses) {
    const bool there =
        std::any_of(addresses.begin(), addresses.end(), [&](const auto& each) { return each.address.ip == ip; });
    if (!there) return fail(Code::conflict, link.pod_name + ": address " + to_string(ip) + " is missing");
  }
  const auto routes = TRY(kernel::list_routes(socket, {.table = RT_TABLE_MAIN, .device = device.index}));
  for (const kernel::Route& wanted : pod_routes(link, device.index)) {
    const bool there = std::any_of(routes.begin(), routes.end(), [&](const kernel::Route& each) {
      return each.dst == wanted.dst && each.gateway == wanted.gateway;
    });
    if (!there) return fail(Code::conflict, link.pod_name + ": route " + to_string(wanted.dst) + " is missing");
  }
  return {};
}

}  // namespace

net::Ip gateway_of(net::Family family) {
  static const net::Ip v4 = net::Ip::v4(0xa9fe0101);
  static const net::Ip v6 = *net::Ip::parse("fe80::ecee:eeff:feee:eeee");
  return family == net::Family::v4 ? v4 : v6;
}

std::string owner_mark(const std::string& network, const std::string& container, const std::string& interface) {
  return ("weft:" + network + "/" + container + "/" + interface).substr(0, longest_alias);
}

net::Mac random_mac() {
  net::Mac mac;
  CHECK(getrandom(mac.bytes.data(), mac.bytes.size(), 0) == static_cast<ssize_t>(mac.bytes.size()));
  mac.bytes[0] = static_cast<std::uint8_t>((mac.bytes[0] & 0xfe) | 0x02);
  return mac;
}

Result<> connect(const PodLink& link) { return within(connect_inside(link), "interface " + link.pod_name); }

Result<bool> disconnect(const PodLink& link, bool unmarked) {
  auto socket = TRY(open_socket());
  const auto host = TRY(optional(kernel::get_link(socket, link.host_name)));
  if (!host) return true;
  if (host->alias != link.owner && !(host->alias.empty() && (unmarked || TRY(leads_into(link, *host))))) return false;
  TRY(gone_is_fine(kernel::delete_link_soon(host->index)));
  return true;
}

Result<bool> is_there(const std::string& host_name) {
  auto socket = TRY(open_socket());
  return TRY(optional(kernel::get_link(socket, host_name))).has_value();
}

Result<bool> is_marked(const PodLink& link) {
  auto socket = TRY(open_socket());
  const auto host = TRY(optional(kernel::get_link(socket, link.host_name)));
  return host && host->alias == link.owner;
}

Result<> inspect(const PodLink& link) {
  auto socket = TRY(open_socket());
  const kernel::Link host = TRY(kernel::get_link(socket, link.host_name));
  if (!host.up) return fail(Code::conflict, link.host_name + ": is down");
  if (host.mac != host_mac) return fail(Code::conflict, link.host_name + ": its MAC is not " + to_string(host_mac));
  const kernel::Netns netns = TRY(kernel::Netns::open(link.netns));
  return kernel::run_in(netns, [&] { return inspect_pod(link); });
}

}  // namespace weft::cni
