#include "dataplane/targets.h"

#include <algorithm>
#include <chrono>
#include <tuple>

#include "kernel/conntrack.h"
#include "metrics/metrics.h"

namespace weft::dataplane {

namespace {

/// Deletes first, with `before` in between; then puts. Outcomes in the order of the changes.
template <class R, class Delete, class Put, class Between>
std::vector<Result<>> write_changes(kernel::Socket& socket, std::span<const table::Change<R>> changes,
                                    const std::function<bool(const table::Change<R>&)>& goes, Delete&& remove,
                                    Put&& put, Between&& between) {
  std::vector<Result<>> outcomes(changes.size());
  const auto send = [&](bool deletes) {
    std::vector<kernel::Message> messages;
    std::vector<std::size_t> of;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (deletes ? !goes(changes[i]) : !changes[i].after) continue;
      messages.push_back(deletes ? remove(*changes[i].before) : put(*changes[i].after));
      of.push_back(i);
    }
    auto answers = socket.request(messages);
    for (std::size_t i = 0; i < of.size(); ++i) {
      if (!answers)
        outcomes[of[i]] = std::unexpected(answers.error());
      else if (!(*answers)[i] && !(deletes && (*answers)[i].error().code == Code::not_found)) {
        outcomes[of[i]] = std::move((*answers)[i]);
      }
    }
  };
  send(true);
  between();
  send(false);
  return outcomes;
}

bool moves(const table::Change<kernel::Route>& change) {
  return change.before && (!change.after || change.before->device != change.after->device);
}

}  // namespace

RouteTarget::RouteTarget(kernel::Socket& rtnl, kernel::Socket& netfilter, const Workloads& workloads,
                         const Links& links, std::function<bool(int device)> external)
    : rtnl_(rtnl), netfilter_(netfilter), workloads_(workloads), links_(links), external_(std::move(external)) {}

bool RouteTarget::ours(const kernel::Route& route) const {
  if (route.table != RT_TABLE_MAIN) return false;
  if (route.protocol == our_protocol) return true;
  const int protocol = workloads_.settings().device_route_protocol;
  if (route.protocol == protocol && protocol != RTPROT_BOOT) return true;
  const auto* link = links_.find(route.device);
  if (link == nullptr || !workloads_.is_workload(link->name)) return false;
  if (route.protocol == protocol) return true;
  return workloads_.settings().remove_external_routes && route.protocol != RTPROT_KERNEL &&
         route.protocol != RTPROT_RA && external_(route.device);
}

Result<std::vector<kernel::Route>> RouteTarget::read() {
  // Others may have many thousands of routes; the kernel sorts them out unless a protocol does not say whose it is.
  const auto& settings = workloads_.settings();
  const int protocol = settings.device_route_protocol;
  std::vector<kernel::RouteFilter> filters{{.table = RT_TABLE_MAIN, .protocol = our_protocol}};
  if (settings.remove_external_routes) {
    for (const auto& [index, link] : links_.all()) {
      if (workloads_.is_workload(link.name)) filters.push_back({.table = RT_TABLE_MAIN, .device = index});
    }
  }
  if (protocol != our_protocol) {
    filters.push_back({.table = RT_TABLE_MAIN, .protocol = static_cast<std::uint8_t>(protocol)});
  }
  std::vector<kernel::Route> routes;
  for (const auto& filter : filters) {
    for (auto& route : TRY(kernel::list_routes(rtnl_, filter))) {
      if (ours(route)) routes.push_back(std::move(route));
    }
  }
  return routes;
}

std::vector<Result<>> RouteTarget::write(std::span<const table::Change<kernel::Route>> changes) {
  std::set<std::pair<net::Cidr, int>> stay;  // a change of metric alone moves nobody
  for (const auto& change : changes) {
    if (change.after) stay.emplace(change.after->dst, change.after->device);
  }
  for (const auto& change : changes) {
    if (!moves(change) || !change.before->dst.is_host()) continue;
    if (!stay.contains({change.before->dst, change.before->device})) leave(change.before->dst.ip());
  }
  const bool comes_back = std::ranges::any_of(
      stay, [&](const auto& put) { return put.first.is_host() && leaving_.contains(put.first.ip()); });
  return write_changes<kernel::Route>(rtnl_, changes, moves, kernel::delete_route, kernel::put_route, [&] {
    if (comes_back) (void)forget();  // a failure is seen when forget() is called after the apply
  });
}

Result<> RouteTarget::forget() {
  if (leaving_.empty()) return {};
  static auto& seconds = metrics::histogram("felix_route_table_conntrack_wait_seconds",
                                            "Time routes waited for connections of their addresses to be forgotten.");
  const auto start = std::chrono::steady_clock::now();
  const std::vector<net::Ip> addresses(leaving_.begin(), leaving_.end());
  const auto forgot = kernel::forget_connections(netfilter_, addresses);
  // A kernel without connection tracking has nothing to forget.
  if (!forgot && forgot.error().code != Code::invalid && forgot.error().code != Code::unsupported) return forgot;
  seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  leaving_.clear();
  return {};
}

Result<std::vector<kernel::Neighbour>> NeighbourTarget::read() {
  auto rows = TRY(kernel::list_neighbours(rtnl_));
  std::erase_if(rows, [](const kernel::Neighbour& row) { return !ours(row); });
  return rows;
}

std::vector<Result<>> NeighbourTarget::write(std::span<const table::Change<kernel::Neighbour>> changes) {
  return write_changes<kernel::Neighbour>(
      rtnl_, changes, [](const auto& change) { return change.before && !change.after; }, kernel::delete_neighbour,
      kernel::put_neighbour, [] {});
}

}  // namespace weft::dataplane
