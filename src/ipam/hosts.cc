// Claiming and giving up blocks by range and by host. What Ipam does is in ipam.h.
#include <algorithm>

#include "api/codec.h"
#include "ipam/attempt.h"
#include "ipam/pools.h"

namespace weft::ipam {

namespace {

/// The pool of a range of whole blocks.
Result<const api::IpPool*> pool_for(const std::vector<api::IpPool>& pools, const net::Cidr& range) {
  const api::IpPool* pool = pool_of(pools, net::Cidr::host(range.ip()), true);
  if (pool == nullptr)
    return fail(Code::invalid,
                fmt::format("The requested CIDR ({}) is not within any configured pools.", to_string(range)));
  if (range.length() > pool->spec.block_size)
    return fail(Code::invalid, fmt::format("The requested CIDR ({}) is smaller than the minimum.", to_string(range)));
  if (!pool->spec.cidr.contains(range))
    return fail(Code::invalid, fmt::format("The requested CIDR ({}) is larger than its pool {}.", to_string(range),
                                           pool->metadata.name));
  return pool;
}

}  // namespace

Result<Ipam::Claims> Ipam::claim_affinity(const Affinity& who, const net::Cidr& range) {
  const std::lock_guard lock(mutex_);
  recall_.begin(false);
  const View view = TRY(look(false));
  const int block_size = TRY(pool_for(view.pools, range))->spec.block_size;
  Claims claims;
  for (net::Cidr cidr(range.ip(), block_size);; cidr = net::Cidr(advance(cidr.last(), 1), block_size)) {
    const auto claimed = claim_block(store_, who, cidr, clock_);
    if (!claimed && claimed.error().code != Code::conflict) return std::unexpected(claimed.error());
    (claimed ? claims.claimed : claims.failed).push_back(cidr);
    if (cidr.last() == range.last()) return claims;
  }
}

Result<> Ipam::release_affinity(const Affinity& who, const net::Cidr& range, bool must_be_empty) {
  const std::lock_guard lock(mutex_);
  recall_.begin(false);
  const View view = TRY(look(false));
  (void)TRY(pool_for(view.pools, range));
  std::vector<net::Cidr> blocks;
  for (const store::Entry& entry : TRY(store_.list(api::affinity_prefix(who.host, range.family(), who.type))).entries) {
    const auto key = api::parse_affinity_key(entry.key, who.type);
    if (key && key->first == who.host && range.contains(key->second)) blocks.push_back(key->second);
  }
  std::sort(blocks.begin(), blocks.end());
  const ReleaseRule rule{.must_be_empty = must_be_empty, .cooldown = view.cooldown()};
  for (const net::Cidr& cidr : blocks) {
    if (TRY(release_block(store_, who, cidr, rule, clock_)) == Outcome::not_empty)
      return fail(Code::exists, fmt::format("block '{}' is not empty", to_string(cidr)));
  }
  return {};
}

Result<Ipam::GivenUp> Ipam::release_affinities(std::optional<Affinity> who, std::optional<net::Cidr> range,
                                               bool must_be_empty) {
  const std::lock_guard lock(mutex_);
  recall_.begin(false);
  const View view = TRY(look(false));
  const ReleaseRule rule{.must_be_empty = must_be_empty, .cooldown = view.cooldown()};
  const std::string type = who ? who->type : "host";
  GivenUp result;
  const std::string prefix = "/calico/ipam/v2/" + type + '/' + (who ? who->host + '/' : "");
  for (const store::Entry& entry : TRY(store_.list(prefix)).entries) {
    const auto key = api::parse_affinity_key(entry.key, type);
    if (!key || (range && !range->contains(key->second))) continue;
    const Outcome outcome = TRY(release_block(store_, {key->first, type}, key->second, rule, clock_));
    if (outcome == Outcome::released) result.blocks.push_back(key->second);
    if (outcome == Outcome::not_empty) result.kept.push_back(key->second);
  }
  return result;
}

Result<> Ipam::remove_host(const Affinity& who) {
  TRY(release_affinities(who, std::nullopt, false));
  const auto removed = store_.remove("/calico/ipam/v2/host/" + who.host);
  if (!removed && removed.error().code != Code::not_found) return std::unexpected(removed.error());
  return {};
}

}  // namespace weft::ipam
