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

constexpr std::string_view v4_block_sizes = "blockSize must be between 20 and 32 for IPv4 pools";
constexpr std::string_view v6_block_sizes = "blockSize must be between 116 and 128 for IPv6 pools";

void check_block_size(const IpPoolSpec& spec, const Report& report) {
  const bool v4 = spec.cidr.ip().is_v4();
  if (spec.block_size < (v4 ? 20 : 116) || spec.block_size > (v4 ? 32 : 128)) {
    report("blockSize", spec.block_size, std::string(v4 ? v4_block_sizes : v6_block_sizes));
  } else if (spec.block_size < spec.cidr.length() && !spec.disabled) {
    report("blockSize", spec.block_size,
           "IP pool size is too small for use with Calico IPAM. It must be equal to or greater than the block size.");
  }
}

bool overlaps(const IpPoolSpec& spec, std::string_view range) {
  const auto other = net::Cidr::parse(range);
  return spec.cidr.family() == other->family() && spec.cidr.overlaps(*other);
}

bool is_encapsulated(const IpPoolSpec& spec) {
  return spec.ipip_mode != EncapMode::never || spec.vxlan_mode != EncapMode::never;
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
                 Format{api::selector_without_global}, Length{1024}, Default{"all()", true})
          .field("namespaceSelector", &IpPoolSpec::namespace_selector,
                 "Namespaces whose workloads may have its addresses.", Format{api::selector_without_global},
                 Length{1024})
          .field("allowedUses", &IpPoolSpec::allowed_uses, "What the addresses are for.",
                 OneOf{{"Workload", "Tunnel", "LoadBalancer"}}, AtMost{10}, Default{Array{"Workload", "Tunnel"}, true})
          .field("assignmentMode", &IpPoolSpec::assignment_mode,
                 "Whether addresses are given without being asked for by pool.", OneOf{{"Automatic", "Manual"}},
                 Default{"Automatic", true})
          .extra(&IpPoolSpec::extra)
          .fill([](IpPoolSpec& spec, bool) {
            if (spec.block_size == 0) spec.block_size = spec.cidr.ip().is_v4() ? 26 : 122;
          })
          .rule("cidr", "IPPool CIDR overlaps with IPv4 link local range 169.254.0.0/16",
                [](const IpPoolSpec& s) { return overlaps(s, "169.254.0.0/16"); })
          .rule("cidr", "IPPool CIDR overlaps with IPv6 link local range fe80::/10",
                [](const IpPoolSpec& s) { return overlaps(s, "fe80::/10"); })
          .check(check_block_size, {{"blockSize", v4_block_sizes},
                                    {"blockSize", v6_block_sizes},
                                    {"blockSize", "must not be shorter than the pool's prefix, unless disabled"}})
          .rule("ipipMode", "ipipMode and vxlanMode cannot both be enabled",
                [](const IpPoolSpec& s) { return s.ipip_mode != EncapMode::never && s.vxlan_mode != EncapMode::never; })
          .rule("ipipMode", "IPIP is not supported on IPv6 pools",
                [](const IpPoolSpec& s) { return s.ipip_mode != EncapMode::never && s.cidr.ip().is_v6(); })
          .rule("allowedUses", "LoadBalancer IP pool cannot have IPIP or VXLAN enabled",
                [](const IpPoolSpec& s) { return has_use(s, "LoadBalancer") && is_encapsulated(s); })
          .rule("allowedUses", "LoadBalancer cannot be combined with Workload or Tunnel allowed uses",
                [](const IpPoolSpec& s) {
                  return has_use(s, "LoadBalancer") && (has_use(s, "Workload") || has_use(s, "Tunnel"));
                })
          .rule("disableBGPExport", "LoadBalancer IP pools cannot disable BGP export",
                [](const IpPoolSpec& s) { return has_use(s, "LoadBalancer") && s.disable_bgp_export; })
          .rule("nodeSelector", "IP Pool with AllowedUse LoadBalancer must have nodeSelector set to all()",
                [](const IpPoolSpec& s) { return has_use(s, "LoadBalancer") && s.node_selector != "all()"; })
          .rule("namespaceSelector", "IP Pool with AllowedUse Tunnel cannot have namespaceSelector",
                [](const IpPoolSpec& s) { return has_use(s, "Tunnel") && !s.namespace_selector.empty(); });
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
          .example(R"(metadata:
  name: pods
spec:
  cidr: 10.65.0.0/16
  blockSize: 26
  vxlanMode: CrossSubnet
  natOutgoing: true
  nodeSelector: all()
)")
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
