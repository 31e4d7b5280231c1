#include "ipam/ipam.h"

#include <algorithm>

#include <fmt/core.h>

#include "api/codec.h"
#include "base/log.h"
#include "ipam/affinity.h"
#include "ipam/attempt.h"
#include "ipam/draft.h"
#include "ipam/pools.h"

namespace weft::ipam {

namespace {

/// A handle may have addresses in more blocks than fit one transaction of etcd (128 ops): then it goes in parts.
constexpr std::size_t blocks_per_transaction = 40;

Error gave_up(std::string_view doing) {
  return {Code::conflict, fmt::format("{}: others wrote in between {} times in a row", doing, max_attempts)};
}

Result<std::vector<store::Op>> ops_of(const Draft& draft, const AlsoWrite& also, std::span<const Assigned> addresses) {
  std::vector<store::Op> ops = draft.ops();
  if (also) {
    for (store::Op& op : TRY(also(addresses))) ops.push_back(std::move(op));
  }
  return ops;
}

Holder holder_of(const api::Block& block, int ordinal, const api::BlockAttribute& attribute) {
  const auto sequence = block.sequence_number_for_allocation.find(ordinal);
  return {.ip = address_at(block, ordinal),
          .block = block.cidr,
          .affinity = block.affinity,
          .handle = handle_of(attribute),
          .attributes = attribute.secondary,
          .released_at = attribute.released_at,
          .sequence = sequence == block.sequence_number_for_allocation.end() ? 0 : sequence->second};
}

}  // namespace

Result<Ipam::View> Ipam::look(bool with_reservations) {
  View view;
  if (const auto entry = TRY(store_.get(api::ipam_config_path))) {
    view.config = TRY(within(api::from_json<api::IpamConfig>(entry->value), entry->key));
  } else {
    view.config.auto_allocate_blocks = true;
  }
  view.pools = TRY(read_pools(store_));
  if (with_reservations) view.reservations = TRY(read_reservations(store_));
  return view;
}

Result<Assignment> Ipam::assign(const AssignRequest& request) {
  const std::lock_guard lock(mutex_);
  for (int attempt = 0; attempt < max_attempts; back_off(attempt++)) {
    const View view = TRY(look(true));
    const api::Labels labels = TRY(read_node_labels(store_, request.node));
    Draft draft(store_);
    Attempt search(store_, clock_, view, request, draft);
    if (request.v4.count > 0) TRY(search.take(net::Family::v4, request.v4, labels));
    if (request.v6.count > 0) TRY(search.take(net::Family::v6, request.v6, labels));

    const auto written = store_.commit(TRY(ops_of(draft, request.also, search.taken())));
    if (written) return Assignment{search.taken(), *written};
    if (!is_race(written.error())) return std::unexpected(written.error());
  }
  return std::unexpected(gave_up("assigning an address to node " + request.node));
}

Result<> Ipam::ensure_block(const std::string& node, net::Family family, const std::vector<std::string>& pools) {
  const std::lock_guard lock(mutex_);
  const View view = TRY(look(true));
  const api::Labels labels = TRY(read_node_labels(store_, node));
  AssignRequest request{.node = node};
  Draft draft(store_);
  return Attempt(store_, clock_, view, request, draft).own_a_block(family, {.count = 0, .pools = pools}, labels);
}

Result<Assignment> Ipam::assign_ips(const AssignIpRequest& request) {
  const std::lock_guard lock(mutex_);
  for (int attempt = 0; attempt < max_attempts; back_off(attempt++)) {
    const View view = TRY(look(false));
    Draft draft(store_);
    std::vector<Assigned> taken;
    for (const net::Ip& ip : request.ips) {
      const api::IpPool* pool = pool_of(view.pools, net::Cidr::host(ip), true);
      if (pool == nullptr)
        return fail(Code::invalid, fmt::format("address {} is in no enabled IP pool", to_string(ip)));
      const auto& uses = pool->spec.allowed_uses;
      if (!request.use.empty() && std::find(uses.begin(), uses.end(), request.use) == uses.end())
        return fail(Code::invalid, fmt::format("address {}: IP pool {} is not for use {}", to_string(ip),
                                               pool->metadata.name, request.use));

      const net::Cidr cidr(ip, pool->spec.block_size);
      api::Block* block = TRY(draft.block(cidr));
      if (block == nullptr) {
        auto claimed = claim_block(store_, request.node, cidr, clock_);
        if (claimed)
          block = draft.adopt(std::move(*claimed));
        else if (claimed.error().code != Code::conflict)
          return std::unexpected(claimed.error());
        else
          break;  // somebody else claimed it just now: look again
      }
      if (view.config.strict_affinity && block->affinity != affinity_of(request.node))
        return fail(Code::invalid, fmt::format("address {}: block {} belongs to {} and affinity is strict",
                                               to_string(ip), to_string(cidr), block->affinity.value_or("nobody")));
      settle(*block, view.cooldown(), clock_.wall());
      TRY(allocate_one(*block, ip, request.owner));
      draft.changed(cidr);
      TRY(draft.count(request.owner.handle, cidr, 1));
      taken.push_back({ip, cidr});
    }
    if (taken.size() < request.ips.size()) continue;
    const auto written = store_.commit(TRY(ops_of(draft, request.also, taken)));
    if (written) return Assignment{std::move(taken), *written};
    if (!is_race(written.error())) return std::unexpected(written.error());
  }
  return std::unexpected(gave_up("assigning requested addresses to node " + request.node));
}

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
  const View view = TRY(look(false));
  std::map<net::Cidr, std::vector<Claim>> by_block;
  for (const Claim& claim : claims) by_block[TRY(block_of(claim.ip, view))].push_back(claim);

