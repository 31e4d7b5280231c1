// Giving back: addresses and handles. What Ipam does is in ipam.h.
#include <algorithm>
#include <set>

#include "api/codec.h"
#include "ipam/attempt.h"
#include "ipam/pools.h"

namespace weft::ipam {

/// The block an address lies in: by its pool, else (no pool any more) among all blocks.
Result<net::Cidr> Ipam::block_of(const net::Ip& ip, const View& view) {
  if (const api::IpPool* pool = pool_of(view.pools, net::Cidr::host(ip), false))
    return net::Cidr(ip, pool->spec.block_size);
  const auto listing = TRY(store_.list("/calico/ipam/v2/assignment/"));
  for (const store::Entry& entry : listing.entries) {
    const auto cidr = api::parse_block_key(entry.key);
    if (cidr && cidr->contains(ip)) return *cidr;
  }
  return net::Cidr::host(ip);
}

Result<ReleaseResult> Ipam::release(const std::vector<Claim>& claims) {
  auto result = TRY(release_what_fits(claims));
  if (!result.errors.empty()) return std::unexpected(result.errors.front());
  return result;
}

Result<ReleaseResult> Ipam::release_what_fits(const std::vector<Claim>& claims) {
  const std::lock_guard lock(mutex_);
  recall_.begin(false);
  const View view = TRY(look(false));
  std::map<net::Cidr, std::vector<Claim>> by_block;
  ReleaseResult result;
  for (const Claim& claim : claims) {
    const net::Cidr cidr = TRY(block_of(claim.ip, view));
    by_block[cidr].push_back(claim);
    if (cidr.is_host() && pool_of(view.pools, cidr, false) == nullptr && !TRY(read_block(store_, cidr)))
      result.nowhere.push_back(claim.ip);
  }
  for (const auto& [cidr, of_block] : by_block) {
    const auto released = release_from(cidr, of_block, view, result);
    if (!released) result.errors.push_back(released.error());
  }
  return result;
}

Result<> Ipam::release_from(const net::Cidr& cidr, const std::vector<Claim>& claims, const View& view,
                            ReleaseResult& result) {
  for (int attempt = 0; attempt < max_attempts; back_off(attempt++)) {
    Draft draft(recall_);
    api::Block* block = TRY(draft.block(cidr));
    if (block == nullptr) {
      for (const Claim& claim : claims) result.unallocated.push_back(claim.ip);
      return {};
    }
    const Released released = TRY(ipam::release(*block, claims, view.cooldown(), clock_.wall()));
    std::vector<StaleClaim> stale_claims;
    if (released.count > 0) {
      draft.changed(cidr);
      for (const auto& [handle, count] : released.by_handle) TRY(draft.count(handle, cidr, -count));
      stale_claims = TRY(stale(view, {block}));
      const auto written = TRY(write(draft.ops()));
      if (!written) continue;
      result.revision = *written;
    }
    const auto& free = released.unallocated;
    std::set<net::Ip> seen;
    for (const Claim& claim : claims) {
      if (!seen.insert(claim.ip).second) continue;
      const bool was_free = std::find(free.begin(), free.end(), claim.ip) != free.end();
      (was_free ? result.unallocated : result.released).push_back(claim.ip);
    }
    return give_up(stale_claims, view);
  }
  return fail(Code::conflict, fmt::format("releasing addresses of block {}: others wrote in between {} times in a row",
                                          to_string(cidr), max_attempts));
}

/// What one transaction of a release did.
struct Ipam::Round {
  std::vector<net::Ip> released;
  std::vector<StaleClaim> stale;
  View view;
  store::Revision revision = 0;
  bool more = false;  // there are blocks left
};

Result<ReleaseResult> Ipam::release_handles(const std::vector<std::string>& handles, const AlsoRelease& also,
                                            const Precondition& first) {
  const std::lock_guard lock(mutex_);
  ReleaseResult result;
  for (bool more = true; more;) {
    const auto round =
        TRY(persist<Round>("releasing addresses of a handle", [&] { return try_release(handles, also, first); }));
    result.released.insert(result.released.end(), round.released.begin(), round.released.end());
    if (round.revision != 0) result.revision = round.revision;
    TRY(give_up(round.stale, round.view));
    more = round.more;
  }
  return result;
}

Result<std::optional<Ipam::Round>> Ipam::try_release(const std::vector<std::string>& handles, const AlsoRelease& also,
                                                     const Precondition& first) {
  if (first) TRY(first(recall_));
  Round round;
  round.view = TRY(look(false));
  Draft draft(recall_);
  std::vector<const api::Block*> blocks;
  for (const std::string& id : handles) {
    // Others release it as well as we: what we remember of it is of no use. Of several names the first is the one that
    // is used.
    recall_.forget(api::handle_path(id));
    if (id != handles.front()) recall_.suppose_absent(api::handle_path(id));
    const api::Handle* handle = TRY(draft.handle(id));
    if (handle == nullptr) continue;
    const auto listed = handle->blocks;
    for (const auto& [text, count] : listed) {
      const net::Cidr cidr = TRY(within(net::Cidr::parse(text), api::handle_path(id)));
      api::Block* block = TRY(draft.block(cidr));
      if (block == nullptr) continue;
      const auto ordinals = ordinals_of(*block, id);
      if (ordinals.empty()) continue;
      if ((round.more = draft.is_full())) break;  // then it goes in parts
      for (const int ordinal : ordinals) round.released.push_back(address_at(*block, ordinal));
      release_handle(*block, id, round.view.cooldown(), clock_.wall());
      draft.changed(cidr);
      TRY(draft.count(id, cidr, -static_cast<int>(ordinals.size())));
      blocks.push_back(block);
    }
    if (round.more) break;
  }
  std::vector<store::Op> ops = draft.ops();
  if (!round.more && also) {
    for (store::Op& op : TRY(also())) ops.push_back(std::move(op));
  }
  round.stale = TRY(stale(round.view, blocks));
  if (ops.empty() && !recall_.warm()) return round;
  const auto written = TRY(write(std::move(ops)));
  for (const std::string& id : handles) recall_.forget(api::handle_path(id));
  if (!written) return std::optional<Round>{};
  round.revision = *written;
  return round;
}

/// Those of the blocks that are empty now and whose pool no longer selects the node that has them.
Result<std::vector<Ipam::StaleClaim>> Ipam::stale(const View& view, const std::vector<const api::Block*>& blocks) {
  std::vector<StaleClaim> claims;
  for (const api::Block* block : blocks) {
    const auto host = host_of(*block);
    const api::IpPool* pool = pool_of(view.pools, block->cidr, true);
    if (!host || pool == nullptr || !is_empty(*block)) continue;
    const auto labels = read_node_labels(recall_, *host);
    if (!labels && labels.error().code != Code::not_found) return std::unexpected(labels.error());
    if (!labels || selects_node(*pool, *labels)) continue;  // a node that is gone is cleaned up as a whole
    claims.emplace_back(*host, block->cidr);
  }
  return claims;
}

Result<> Ipam::give_up(const std::vector<StaleClaim>& claims, const View& view) {
  for (const auto& [who, cidr] : claims)
    (void)TRY(release_block(store_, who, cidr, {.must_be_empty = true, .cooldown = view.cooldown()}, clock_));
  return {};
}

}  // namespace weft::ipam
