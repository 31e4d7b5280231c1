#include "api/ip_pool.h"

#include "api/described.h"
#include "base/strings.h"

namespace weft::api {

std::span<const schema::Named<EncapMode>> names_of(EncapMode) {
  static constexpr schema::Named<EncapMode> names[] = {
      {EncapMode::never, "Never"}, {EncapMode::always, "Always"}, {EncapMode::cross_subnet, "CrossSubnet"}};
  return names;
}

}  // namespace weft::api

namespace weft::schema {

using api::EncapMode, api::IpPool, api::IpPoolSpec;

namespace {

bool has_use(const IpPoolSpec& spec, std::string_view use) {
  for (const auto& allowed : spec.allowed_uses) {
    if (allowed == use) return true;
  }
  return false;
}

void check_block_size(const IpPoolSpec& spec, const Report& report) {
  const bool v4 = spec.cidr.ip().is_v4();
  if (spec.block_size < (v4 ? 20 : 116) || spec.block_size > (v4 ? 32 : 128)) {
    report("blockSize", spec.block_size, v4 ? "must be in 20..32" : "must be in 116..128");
  } else if (spec.block_size < spec.cidr.length() && !spec.disabled) {
    report("blockSize", spec.block_size, "must be at least the prefix length of the pool");
  }
}

void check_pool(const IpPoolSpec& spec, const Report& report) {
  static const net::Cidr link_local[] = {*net::Cidr::parse("169.254.0.0/16"), *net::Cidr::parse("fe80::/10")};
  for (const net::Cidr& range : link_local) {
    if (spec.cidr.overlaps(range) && spec.cidr.family() == range.family()) {
      report("cidr", to_string(spec.cidr), "may not overlap the link-local range " + to_string(range));
    }
  }
  check_block_size(spec, report);
  if (spec.ipip_mode != EncapMode::never && spec.vxlan_mode != EncapMode::never) {
    report("ipipMode", name_of(spec.ipip_mode), "must be Never when vxlanMode is not");
  }
  if (spec.ipip_mode != EncapMode::never && spec.cidr.ip().is_v6()) {
    report("ipipMode", name_of(spec.ipip_mode), "must be Never for an IPv6 pool");
  }
  if (has_use(spec, "LoadBalancer")) {
    if (spec.allowed_uses.size() > 1) report("allowedUses", {}, "may not have other uses beside LoadBalancer");
    if (spec.ipip_mode != EncapMode::never || spec.vxlan_mode != EncapMode::never) {
      report("allowedUses", {}, "may hold LoadBalancer only without encapsulation");
    }
    if (spec.disable_bgp_export) report("disableBGPExport", true, "must be false when the use is LoadBalancer");
    if (spec.node_selector != "all()")
      report("nodeSelector", spec.node_selector, "must be all() when the use is LoadBalancer");
  }
  if (has_use(spec, "Tunnel") && !spec.namespace_selector.empty()) {
    report("namespaceSelector", spec.namespace_selector, "may not be given when the pool is used for tunnels");
  }
}

}  // namespace

template <>
const Schema& schema_of<IpPoolSpec>() {
  static const Schema schema =
      describe<IpPoolSpec>("IPPoolSpec", "Range of the pool and how it is used.")
          .field("cidr", &IpPoolSpec::cidr, "Range of the pool; host bits zero.", required, immutable,
                 Written{api::strict_cidr})
          .field("vxlanMode", &IpPoolSpec::vxlan_mode, "When traffic to other nodes goes through VXLAN.")
          .field("ipipMode", &IpPoolSpec::ipip_mode, "When traffic to other nodes goes through IPIP.")
          .field("natOutgoing", &IpPoolSpec::nat_outgoing, "Masquerade traffic that leaves the pools.")
          .field("disabled", &IpPoolSpec::disabled, "Give out no new addresses.")
          .field("disableBGPExport", &IpPoolSpec::disable_bgp_export, "Do not announce the pool to peers outside.")
          .field("blockSize", &IpPoolSpec::block_size, "Prefix length of one block; 26 and 122 unless given.",
                 immutable)
          .field("nodeSelector", &IpPoolSpec::node_selector, "Nodes that may take blocks from this pool.",
                 Format{api::selector}, Default{"all()", true})
          .field("namespaceSelector", &IpPoolSpec::namespace_selector,
                 "Namespaces whose workloads may have its addresses.", Format{api::selector})
          .field("allowedUses", &IpPoolSpec::allowed_uses, "What the addresses are for.",
                 OneOf{{"Workload", "Tunnel", "LoadBalancer"}}, Default{Array{"Workload", "Tunnel"}, true})
          .field("assignmentMode", &IpPoolSpec::assignment_mode,
                 "Whether addresses are given without being asked for by pool.", OneOf{{"Automatic", "Manual"}},
                 Default{"Automatic", true})
          .extra(&IpPoolSpec::extra)
          .fill([](IpPoolSpec& spec, bool) {
            if (spec.block_size == 0) spec.block_size = spec.cidr.ip().is_v4() ? 26 : 122;
          })
          .check(check_pool);
  return schema;
}

namespace {
std::string yes(bool value) { return value ? "true" : "false"; }
}  // namespace

template <>
const Schema& schema_of<IpPool>() {
  static const Schema schema =
      describe<IpPool>("IPPool", "Addresses that workloads and tunnels are given.")
          .resource("ippools", {"ipp", "ipps", "pool", "pools"})
          .field("metadata", &IpPool::metadata, "Name and labels.", always)
          .field("spec", &IpPool::spec, "Range of the pool and how it is used.", always)
          .json_field("status", &IpPool::status, "What controllers say about the pool.")
          .extra(&IpPool::extra)
          .check(api::check_name<IpPool>(api::dns_subdomain, false))
          .column("NAME", Show::always, api::name_column)
          .column("CIDR", Show::always, [](const IpPool& p, const Facts&) { return to_string(p.spec.cidr); })
          .column("NAT", Show::wide, [](const IpPool& p, const Facts&) { return yes(p.spec.nat_outgoing); })
          .column("IPIPMODE", Show::wide, [](const IpPool& p, const Facts&) { return name_of(p.spec.ipip_mode); })
          .column("VXLANMODE", Show::wide, [](const IpPool& p, const Facts&) { return name_of(p.spec.vxlan_mode); })
          .column("DISABLED", Show::wide, [](const IpPool& p, const Facts&) { return yes(p.spec.disabled); })
          .column("DISABLEBGPEXPORT", Show::wide,
                  [](const IpPool& p, const Facts&) { return yes(p.spec.disable_bgp_export); })
          .column("SELECTOR", Show::always, [](const IpPool& p, const Facts&) { return p.spec.node_selector; })
          .column("ASSIGNMENTMODE", Show::wide, [](const IpPool& p, const Facts&) { return p.spec.assignment_mode; });
  return schema;
}

}  // namespace weft::schema
