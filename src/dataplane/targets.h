#pragma once

#include <functional>
#include <set>
#include <vector>

#include "dataplane/workloads.h"
#include "kernel/netlink.h"
#include "table/reconciler.h"

namespace weft::dataplane {

/// Routes of the main table that are ours.
///
/// Ours after a restart: protocol 80, or what DeviceRouteProtocol says; when that is 3 (boot, which others use too)
/// only on interfaces of workloads. With RemoveExternalRoutes every route on a workload's interface counts as ours
/// except what the kernel made (link-local prefixes) and, for a while, what the CNI plug-in made before the endpoint
/// was known. Everything else is not even looked at. Put replaces whatever has the same destination, type of service
/// and metric. Deleting what is gone already is fine. Order: first what goes or moves, then the connections of those
/// addresses, then what comes.
class RouteTarget final : public table::Target<kernel::Route> {
 public:
  /// @param external  whether a route of somebody else on that device is to be removed
  RouteTarget(kernel::Socket& rtnl, kernel::Socket& netfilter, const Workloads& workloads, const Links& links,
              std::function<bool(int device)> external);

  bool ours(const kernel::Route& route) const;
  Result<std::vector<kernel::Route>> read() override;
  std::vector<Result<>> write(std::span<const table::Change<kernel::Route>> changes) override;

  /// The address left: its connections are forgotten before its next route is written, or by forget().
  void leave(const net::Ip& ip) { leaving_.insert(ip); }
  /// Forgets the connections of addresses that left. After a failure the next call tries again.
  Result<> forget();

 private:
  kernel::Socket& rtnl_;
  kernel::Socket& netfilter_;
  const Workloads& workloads_;
  const Links& links_;
  std::function<bool(int)> external_;
  std::set<net::Ip> leaving_;
};

/// Permanent neighbour entries of workloads' addresses, both families.
///
/// Ours after a restart: permanent, and of our protocol (NDA_PROTOCOL, Linux 5.0). Put replaces what the kernel learned
/// or somebody set for the address. Deleting what is gone already is fine. The device must be there; entries go with
/// it.
class NeighbourTarget final : public table::Target<kernel::Neighbour> {
 public:
  explicit NeighbourTarget(kernel::Socket& rtnl) : rtnl_(rtnl) {}

  static bool ours(const kernel::Neighbour& row) {
    return row.state == NUD_PERMANENT && !row.proxy && row.protocol == our_protocol;
  }
  Result<std::vector<kernel::Neighbour>> read() override;
  std::vector<Result<>> write(std::span<const table::Change<kernel::Neighbour>> changes) override;

 private:
  kernel::Socket& rtnl_;
};

}  // namespace weft::dataplane
