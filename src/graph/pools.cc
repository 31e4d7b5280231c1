#include "graph/pools.h"

#include <fmt/core.h>

#include <set>
#include <vector>

#include "base/strings.h"

namespace weft::graph {
namespace {

std::string_view name_of(api::EncapMode mode) { return mode == api::EncapMode::always ? "Always" : "CrossSubnet"; }

std::string unsupported_in(const api::IpPoolSpec& spec) {
  std::vector<std::string> reasons;
  if (spec.ipip_mode != api::EncapMode::never) {
    reasons.push_back(
        fmt::format("ipipMode {}: IPIP is not supported yet; no routes for this pool", name_of(spec.ipip_mode)));
  }
  if (spec.vxlan_mode != api::EncapMode::never) {
    reasons.push_back(
        fmt::format("vxlanMode {}: VXLAN is not supported yet; no routes for this pool", name_of(spec.vxlan_mode)));
  }
  return join(reasons, "; ");
}

RoutedPool routed_of(const api::IpPoolSpec& spec) {
  using enum api::EncapMode;
  RoutedPool pool{.cidr = spec.cidr, .type = plan::PoolType::no_encapsulation, .masquerade = spec.nat_outgoing};
  if (spec.ipip_mode != never) pool.type = plan::PoolType::ipip;
  if (spec.vxlan_mode != never) pool.type = plan::PoolType::vxlan;
  pool.cross_subnet = spec.ipip_mode == cross_subnet || spec.vxlan_mode == cross_subnet;
  pool.for_services_only = spec.allowed_uses == std::vector<std::string>{"LoadBalancer"};
  return pool;
}

}  // namespace

void Pools::on(const table::Delta<api::IpPool>& pools) {
  std::set<net::Cidr> touched;
  table::apply(pools_, pools, [&](const std::string& name, const api::IpPool* before, const api::IpPool* after) {
    const std::string object = "IPPool " + name;
    if (before) {
      by_cidr_[before->spec.cidr].erase(name);
      touched.insert(before->spec.cidr);
    }
    if (after) {
      by_cidr_[after->spec.cidr][name] = routed_of(after->spec);
      touched.insert(after->spec.cidr);
    }
    std::string reason = after ? unsupported_in(after->spec) : std::string();
    if (reason.empty())
      unsupported_.drop(object);
    else
      unsupported_.put({object, std::move(reason)});
  });
  for (const auto& cidr : touched) {
    const auto& names = by_cidr_[cidr];
    if (!names.empty()) {
      const RoutedPool& pool = names.begin()->second;
      // No workload has an address of these: they are outside for NAT (dataplane 2.12).
      if (pool.for_services_only)
        rows_.drop(cidr);
      else
        rows_.put({cidr, pool.masquerade});
      routed_.put(pool);
      continue;
    }
    by_cidr_.erase(cidr);
    rows_.drop(cidr);
    routed_.drop(cidr);
  }
}

}  // namespace weft::graph
