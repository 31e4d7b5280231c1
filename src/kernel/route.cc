#include "kernel/route.h"

#include <fmt/core.h>

#include "kernel/rtnl.h"

namespace weft::kernel {

namespace {

/// RTA_METRICS.
struct MetricAttributes {
  std::optional<std::uint32_t> mtu;

  static std::span<const Attribute<MetricAttributes>> attributes() {
    static constexpr Attribute<MetricAttributes> table[] = {attribute<&MetricAttributes::mtu>(RTAX_MTU)};
    return table;
  }
};

/// RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE after rtmsg, see rtnetlink(7).
struct RouteAttributes {
  Bytes dst;
  Bytes gateway;
  Bytes source;
  std::optional<std::uint32_t> device;
  std::optional<std::uint32_t> table;
  std::optional<std::uint32_t> metric;
  std::optional<MetricAttributes> metrics;

  static std::span<const Attribute<RouteAttributes>> attributes() {
    static constexpr Attribute<RouteAttributes> table[] = {
        attribute<&RouteAttributes::dst>(RTA_DST),         attribute<&RouteAttributes::gateway>(RTA_GATEWAY),
        attribute<&RouteAttributes::source>(RTA_PREFSRC),  attribute<&RouteAttributes::device>(RTA_OIF),
        attribute<&RouteAttributes::table>(RTA_TABLE),     attribute<&RouteAttributes::metric>(RTA_PRIORITY),
        attribute<&RouteAttributes::metrics>(RTA_METRICS),
    };
    return table;
  }
};

std::optional<std::uint32_t> nonzero(std::uint32_t value) { return value == 0 ? std::nullopt : std::optional(value); }

std::uint8_t small_table(std::uint32_t table) {
  return table < 256 ? static_cast<std::uint8_t>(table) : static_cast<std::uint8_t>(RT_TABLE_UNSPEC);
}

rtmsg header(const Route& route) {
  return {.rtm_family = static_cast<std::uint8_t>(family_number(route.dst.family())),
          .rtm_dst_len = static_cast<std::uint8_t>(route.dst.length()),
          .rtm_src_len = 0,
          .rtm_tos = route.tos,
          .rtm_table = small_table(route.table),
          .rtm_protocol = route.protocol,
          .rtm_scope = route.scope,
          .rtm_type = route.type,
          .rtm_flags = route.onlink ? static_cast<unsigned>(RTNH_F_ONLINK) : 0u};
}

RouteAttributes attributes_of(const Route& route) {
  RouteAttributes out{.device = nonzero(static_cast<std::uint32_t>(route.device)),
                      .table = route.table,
                      .metric = nonzero(route.metric)};
  if (route.dst.length() > 0) out.dst = bytes_of(route.dst.ip());
  if (route.gateway) out.gateway = bytes_of(*route.gateway);
  if (route.source) out.source = bytes_of(*route.source);
  if (route.mtu != 0) out.metrics = MetricAttributes{.mtu = route.mtu};
  return out;
}

}  // namespace

Route Route::normalized() const {
  Route out = *this;
  if (dst.family() == net::Family::v6) {
    out.scope = RT_SCOPE_UNIVERSE;
    if (out.metric == 0) out.metric = 1024;
  }
  if (type != RTN_UNICAST && type != RTN_LOCAL) out.device = 0;  // IPv6 shows lo
  return out;
}

std::string to_string(const Route& route) {
  std::string out =
      fmt::format("{} table {} proto {} metric {}", to_string(route.dst), route.table, route.protocol, route.metric);
  if (route.type == RTN_BLACKHOLE) out = "blackhole " + out;
  if (route.gateway) out += " via " + to_string(*route.gateway);
  if (route.device != 0) out += fmt::format(" dev {}", route.device);
  return out;
}

Result<Route> parse_route(Payload payload) {
  const auto [fixed, attributes] = TRY(parse<rtmsg, RouteAttributes>(payload));
  Route route{.table = attributes.table.value_or(fixed.rtm_table),
              .metric = attributes.metric.value_or(0),
              .tos = fixed.rtm_tos,
              .type = fixed.rtm_type,
              .protocol = fixed.rtm_protocol,
              .scope = fixed.rtm_scope,
              .device = static_cast<int>(attributes.device.value_or(0)),
              .gateway = ip_of(fixed.rtm_family, attributes.gateway),
              .source = ip_of(fixed.rtm_family, attributes.source),
              .onlink = (fixed.rtm_flags & RTNH_F_ONLINK) != 0,
              .mtu = attributes.metrics ? attributes.metrics->mtu.value_or(0) : 0};
  if (fixed.rtm_family != AF_INET && fixed.rtm_family != AF_INET6)
    return fail(Code::invalid, "route of another family");
  const Bytes any(fixed.rtm_family == AF_INET ? 4 : 16);
  const auto ip = ip_of(fixed.rtm_family, attributes.dst.empty() ? any : attributes.dst);
  if (!ip || fixed.rtm_dst_len > net::bits_of(ip->family())) return fail(Code::invalid, "route with a bad destination");
  route.dst = net::Cidr(*ip, fixed.rtm_dst_len);
  return route.normalized();
}

Result<std::vector<Route>> list_routes(Socket& socket, const RouteFilter& filter) {
  std::vector<Route> routes;
  for (const auto family : {net::Family::v4, net::Family::v6}) {
    if (filter.family && *filter.family != family) continue;
    const rtmsg fixed{.rtm_family = static_cast<std::uint8_t>(family_number(family)),
                      .rtm_table = small_table(filter.table),
                      .rtm_protocol = filter.protocol};
    const RouteAttributes attributes{.device = nonzero(static_cast<std::uint32_t>(filter.device)),
                                     .table = nonzero(filter.table)};
    auto answers = socket.ask(message(RTM_GETROUTE, NLM_F_DUMP, fixed, attributes));
    if (!answers && answers.error().code == Code::not_found) continue;
    for (const auto& answer : TRY(within(std::move(answers), "list routes"))) {
      if (answer.type != RTM_NEWROUTE) continue;
      const Route route = TRY(parse_route(answer.payload));
      // Kernels before 5.0 (and IPv6 without the module) do not filter.
      if (filter.table != 0 && route.table != filter.table) continue;
      if (filter.protocol != 0 && route.protocol != filter.protocol) continue;
      if (filter.device != 0 && route.device != filter.device) continue;
      routes.push_back(route);
    }
  }
  return routes;
}

Message put_route(const Route& route) {
  return message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, header(route), attributes_of(route));
}

Message delete_route(const Route& route) { return message(RTM_DELROUTE, 0, header(route), attributes_of(route)); }

}  // namespace weft::kernel
