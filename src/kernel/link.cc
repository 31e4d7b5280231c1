#include "kernel/link.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <thread>

#include "base/fd.h"

namespace weft::kernel {

namespace {

struct LinkInfo {
  std::string kind;
  Bytes data;

  static std::span<const Attribute<LinkInfo>> attributes() {
    static constexpr Attribute<LinkInfo> table[] = {
        attribute<&LinkInfo::kind>(IFLA_INFO_KIND),
        attribute<&LinkInfo::data>(IFLA_INFO_DATA),
    };
    return table;
  }
};

/// RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK after ifinfomsg, see rtnetlink(7).
struct LinkAttributes {
  std::string name;
  std::string alias;
  Bytes address;
  std::optional<std::uint32_t> mtu;
  std::optional<std::uint32_t> peer;
  std::optional<std::uint32_t> master;
  std::optional<std::int32_t> peer_netns;
  std::optional<std::uint32_t> netns_fd;
  std::optional<LinkInfo> info;

  static std::span<const Attribute<LinkAttributes>> attributes() {
    static constexpr Attribute<LinkAttributes> table[] = {
        attribute<&LinkAttributes::name>(IFLA_IFNAME),
        attribute<&LinkAttributes::alias>(IFLA_IFALIAS),
        attribute<&LinkAttributes::address>(IFLA_ADDRESS),
        attribute<&LinkAttributes::mtu>(IFLA_MTU),
        attribute<&LinkAttributes::peer>(IFLA_LINK),
        attribute<&LinkAttributes::master>(IFLA_MASTER),
        attribute<&LinkAttributes::peer_netns>(IFLA_LINK_NETNSID),
        attribute<&LinkAttributes::netns_fd>(IFLA_NET_NS_FD),
        attribute<&LinkAttributes::info>(IFLA_LINKINFO),
    };
    return table;
  }
};

ifinfomsg header(int index = 0) { return {.ifi_family = AF_UNSPEC, .ifi_index = index}; }

Bytes bytes_of(const std::optional<net::Mac>& mac) {
  return mac ? Bytes(mac->bytes.begin(), mac->bytes.end()) : Bytes{};
}

std::optional<std::uint32_t> nonzero(std::uint32_t value) { return value == 0 ? std::nullopt : std::optional(value); }

Result<Link> get(Socket& socket, const ifinfomsg& fixed, const LinkAttributes& attributes, const std::string& what) {
  auto answers = socket.ask(message(RTM_GETLINK, 0, fixed, attributes));
  if (!answers) return std::unexpected(std::move(answers.error()).within(what));
  for (const auto& answer : *answers) {
    if (answer.type == RTM_NEWLINK) return parse_link(answer.payload);
  }
  return fail(Code::not_found, what + ": no such interface");
}

}  // namespace

Result<Link> parse_link(Payload payload) {
  const auto [fixed, attributes] = TRY(parse<ifinfomsg, LinkAttributes>(payload));
  Link link{
      .index = fixed.ifi_index,
      .name = attributes.name,
      .kind = attributes.info ? attributes.info->kind : "",
      .alias = attributes.alias,
      .mtu = attributes.mtu.value_or(0),
      .up = (fixed.ifi_flags & IFF_UP) != 0,
      .running = (fixed.ifi_flags & IFF_UP) != 0 && (fixed.ifi_flags & IFF_RUNNING) != 0,
      .loopback = (fixed.ifi_flags & IFF_LOOPBACK) != 0,
      .peer = static_cast<int>(attributes.peer.value_or(0)),
      .peer_netns = attributes.peer_netns,
  };
  if (attributes.address.size() == 6) std::ranges::copy(attributes.address, link.mac.emplace().bytes.begin());
  return link;
}

Result<std::vector<Link>> list_links(Socket& socket) {
  std::vector<Link> links;
  for (const auto& answer : TRY(within(socket.ask(message(RTM_GETLINK, NLM_F_DUMP, header())), "list interfaces"))) {
    if (answer.type == RTM_NEWLINK) links.push_back(TRY(parse_link(answer.payload)));
  }
  return links;
}

Result<Link> get_link(Socket& socket, const std::string& name) {
  return get(socket, header(), {.name = name}, "interface " + name);
}

Result<Link> get_link(Socket& socket, int index) {
  return get(socket, header(index), {}, "interface " + std::to_string(index));
}

Result<> create_veth(Socket& socket, const Veth& veth) {
  ifinfomsg fixed = header();
  if (veth.up) fixed.ifi_flags = fixed.ifi_change = IFF_UP;
  LinkAttributes peer{.name = veth.peer_name, .address = bytes_of(veth.peer_mac), .mtu = nonzero(veth.mtu)};
  if (veth.peer_netns >= 0) peer.netns_fd = static_cast<std::uint32_t>(veth.peer_netns);
  // The peer travels as a link message of its own, without the netlink header.
  const Message inner = message(0, 0, header(), peer);
  LinkInfo info{.kind = "veth"};
  Writer(info.data).attribute(VETH_INFO_PEER | nested_flag, inner.payload);
  const LinkAttributes attributes{
      .name = veth.name, .address = bytes_of(veth.mac), .mtu = nonzero(veth.mtu), .info = std::move(info)};
  return within(socket.request(message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, fixed, attributes)),
                "make veth " + veth.name);
}

