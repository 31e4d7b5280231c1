#include "kernel/netconf.h"

#include <linux/rtnetlink.h>

#include "kernel/rtnl.h"

namespace weft::kernel {

namespace {

/// RTM_NEWNETCONF after netconfmsg. The kernel's numbers are signed: -1 is all, -2 the defaults.
struct NetconfAttributes {
  std::optional<std::uint32_t> device;
  std::optional<std::uint32_t> forwarding;
  std::optional<std::uint32_t> rp_filter;
  std::optional<std::uint32_t> proxy_neighbours;

  static std::span<const Attribute<NetconfAttributes>> attributes() {
    static constexpr Attribute<NetconfAttributes> table[] = {
        attribute<&NetconfAttributes::device>(NETCONFA_IFINDEX),
        attribute<&NetconfAttributes::forwarding>(NETCONFA_FORWARDING),
        attribute<&NetconfAttributes::rp_filter>(NETCONFA_RP_FILTER),
        attribute<&NetconfAttributes::proxy_neighbours>(NETCONFA_PROXY_NEIGH),
    };
    return table;
  }
};

std::optional<bool> flag(const std::optional<std::uint32_t>& value) {
  return value ? std::optional(*value != 0) : std::nullopt;
}

}  // namespace

Result<Netconf> parse_netconf(Payload payload) {
  const auto [fixed, attributes] = TRY(parse<netconfmsg, NetconfAttributes>(payload));
  if (fixed.ncm_family != AF_INET && fixed.ncm_family != AF_INET6)
    return fail(Code::unsupported, "settings of another family");
  if (!attributes.device) return fail(Code::invalid, "settings without an interface");
  Netconf settings{.family = fixed.ncm_family == AF_INET ? net::Family::v4 : net::Family::v6,
                   .device = static_cast<int>(*attributes.device),
                   .forwarding = flag(attributes.forwarding),
                   .rp_filter = {},
                   .proxy_neighbours = flag(attributes.proxy_neighbours)};
  if (attributes.rp_filter) settings.rp_filter = static_cast<int>(*attributes.rp_filter);
  return settings;
}

}  // namespace weft::kernel
