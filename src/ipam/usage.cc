#include "ipam/usage.h"

#include <algorithm>
#include <cmath>

#include "api/codec.h"
#include "ipam/block.h"
#include "ipam/draft.h"
#include "ipam/pools.h"

namespace weft::ipam {

namespace {

double size_of(const net::Cidr& cidr) { return std::ldexp(1.0, net::bits_of(cidr.family()) - cidr.length()); }

/// Addresses of `range` that reservations cover; reservations that lie in others count once.
double reserved_in(const net::Cidr& range, const std::vector<net::Cidr>& reservations) {
  double count = 0;
  for (std::size_t i = 0; i < reservations.size(); ++i) {
    const net::Cidr& each = reservations[i];
    if (each.contains(range)) return size_of(range);
    if (!range.contains(each)) continue;
    bool again = false;
    for (std::size_t j = 0; j < reservations.size(); ++j)
      again = again || (j != i && reservations[j].contains(each) && (reservations[j] != each || j < i));
    if (!again) count += size_of(each);
  }
  return count;
}

}  // namespace

Result<std::vector<PoolUsage>> usage(store::Store& store) {
  const auto reservations = TRY(read_reservations(store));
  std::vector<PoolUsage> result;
  for (const auto& pool : TRY(read_pools(store))) {
    const net::Cidr& cidr = pool.spec.cidr;
    result.push_back({pool.metadata.name, {cidr, size_of(cidr), 0, reserved_in(cidr, reservations)}, {}});
  }
  const auto listing = TRY(store.list("/calico/ipam/v2/assignment/"));
  for (const store::Entry& entry : listing.entries) {
    const auto cidr = api::parse_block_key(entry.key);
    const auto stored = cidr ? decode_block(entry) : fail(Code::invalid, "not a block");
    if (!stored) continue;
    const api::Block& block = stored->block;
    Fill fill{*cidr, size_of(*cidr), 0, reserved_in(*cidr, reservations)};
    double reserved_in_use = 0;
    for (int ordinal = 0; ordinal < static_cast<int>(block.allocations.size()); ++ordinal) {
      if (attribute_of(block, ordinal) == nullptr) continue;
      ++fill.in_use;
      const net::Ip ip = address_at(block, ordinal);
      if (std::any_of(reservations.begin(), reservations.end(), [&](const auto& range) { return range.contains(ip); }))
        ++reserved_in_use;
    }
    fill.reserved -= reserved_in_use;
    for (PoolUsage& pool : result) {
      if (!pool.fill.cidr.contains(*cidr)) continue;
      pool.fill.in_use += fill.in_use;
      pool.fill.reserved -= reserved_in_use;
      pool.blocks.push_back(fill);
    }
  }
  for (PoolUsage& pool : result)
    std::sort(pool.blocks.begin(), pool.blocks.end(), [](const Fill& a, const Fill& b) { return a.cidr < b.cidr; });
  return result;
}

}  // namespace weft::ipam