Result<> create_bridge(Socket& socket, const std::string& name) {
  ifinfomsg fixed = header();
  fixed.ifi_flags = fixed.ifi_change = IFF_UP;
  const LinkAttributes attributes{.name = name, .info = LinkInfo{.kind = "bridge"}};
  return within(socket.request(message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, fixed, attributes)),
                "make bridge " + name);
}

Result<> set_master(Socket& socket, int index, int bridge) {
  const LinkAttributes attributes{.master = static_cast<std::uint32_t>(bridge)};
  return within(socket.request(message(RTM_NEWLINK, 0, header(index), attributes)),
                "bridge port " + std::to_string(index));
}

Result<> change_link(Socket& socket, int index, const LinkChange& change) {
  ifinfomsg fixed = header(index);
  if (change.up) {
    fixed.ifi_change = IFF_UP;
    fixed.ifi_flags = *change.up ? IFF_UP : 0;
  }
  LinkAttributes attributes{
      .name = change.name, .alias = change.alias, .address = bytes_of(change.mac), .mtu = change.mtu};
  if (change.netns >= 0) attributes.netns_fd = static_cast<std::uint32_t>(change.netns);
  return within(socket.request(message(RTM_NEWLINK, 0, fixed, attributes)),
                "change interface " + std::to_string(index));
}

Result<> delete_link(Socket& socket, int index) {
  return within(socket.request(message(RTM_DELLINK, 0, header(index))), "delete interface " + std::to_string(index));
}

Result<> delete_link_soon(int index) {
  const int groups[] = {RTNLGRP_LINK};
  auto events = TRY(EventSocket::open(NETLINK_ROUTE, groups));
  auto socket = TRY(Socket::open(NETLINK_ROUTE));
  std::promise<Result<>> promise;
  auto answer = promise.get_future();
  const Fd answered(::eventfd(0, EFD_CLOEXEC));
  // Both ends hold the descriptor open: the thread may outlive us, and we it.
  std::thread([index, socket = std::move(socket), promise = std::move(promise),
               wake = Fd(::fcntl(answered.get(), F_DUPFD_CLOEXEC, 0))]() mutable {
    promise.set_value(delete_link(socket, index));
    (void)::eventfd_write(wake.get(), 1);
  }).detach();
  for (;;) {
    pollfd ready[] = {{events.fd(), POLLIN, 0}, {answered.get(), POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) return answer.get();
    if (ready[1].revents != 0) return answer.get();
    bool gone = false;
    const auto lost = events.read([&](const Event& event) {
      if (event.type != RTM_DELLINK || event.payload.empty() || event.payload[0] != AF_UNSPEC) return;
      const auto link = parse_link(event.payload);
      gone = gone || (link && link->index == index);
    });
    if (gone) return {};
    if (!lost) return answer.get();
  }
}

}  // namespace weft::kernel