  ReleaseResult result;
  std::vector<net::Cidr> touched;
  for (const auto& [cidr, of_block] : by_block) {
    bool done = false;
    for (int attempt = 0; attempt < max_attempts && !done; back_off(attempt++)) {
      Draft draft(store_);
      api::Block* block = TRY(draft.block(cidr));
      if (block == nullptr) {
        for (const Claim& claim : of_block) result.unallocated.push_back(claim.ip);
        done = true;
        break;
      }
      const Released released = TRY(ipam::release(*block, of_block, view.cooldown(), clock_.wall()));
      if (released.count > 0) {
        draft.changed(cidr);
        for (const auto& [handle, count] : released.by_handle) TRY(draft.count(handle, cidr, -count));
        const auto written = store_.commit(draft.ops());
        if (!written && is_race(written.error())) continue;
        result.revision = TRY(written);
        touched.push_back(cidr);
      }
      for (const Claim& claim : of_block) {
        const auto& free = released.unallocated;
        const bool was_free = std::find(free.begin(), free.end(), claim.ip) != free.end();
        (was_free ? result.unallocated : result.released).push_back(claim.ip);
      }
      done = true;
    }
    if (!done) return std::unexpected(gave_up("releasing addresses of block " + to_string(cidr)));
  }
  TRY(drop_unselected(touched));
  return result;
}

Result<ReleaseResult> Ipam::release_handles(const std::vector<std::string>& handles, const AlsoRelease& also) {
  const View view = TRY(look(false));
  ReleaseResult result;
  std::vector<net::Cidr> touched;
  for (int attempt = 0; attempt < max_attempts; back_off(attempt++)) {
    Draft draft(store_);
    std::vector<net::Ip> released;
    std::vector<net::Cidr> blocks;
    bool more = false;
    for (const std::string& id : handles) {
      const api::Handle* handle = TRY(draft.handle(id));
      if (handle == nullptr) continue;
      const auto listed = handle->blocks;
      for (const auto& [text, count] : listed) {
        if ((more = more || blocks.size() >= blocks_per_transaction)) break;
        const net::Cidr cidr = TRY(within(net::Cidr::parse(text), api::handle_path(id)));
        api::Block* block = TRY(draft.block(cidr));
        // Whatever the handle counts for a block that is gone or no longer knows it: nothing is left there.
        TRY(draft.forget(id, cidr));
        if (block == nullptr) continue;
        const auto ordinals = ordinals_of(*block, id);
        if (ordinals.empty()) continue;
        for (const int ordinal : ordinals) released.push_back(address_at(*block, ordinal));
        release_handle(*block, id, view.cooldown(), clock_.wall());
        draft.changed(cidr);
        blocks.push_back(cidr);
      }
    }
    std::vector<store::Op> ops = draft.ops();
    if (!more && also) {
      for (store::Op& op : TRY(also())) ops.push_back(std::move(op));
    }
    if (!ops.empty()) {
      const auto written = store_.commit(ops);
      if (!written && is_race(written.error())) continue;
      result.revision = TRY(written);
    }
    result.released.insert(result.released.end(), released.begin(), released.end());
    touched.insert(touched.end(), blocks.begin(), blocks.end());
    if (more) continue;
    TRY(drop_unselected(touched));
    return result;
  }
  return std::unexpected(gave_up("releasing addresses of a handle"));
}

