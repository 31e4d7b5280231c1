#pragma once

#include <string>
#include <vector>

#include "ipam/placement.h"
#include "net/cidr.h"
#include "store/store.h"

namespace weft::ipam {

/// How full something is. An address may be in use and reserved at the same time, so these do not add up. An IPv6 pool
/// may hold 2^80 addresses.
struct Fill {
  net::Cidr cidr;
  Wide total = 0;
  Wide in_use = 0;     // allocated or cooling down
  Wide reserved = 0;   // covered by an IPReservation
  Wide available = 0;  // neither
};
struct PoolUsage {
  std::string name;  // empty: blocks of no pool, of which there are no totals
  Fill fill;
  std::vector<Fill> blocks;
};

/// Pools in name order, their blocks in the order of their keys; with all of them, blocks that are in no pool come
/// last.
/// @param wanted  names or ranges of pools; empty: all
Result<std::vector<PoolUsage>> usage(store::Store& store, const std::vector<std::string>& wanted = {});

}  // namespace weft::ipam
