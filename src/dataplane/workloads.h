#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dataplane/links.h"
#include "kernel/neighbour.h"
#include "kernel/route.h"
#include "plan/changes.h"

namespace weft::dataplane {

/// Protocol number (rtm_protocol, NDA_PROTOCOL) of everything we make, as Calico's.
inline constexpr std::uint8_t our_protocol = 80;

/// Planned endpoints and routes, joined with the interfaces that are there: which routes and neighbours the kernel
/// should hold now. A route whose interface is absent or down is not wanted: nothing is wrong, it comes with the
/// interface. Depends only on what is present.
class Workloads {
 public:
  /// Takes endpoints, routes and settings.
  void on(const plan::Changes& changes);
  /// The interface appeared, changed or went.
  void touch_interface(const std::string& name);

  struct Rows {
    table::Delta<kernel::Route> routes;
    table::Delta<kernel::Neighbour> neighbours;
    /// Addresses whose route is gone from the plan or leads to another interface now: their connections are to be
    /// forgotten. An interface that only went down keeps them.
    std::vector<net::Ip> left;
  };
  /// What changed since the last call.
  Rows take(const Links& links);

  const std::map<plan::EndpointId, plan::Endpoint>& endpoints() const { return endpoints_; }
  const std::map<net::Cidr, plan::Route>& routes() const { return routes_; }
  const plan::Settings& settings() const { return settings_; }
  /// Whether the interface is one of workloads, by its name's prefix.
  bool is_workload(const std::string& interface) const;
  /// Whether routes are planned out of the interface.
  bool has_routes(const std::string& interface) const { return by_interface_.contains(interface); }
  /// The planned endpoints that name the interface.
  const std::set<plan::EndpointId>& endpoints_of(const std::string& interface) const;

 private:
  struct Placed {
    std::optional<kernel::Route> route;
    std::optional<kernel::Neighbour> neighbour;
    int device = 0;  // where connections of the address run; stays while the interface is down
  };
  Placed place(const plan::Route& route, const Links& links) const;
  void touch(const plan::Route& route);

  std::map<plan::EndpointId, plan::Endpoint> endpoints_;
  std::map<net::Cidr, plan::Route> routes_;
  plan::Settings settings_;
  std::map<std::string, std::set<net::Cidr>> by_interface_;  // planned routes
  std::map<std::string, std::set<plan::EndpointId>> holders_;
  std::map<std::string, net::Mac> macs_;  // of the pod's side, by interface
  std::map<net::Cidr, Placed> placed_;
  std::set<net::Cidr> touched_;
};

}  // namespace weft::dataplane