/// After a release: an empty block whose pool no longer selects the node that has it is given up.
Result<> Ipam::drop_unselected(std::span<const net::Cidr> blocks) {
  if (blocks.empty()) return {};
  const auto pools = TRY(read_pools(store_));
  for (const net::Cidr& cidr : blocks) {
    const auto stored = TRY(read_block(store_, cidr));
    const auto host = stored ? host_of(stored->block) : std::nullopt;
    const api::IpPool* pool = pool_of(pools, cidr, true);
    if (!host || pool == nullptr || !is_empty(stored->block)) continue;
    const auto labels = read_node_labels(store_, *host);
    if (!labels && labels.error().code != Code::not_found) return std::unexpected(labels.error());
    if (labels && selects_node(*pool, *labels)) continue;
    if (!labels) continue;  // a node that is gone is cleaned up as a whole
    TRY(release_block(store_, *host, cidr, {.must_be_empty = true}));
  }
  return {};
}

Result<std::vector<Holder>> Ipam::by_handle(const std::string& handle) {
  std::vector<Holder> holders;
  Draft draft(store_);
  const api::Handle* found = TRY(draft.handle(handle));
  if (found == nullptr) return holders;
  for (const auto& [text, count] : found->blocks) {
    const net::Cidr cidr = TRY(within(net::Cidr::parse(text), api::handle_path(handle)));
    const api::Block* block = TRY(draft.block(cidr));
    if (block == nullptr) continue;
    for (const int ordinal : ordinals_of(*block, handle))
      holders.push_back(holder_of(*block, ordinal, *attribute_of(*block, ordinal)));
  }
  return holders;
}

Result<std::optional<Holder>> Ipam::holder(const net::Ip& ip) {
  const net::Cidr cidr = TRY(block_of(ip, TRY(look(false))));
  const auto stored = TRY(read_block(store_, cidr));
  if (!stored) return std::optional<Holder>{};
  const int ordinal = *ordinal_of(stored->block, ip);
  const api::BlockAttribute* attribute = attribute_of(stored->block, ordinal);
  if (attribute == nullptr) return std::optional<Holder>{};
  return holder_of(stored->block, ordinal, *attribute);
}

Result<Ipam::GivenUp> Ipam::release_affinities(std::optional<std::string> node, std::optional<net::Cidr> range,
                                               bool must_be_empty) {
  GivenUp result;
  const std::string prefix = node ? "/calico/ipam/v2/host/" + *node + "/" : "/calico/ipam/v2/host/";
  const auto listing = TRY(store_.list(prefix));
  for (const store::Entry& entry : listing.entries) {
    const auto key = api::parse_affinity_key(entry.key);
    if (!key || (range && !range->contains(key->second))) continue;
    const Outcome outcome = TRY(release_block(store_, key->first, key->second, {.must_be_empty = must_be_empty}));
    if (outcome == Outcome::released) result.blocks.push_back(key->second);
    if (outcome == Outcome::not_empty) result.kept.push_back(key->second);
  }
  return result;
}

}  // namespace weft::ipam
