#include "dataplane/kernel_events.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "base/log.h"
#include "kernel/address.h"
#include "metrics/metrics.h"

namespace weft::dataplane {

namespace {

/// All nf_tables messages have the name of their table as attribute 1, except the generation's, which has its number.
struct TableName {
  std::string name;
  static std::span<const kernel::Attribute<TableName>> attributes() {
    static constexpr kernel::Attribute<TableName> table[] = {kernel::attribute<&TableName::name>(NFTA_TABLE_NAME)};
    return table;
  }
};
struct Generation {
  std::optional<kernel::Be32> id;
  static std::span<const kernel::Attribute<Generation>> attributes() {
    static constexpr kernel::Attribute<Generation> table[] = {kernel::attribute<&Generation::id>(NFTA_GEN_ID)};
    return table;
  }
};

void rtnl_event(const kernel::Event& event, KernelEvents::Sink& sink) {
  switch (event.type) {
    case RTM_NEWLINK:
    case RTM_DELLINK:
      if (const auto link = kernel::parse_link(event.payload)) sink.link(*link, event.type == RTM_DELLINK);
      break;
    case RTM_DELADDR:
      if (const auto address = kernel::parse_address(event.payload)) sink.address_gone(address->address.ip);
      break;
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      if (const auto route = kernel::parse_route(event.payload)) sink.route(*route, event.type == RTM_DELROUTE);
      break;
    case RTM_NEWNEIGH:
    case RTM_DELNEIGH:
      if (const auto row = kernel::parse_neighbour(event.payload)) sink.neighbour(*row, event.type == RTM_DELNEIGH);
      break;
    case RTM_NEWNETCONF:
      if (const auto setting = kernel::parse_netconf(event.payload)) sink.setting(*setting);
      break;
    default: break;
  }
}

metrics::Counter& lost(const char* socket) {
  return metrics::counter("weft_kernel_events_lost", "Overflows of an event socket; what it told was read anew.",
                          {{"socket", socket}});
}

}  // namespace

Result<KernelEvents> KernelEvents::open(std::size_t buffer_bytes) {
  const int rtnl[] = {RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,  RTNLGRP_IPV4_ROUTE,
                      RTNLGRP_IPV6_ROUTE, RTNLGRP_NEIGH,       RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF};
  const int ruleset[] = {NFNLGRP_NFTABLES};
  return KernelEvents(TRY(kernel::EventSocket::open(NETLINK_ROUTE, rtnl, buffer_bytes)),
                      TRY(kernel::EventSocket::open(NETLINK_NETFILTER, ruleset, buffer_bytes)));
}

Result<> KernelEvents::hear_ruleset(bool on) {
  return on ? ruleset_.join(NFNLGRP_NFTABLES) : ruleset_.leave(NFNLGRP_NFTABLES);
}

Result<> KernelEvents::drain(Sink& sink) {
  if (TRY(rtnl_.read([&](const kernel::Event& event) { rtnl_event(event, sink); }))) {
    lost("rtnl").add();
    log::warning("kernel events about links, routes and settings were lost; reading them anew");
    sink.lost_rtnl();
  }
  const auto ruleset_event = [&](const kernel::Event& event) {
    if (event.type >> 8 != NFNL_SUBSYS_NFTABLES) return;
    if ((event.type & 0xff) == NFT_MSG_NEWGEN) {
      const auto generation = kernel::parse<nfgenmsg, Generation>(event.payload);
      if (touched_ && generation && generation->second.id) sink.ruleset(generation->second.id->value);
      touched_ = false;
    } else if (!touched_) {
      const auto table = kernel::parse<nfgenmsg, TableName>(event.payload);
      touched_ = table && table->first.nfgen_family == NFPROTO_INET && table->second.name == "weft";
    }
  };
  if (TRY(ruleset_.read(ruleset_event))) {
    touched_ = false;
    lost("nftables").add();
    log::info("kernel events about nftables were lost; reading our table anew");
    sink.lost_ruleset();
  }
  return {};
}

}  // namespace weft::dataplane
