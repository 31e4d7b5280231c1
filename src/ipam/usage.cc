#include "ipam/usage.h"

#include <algorithm>

#include "api/codec.h"
#include "ipam/block.h"
#include "ipam/draft.h"
#include "ipam/pools.h"

namespace weft::ipam {

namespace {

Fill fill_of(const api::Block& block, const std::vector<net::Cidr>& reservations) {
  Fill fill{.cidr = block.cidr,
            .total = size_of(block.cidr),
            .in_use = size_of(block.cidr) - block.unallocated.size(),
            .reserved = covered(block.cidr, reservations)};
  for (const int ordinal : block.unallocated) {
    const net::Ip ip = address_at(block, ordinal);
    const bool reserved =
        std::any_of(reservations.begin(), reservations.end(), [&](const auto& range) { return range.contains(ip); });
    if (!reserved) ++fill.available;
  }
  return fill;
}

/// Adds up blocks, and what no block was made of yet.
void sum_up(PoolUsage& pool, const std::vector<net::Cidr>& reservations) {
  Fill& fill = pool.fill;
  fill.total = size_of(fill.cidr);
  fill.reserved = covered(fill.cidr, reservations);
  std::vector<net::Cidr> taken = reservations;
  for (const Fill& block : pool.blocks) {
    fill.in_use += block.in_use;
    fill.available += block.available;
    taken.push_back(block.cidr);
  }
  fill.available += fill.total - covered(fill.cidr, std::move(taken));
}

}  // namespace

Result<std::vector<PoolUsage>> usage(store::Store& store, const std::vector<std::string>& wanted) {
  const auto reservations = TRY(read_reservations(store));
  std::vector<PoolUsage> result;
  for (const auto& pool : TRY(read_pools(store))) {
    const auto is = [&](const std::string& name) { return std::ranges::find(wanted, name) != wanted.end(); };
    if (wanted.empty() || is(pool.metadata.name) || is(to_string(pool.spec.cidr)))
      result.push_back({pool.metadata.name, {.cidr = pool.spec.cidr}, {}});
  }
  PoolUsage homeless;
  const auto listing = TRY(store.list("/calico/ipam/v2/assignment/"));
  for (const store::Entry& entry : listing.entries) {
    const auto cidr = api::parse_block_key(entry.key);
    const auto stored = cidr ? decode_block(entry) : fail(Code::invalid, "not a block");
    if (!stored) continue;
    const auto pool = std::ranges::find_if(result, [&](const auto& each) { return each.fill.cidr.overlaps(*cidr); });
    (pool == result.end() ? homeless : *pool).blocks.push_back(fill_of(stored->block, reservations));
  }
  for (PoolUsage& pool : result) sum_up(pool, reservations);
  if (wanted.empty()) result.push_back(std::move(homeless));
  return result;
}

}  // namespace weft::ipam
