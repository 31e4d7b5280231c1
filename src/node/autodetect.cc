#include "node/autodetect.h"

#include <fmt/core.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>

#include "api/pattern.h"
#include "base/fd.h"
#include "kernel/address.h"
#include "kernel/link.h"

namespace weft::node {
namespace {

// Interfaces that container engines, tunnels and Weft itself make: never where a node is reached.
constexpr const char* not_ours[] = {
    "^docker.*",
    "^cbr.*",
    "^dummy.*",
    "^virbr.*",
    "^lxcbr.*",
    "^veth.*",
    "^lo$",
    "^cali.*",
    "^tunl.*",
    "^flannel.*",
    "^kube-ipvs.*",
    "^cni.*",
    "^podman.*",
    "^vxlan\\.calico.*",
    "^vxlan-v6\\.calico.*",
    "^wireguard\\.cali.*",
    "^wg-v6\\.cali.*",
    "^nodelocaldns.*",
};

bool is_global(const net::Ip& ip) {
  static const auto excluded = [] {
    std::vector<net::Cidr> list;
    for (const char* text : {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32",
                             "::/127", "fe80::/10", "ff00::/8"})
      list.push_back(net::Cidr::parse(text).value());
    return list;
  }();
  for (const auto& cidr : excluded)
    if (cidr.contains(ip)) return false;
  return true;
}

using Names = std::vector<api::Pattern>;

Result<Names> compile(const std::vector<std::string>& patterns) {
  Names names;
  for (const auto& pattern : patterns) {
    auto parsed = api::Pattern::parse(pattern);
    if (!parsed)
      return fail(Code::invalid, fmt::format("interface pattern \"{}\": not a regular expression: {}", pattern,
                                             parsed.error().message));
    names.push_back(*std::move(parsed));
  }
  return names;
}

bool any_matches(const Names& names, const std::string& text) {
  for (const auto& name : names)
    if (name.finds(text)) return true;
  return false;
}

Result<Found> first(const Method& method, net::Family family, const std::vector<Interface>& interfaces,
                    const std::function<bool(const Interface&)>& wanted,
                    const std::function<bool(const net::Ip&)>& fits) {
  for (const auto& interface : interfaces) {
    if (!interface.up || !wanted(interface)) continue;
    for (const auto& address : interface.addresses)
      if (address.ip.family() == family && is_global(address.ip) && fits(address.ip))
        return Found{.interface = interface.name, .address = address};
  }
  return fail(Code::not_found,
              fmt::format("no IPv{} address of this node found by {}", static_cast<int>(family), to_string(method)));
}

}  // namespace

Result<std::vector<Interface>> read_interfaces() {
  kernel::Socket socket = TRY(kernel::Socket::open(NETLINK_ROUTE));
  std::vector<Interface> interfaces;
  const auto addresses = TRY(kernel::list_addresses(socket));
  for (const auto& link : TRY(kernel::list_links(socket))) {
    Interface interface{.name = link.name, .up = link.up, .addresses = {}};
    for (const auto& address : addresses)
      if (address.device == link.index) interface.addresses.push_back(address.address);
    interfaces.push_back(std::move(interface));
  }
  return interfaces;
}

Result<net::Ip> source_towards(const std::string& destination, net::Family family) {
  addrinfo hints{};
  hints.ai_family = family == net::Family::v4 ? AF_INET : AF_INET6;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(destination.c_str(), "80", &hints, &found); error != 0)
    return fail(Code::unavailable, fmt::format("{}: {}", destination, ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(found, &::freeaddrinfo);

  // Connecting a datagram socket sends nothing: the kernel only looks the route up.
  const Fd socket(::socket(hints.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno(errno, "socket");
  if (::connect(socket.get(), list->ai_addr, list->ai_addrlen) != 0)
    return fail_errno(errno, "route to " + destination);
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size) != 0)
    return fail_errno(errno, "getsockname");
  std::uint8_t bytes[16];
  if (family == net::Family::v4) {
    sockaddr_in v4{};
    std::memcpy(&v4, &own, sizeof v4);
    std::memcpy(bytes, &v4.sin_addr, 4);
    return net::Ip::from_bytes({bytes, 4});
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &own, sizeof v6);
  std::memcpy(bytes, &v6.sin6_addr, 16);
  return net::Ip::from_bytes({bytes, 16});
}

Result<Found> autodetect(const Method& method, net::Family family, const std::vector<Interface>& interfaces,
                         const net::Ip* source) {
  const auto any_interface = [](const Interface&) { return true; };
  const auto any_address = [](const net::Ip&) { return true; };
  const Names names = TRY(compile(method.patterns));
  static const Names never = compile({std::begin(not_ours), std::end(not_ours)}).value();

  switch (method.kind) {
    case Method::Kind::first_found:
    case Method::Kind::skip_interface:
      return first(
          method, family, interfaces,
          [&](const Interface& i) { return !any_matches(never, i.name) && !any_matches(names, i.name); }, any_address);
    case Method::Kind::interface:
      return first(
          method, family, interfaces, [&](const Interface& i) { return any_matches(names, i.name); }, any_address);
    case Method::Kind::cidr:
      return first(method, family, interfaces, any_interface, [&](const net::Ip& ip) {
        for (const auto& cidr : method.cidrs)
          if (cidr.contains(ip)) return true;
        return false;
      });
    case Method::Kind::can_reach:
      return first(method, family, interfaces, any_interface,
                   [&](const net::Ip& ip) { return source != nullptr && ip == *source; });
  }
  return fail(Code::internal, "no such method");
}

Result<Found> autodetect_here(const Method& method, net::Family family) {
  const auto interfaces = TRY(read_interfaces());
  if (method.kind != Method::Kind::can_reach) return autodetect(method, family, interfaces);
  const net::Ip source = TRY(source_towards(method.destination, family));
  return autodetect(method, family, interfaces, &source);
}

}  // namespace weft::node
