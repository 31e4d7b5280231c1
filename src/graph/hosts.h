#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/node.h"
#include "graph/output.h"
#include "plan/changes.h"

namespace weft::graph {

/// Addresses of a node: those of its BGP part; for a family that has none there, the first of its address list by type
/// (CalicoNodeIP, InternalIP, ExternalIP).
std::vector<net::Ip> addresses_of(const api::Node& node);

/// Nodes -> addresses of all hosts of the cluster.
class Hosts {
 public:
  void on(const table::Delta<api::Node>& nodes);
  table::Delta<plan::HostAddress> hosts() { return rows_.take(); }

 private:
  void forget(const std::string& node);

  std::map<std::string, std::vector<net::Ip>> nodes_;
  std::map<net::Ip, int> counts_;
  Output<plan::HostAddress> rows_;
};

}  // namespace weft::graph
