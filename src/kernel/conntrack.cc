#include "kernel/conntrack.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>

#include <algorithm>
#include <set>

#include "kernel/rtnl.h"

namespace weft::kernel {

namespace {

constexpr std::size_t few = 4;             // addresses that are worth a pass over the table each
constexpr std::uint32_t match_source = 1;  // CTA_FILTER_F_CTA_IP_SRC, in host order

struct TupleIp {
  Bytes source4, destination4, source6, destination6;

  static std::span<const Attribute<TupleIp>> attributes() {
    static constexpr Attribute<TupleIp> table[] = {
        attribute<&TupleIp::source4>(CTA_IP_V4_SRC),
        attribute<&TupleIp::destination4>(CTA_IP_V4_DST),
        attribute<&TupleIp::source6>(CTA_IP_V6_SRC),
        attribute<&TupleIp::destination6>(CTA_IP_V6_DST),
    };
    return table;
  }
};

struct TupleAttributes {
  std::optional<TupleIp> ip;
  Bytes protocol;
  std::optional<Be16> zone;

  static std::span<const Attribute<TupleAttributes>> attributes() {
    static constexpr Attribute<TupleAttributes> table[] = {
        attribute<&TupleAttributes::ip>(CTA_TUPLE_IP),
        attribute<&TupleAttributes::protocol>(CTA_TUPLE_PROTO | nested_flag),
        attribute<&TupleAttributes::zone>(CTA_TUPLE_ZONE),
    };
    return table;
  }
};

struct FilterAttributes {
  std::optional<std::uint32_t> original;
  std::optional<std::uint32_t> reply;

  static std::span<const Attribute<FilterAttributes>> attributes() {
    static constexpr Attribute<FilterAttributes> table[] = {
        attribute<&FilterAttributes::original>(1),  // CTA_FILTER_ORIG_FLAGS
        attribute<&FilterAttributes::reply>(2),     // CTA_FILTER_REPLY_FLAGS
    };
    return table;
  }
};

struct ConnectionAttributes {
  std::optional<TupleAttributes> original;
  std::optional<TupleAttributes> reply;
  std::optional<Be32> id;
  std::optional<Be16> zone;
  std::optional<FilterAttributes> filter;

  static std::span<const Attribute<ConnectionAttributes>> attributes() {
    static constexpr Attribute<ConnectionAttributes> table[] = {
        attribute<&ConnectionAttributes::original>(CTA_TUPLE_ORIG),
        attribute<&ConnectionAttributes::reply>(CTA_TUPLE_REPLY),
        attribute<&ConnectionAttributes::id>(CTA_ID),
        attribute<&ConnectionAttributes::zone>(CTA_ZONE),
        attribute<&ConnectionAttributes::filter>(CTA_FILTER),
    };
    return table;
  }
};

struct StatsAttributes {
  std::optional<Be32> entries;

