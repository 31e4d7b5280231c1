#include "dataplane/workloads.h"

#include <algorithm>

namespace weft::dataplane {

namespace {

/// Tells of a row's change: away with the old key, in with the new row.
template <class R>
void replace(table::Delta<R>& delta, const std::optional<R>& before, const std::optional<R>& after) {
  if (before == after) return;
  if (before && (!after || before->key() != after->key())) delta.drop(before->key());
  if (after) delta.put(*after);
}

}  // namespace

void Workloads::on(const plan::Changes& changes) {
  if (changes.settings && *changes.settings != settings_) {
    settings_ = *changes.settings;
    for (const auto& [dst, route] : routes_) touched_.insert(dst);
  }
  table::apply(routes_, changes.routes, [&](const net::Cidr& dst, const plan::Route* before, const plan::Route* after) {
    touched_.insert(dst);
    if (before != nullptr) {
      auto& routes = by_interface_[before->interface];
      routes.erase(dst);
      if (routes.empty()) by_interface_.erase(before->interface);
    }
    if (after != nullptr) by_interface_[after->interface].insert(dst);
  });
  std::set<std::string> renewed;
  table::apply(endpoints_, changes.endpoints,
               [&](const auto& id, const plan::Endpoint* before, const plan::Endpoint* after) {
                 if (before != nullptr) {
                   renewed.insert(before->interface);
                   auto& holders = holders_[before->interface];
                   holders.erase(id);
                   if (holders.empty()) holders_.erase(before->interface);
                 }
                 if (after != nullptr) {
                   renewed.insert(after->interface);
                   holders_[after->interface].insert(id);
                 }
               });
  for (const auto& name : renewed) {
    macs_.erase(name);
    touch_interface(name);
    for (const auto& id : endpoints_of(name)) {
      if (const auto& mac = endpoints_.at(id).mac) macs_.emplace(name, *mac);
    }
  }
}

const std::set<plan::EndpointId>& Workloads::endpoints_of(const std::string& interface) const {
  static const std::set<plan::EndpointId> none;
  const auto it = holders_.find(interface);
  return it == holders_.end() ? none : it->second;
}

void Workloads::touch_interface(const std::string& name) {
  const auto it = by_interface_.find(name);
  if (it != by_interface_.end()) touched_.insert(it->second.begin(), it->second.end());
}

Workloads::Placed Workloads::place(const plan::Route& route, const Links& links) const {
  Placed out;
  const auto* link = links.find(route.interface);
  if (link == nullptr) return out;
  out.device = link->index;
  if (!link->up || !is_workload(route.interface)) return out;  // policy goes by the prefix: nothing leads past it
  const bool v4 = route.dst.family() == net::Family::v4;
  if (!v4 && !settings_.ipv6) return out;
  out.route =
      kernel::Route{
          .dst = route.dst,
          .metric = static_cast<std::uint32_t>(v4 ? settings_.route_priority_v4 : settings_.route_priority_v6),
          .protocol = static_cast<std::uint8_t>(settings_.device_route_protocol),
          .scope = RT_SCOPE_LINK,
          .device = link->index,
          .source = v4 ? settings_.device_route_source : settings_.device_route_source_v6,
      }
          .normalized();
  const auto mac = macs_.find(route.interface);
  if (mac != macs_.end() && route.dst.is_host()) {
    out.neighbour =
        kernel::Neighbour{.device = link->index, .ip = route.dst.ip(), .mac = mac->second, .protocol = our_protocol};
  }
  return out;
}

Workloads::Rows Workloads::take(const Links& links) {
  Rows rows;
  for (const auto& dst : std::exchange(touched_, {})) {
    const auto planned = routes_.find(dst);
    Placed& before = placed_[dst];
    Placed after = planned == routes_.end() ? Placed{} : place(planned->second, links);
    replace(rows.routes, before.route, after.route);
    replace(rows.neighbours, before.neighbour, after.neighbour);
    if (planned != routes_.end() && after.device == 0) after.device = before.device;  // gone for now
    if (before.device != 0 && before.device != after.device && dst.is_host()) rows.left.push_back(dst.ip());
    if (planned == routes_.end())
      placed_.erase(dst);
    else
      before = std::move(after);
  }
  return rows;
}

bool Workloads::is_workload(const std::string& interface) const {
  return std::ranges::any_of(settings_.interface_prefixes, [&](const std::string& prefix) {
    return !prefix.empty() && interface.starts_with(prefix);
  });
}

}  // namespace weft::dataplane
