#pragma once

#include <string>
#include <vector>

#include "net/cidr.h"
#include "store/store.h"

namespace weft::ipam {

/// How full something is. Totals are floating point: an IPv6 pool may hold 2^80 addresses.
struct Fill {
  net::Cidr cidr;
  double total = 0;
  double in_use = 0;    // allocated or cooling down
  double reserved = 0;  // not in use and covered by an IPReservation
  double free() const { return total - in_use - reserved; }
};
struct PoolUsage {
  std::string name;
  Fill fill;
  std::vector<Fill> blocks;
};

/// Pools in name order, their blocks in address order.
Result<std::vector<PoolUsage>> usage(store::Store& store);

}  // namespace weft::ipam