  static std::span<const Attribute<StatsAttributes>> attributes() {
    static constexpr Attribute<StatsAttributes> table[] = {
        attribute<&StatsAttributes::entries>(CTA_STATS_GLOBAL_ENTRIES),
    };
    return table;
  }
};

/// Version 1 makes the kernel look at the family when it deletes many.
nfgenmsg header(net::Family family, std::uint8_t version) {
  return {.nfgen_family = static_cast<std::uint8_t>(family_number(family)), .version = version, .res_id = 0};
}

std::uint16_t type_of(int message) { return static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | message); }

Result<Tuple> tuple_of(int family, const std::optional<TupleAttributes>& in) {
  if (!in || !in->ip) return fail(Code::invalid, "connection without addresses");
  const bool v4 = family == AF_INET;
  const auto source = ip_of(family, v4 ? in->ip->source4 : in->ip->source6);
  const auto destination = ip_of(family, v4 ? in->ip->destination4 : in->ip->destination6);
  if (!source || !destination) return fail(Code::invalid, "connection without addresses");
  return Tuple{.source = *source,
               .destination = *destination,
               .protocol = in->protocol,
               .zone = in->zone.value_or(Be16{}).value};
}

TupleAttributes attributes_of(const Tuple& tuple) {
  TupleAttributes out{.ip = TupleIp{}, .protocol = tuple.protocol};
  (tuple.source.is_v4() ? out.ip->source4 : out.ip->source6) = bytes_of(tuple.source);
  (tuple.source.is_v4() ? out.ip->destination4 : out.ip->destination6) = bytes_of(tuple.destination);
  if (tuple.zone != 0) out.zone = Be16{tuple.zone};
  return out;
}

Message delete_one(const Connection& connection) {
  ConnectionAttributes attributes{.original = attributes_of(connection.original), .id = Be32{connection.id}};
  if (connection.zone != 0) attributes.zone = Be16{connection.zone};
  return message(type_of(IPCTNL_MSG_CT_DELETE), 0, header(connection.original.source.family(), 0), attributes);
}

/// Deletes what has the address as a source, matched by the kernel. A kernel that does not know the filter here takes
/// the tuple for a complete one and answers EINVAL; without a tuple it would delete everything, so there always is one.
Message delete_by_source(const net::Ip& ip, bool reply) {
  TupleAttributes tuple{.ip = TupleIp{}};
  (ip.is_v4() ? tuple.ip->source4 : tuple.ip->source6) = bytes_of(ip);
  ConnectionAttributes attributes{.filter = FilterAttributes{}};
  (reply ? attributes.reply : attributes.original) = tuple;
  (reply ? attributes.filter->reply : attributes.filter->original) = match_source;
  return message(type_of(IPCTNL_MSG_CT_DELETE), 0, header(ip.family(), 1), attributes);
}

Result<> forget_by_dump(Socket& socket, std::span<const net::Ip> addresses) {
  const std::set<net::Ip> wanted(addresses.begin(), addresses.end());
  std::vector<Message> messages;
  for (const auto family : {net::Family::v4, net::Family::v6}) {
    if (std::ranges::none_of(wanted, [&](const net::Ip& ip) { return ip.family() == family; })) continue;
    for (const auto& connection : TRY(list_connections(socket, family))) {
      if (wanted.contains(connection.original.source) || wanted.contains(connection.reply.source)) {
        messages.push_back(delete_one(connection));
      }
    }
  }
  for (const auto& outcome : TRY(socket.request(messages))) {
    // Connections end by themselves meanwhile.
    if (!outcome && outcome.error().code != Code::not_found) return outcome;
  }
  return {};
}

}  // namespace

Result<Connection> parse_connection(Payload payload) {
  const auto [fixed, attributes] = TRY(parse<nfgenmsg, ConnectionAttributes>(payload));
  return Connection{.original = TRY(tuple_of(fixed.nfgen_family, attributes.original)),
                    .reply = TRY(tuple_of(fixed.nfgen_family, attributes.reply)),
                    .id = attributes.id.value_or(Be32{}).value,
                    .zone = attributes.zone.value_or(Be16{}).value};
}

Result<std::vector<Connection>> list_connections(Socket& socket, net::Family family) {
  std::vector<Connection> connections;
  const auto question = message(type_of(IPCTNL_MSG_CT_GET), NLM_F_DUMP, header(family, 0));
  for (const auto& answer : TRY(within(socket.ask(question), "list connections"))) {
    connections.push_back(TRY(parse_connection(answer.payload)));
  }
  return connections;
}

Result<std::uint32_t> count_connections(Socket& socket) {
  const auto question = message(type_of(IPCTNL_MSG_CT_GET_STATS), 0, nfgenmsg{.nfgen_family = AF_UNSPEC});
  for (const auto& answer : TRY(within(socket.ask(question), "count connections"))) {
    return TRY(parse<nfgenmsg, StatsAttributes>(answer.payload)).second.entries.value_or(Be32{}).value;
  }
  return fail(Code::internal, "count connections: no answer");
}

Result<> forget_connections(Socket& socket, std::span<const net::Ip> addresses) {
  // Walking the kernel's table takes tens of milliseconds even when there is nothing in it.
  if (addresses.empty() || TRY(count_connections(socket)) == 0) return {};
  std::vector<net::Ip> by_dump;
  std::vector<Message> messages;
  for (const auto& ip : addresses) {
    // The kernel's comparison of IPv6 addresses is inverted (seen in 6.18): it would delete all the others.
    if (ip.is_v6() || addresses.size() > few) {
      by_dump.push_back(ip);
      continue;
    }
    for (const bool reply : {false, true}) messages.push_back(delete_by_source(ip, reply));
  }
  const auto outcomes = TRY(within(socket.request(messages), "forget connections"));
  const bool all = std::ranges::all_of(
      outcomes, [](const auto& outcome) { return outcome || outcome.error().code == Code::not_found; });
  if (!all) by_dump.assign(addresses.begin(), addresses.end());
  return within(forget_by_dump(socket, by_dump), "forget connections");
}

}  // namespace weft::kernel
