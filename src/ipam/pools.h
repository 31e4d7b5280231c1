#pragma once

#include <string>
#include <vector>

#include "api/ip_pool.h"
#include "ipam/block.h"
#include "ipam/placement.h"
#include "net/cidr.h"
#include "store/store.h"

/// Which pools may serve a request (datamodel 3.5).
namespace weft::ipam {

/// All pools in name order. One that cannot be read is left out and logged.
Result<std::vector<api::IpPool>> read_pools(store::Store& store);

/// Addresses that IPReservations keep out of automatic assignment.
Result<std::vector<net::Cidr>> read_reservations(store::Store& store);
/// How many addresses a range has, 0: 2^128.
Wide size_of(const net::Cidr& cidr);
/// How many of them these ranges cover; they may overlap.
Wide covered(const net::Cidr& range, std::vector<net::Cidr> by);

/// Labels of a Node. Code::not_found when there is none of that name.
Result<api::Labels> read_node_labels(store::Store& store, const std::string& node);

/// Not disabled, not being deleted, and not reported as not allocatable.
bool is_enabled(const api::IpPool& pool);
/// A selector that does not parse selects nothing.
bool selects_node(const api::IpPool& pool, const api::Labels& labels);

/// The first pool that contains the range.
const api::IpPool* pool_of(const std::vector<api::IpPool>& pools, const net::Cidr& range, bool only_enabled);

struct PoolRequest {
  net::Family family = net::Family::v4;
  std::vector<std::string> pools;  // names or CIDRs; they pass selectors and assignment mode by
  std::string use = "Workload";    // Workload, Tunnel
  api::Labels node_labels;
  api::Labels namespace_labels;
  std::optional<HostReserved> kept_back;  // a block must have more addresses than these
};
/// In the order in which they are tried. Code::not_found: a requested pool is not there or not enabled, or none is
/// left.
Result<std::vector<api::IpPool>> choose_pools(const std::vector<api::IpPool>& all, const PoolRequest& request);

}  // namespace weft::ipam
