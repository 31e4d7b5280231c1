#include "ipam/attempt.h"

#include <algorithm>

#include <fmt/core.h>

#include "api/codec.h"
#include "base/log.h"
#include "ipam/pools.h"

namespace weft::ipam {

namespace {

constexpr int default_max_blocks = 20;
constexpr auto abandoned_after = std::chrono::seconds(60);
constexpr std::size_t single_reads = 32;

std::string blocks_prefix(net::Family family) {
  return family == net::Family::v4 ? "/calico/ipam/v2/assignment/ipv4/block/"
                                   : "/calico/ipam/v2/assignment/ipv6/block/";
}

const char* name_of(net::Family family) { return family == net::Family::v4 ? "IPv4" : "IPv6"; }

}  // namespace

bool Ipam::View::is_reserved(const net::Ip& ip) const {
  return std::any_of(reservations.begin(), reservations.end(),
                     [&](const net::Cidr& range) { return range.contains(ip); });
}

const net::Cidr* Ipam::View::reserved_whole(const net::Cidr& block) const {
  for (const net::Cidr& range : reservations)
    if (range.contains(block)) return &range;
  return nullptr;
}

Ipam::Attempt::Attempt(store::Store& store, const Clock& clock, const View& view, const AssignRequest& request,
                       Draft& draft)
    : store_(store), clock_(clock), view_(view), request_(request), draft_(draft) {}

Result<> Ipam::Attempt::take(net::Family family, const AssignRequest::Wanted& wanted, const api::Labels& node_labels) {
  TRY(choose(family, wanted, node_labels));
  const std::size_t before = taken_.size();

  TRY(take_from_own());
  while (missing_ > 0) {
    TRY(check_limits());
    if (!TRY(claim_free()) && !TRY(claim_abandoned())) break;
  }
  if (missing_ > 0 && !view_.config.strict_affinity) TRY(borrow());

  if (taken_.size() > before) return {};
  return fail(Code::exhausted, fmt::format("no free {} address for node {} in {} IP pool(s)", name_of(family),
                                           request_.node, pools_.size()));
}

Result<> Ipam::Attempt::own_a_block(net::Family family, const AssignRequest::Wanted& wanted,
                                    const api::Labels& node_labels) {
  TRY(choose(family, wanted, node_labels));
  TRY(take_from_own());
  if (own_blocks_ > 0) return {};
  missing_ = 0;  // a block, but no address
  if (TRY(claim_free()) || TRY(claim_abandoned())) return {};
  return fail(Code::exhausted, fmt::format("no free {} block for node {} in {} IP pool(s)", name_of(family),
                                           request_.node, pools_.size()));
}

Result<> Ipam::Attempt::choose(net::Family family, const AssignRequest::Wanted& wanted,
                               const api::Labels& node_labels) {
  family_ = family;
  missing_ = wanted.count;
  own_.clear();
  own_blocks_ = 0;
  all_.reset();
  pools_ = TRY(choose_pools(view_.pools, {.family = family,
                                          .pools = wanted.pools,
                                          .use = request_.use,
                                          .node_labels = node_labels,
                                          .namespace_labels = request_.namespace_labels}));
  return list_own_blocks(node_labels);
}

Result<> Ipam::Attempt::list_own_blocks(const api::Labels& node_labels) {
  const auto listing = TRY(store_.list(api::affinity_prefix(request_.node, family_)));
  for (const store::Entry& entry : listing.entries) {
    const auto key = api::parse_affinity_key(entry.key);
    if (!key || key->first != request_.node) continue;
    const net::Cidr& cidr = key->second;
    if (pool_of(pools_, cidr, true) != nullptr) {
      own_.emplace_back(cidr, entry);
      continue;
    }
    const api::IpPool* pool = pool_of(view_.pools, cidr, true);
    if (pool == nullptr || selects_node(*pool, node_labels)) continue;
    TRY(release_block(store_, request_.node, cidr, {.must_be_empty = true}));
  }
  return {};
}

Result<> Ipam::Attempt::take_from_own() {
  own_blocks_ = own_.size();
  for (auto& [cidr, entry] : own_) {
    if (!TRY(claim(cidr, entry)))
      --own_blocks_;
    else if (missing_ == 0)
      break;
  }
  return {};
}

Result<> Ipam::Attempt::check_limits() const {
  if (!view_.config.auto_allocate_blocks)
    return fail(Code::exhausted, fmt::format("blocks of node {} have no free {} address, and autoAllocateBlocks is off",
                                             request_.node, name_of(family_)));
  const int configured = view_.config.max_blocks_per_host;
  int limit = default_max_blocks;
  if (configured > 0 && request_.max_blocks > 0)
    limit = std::min(configured, request_.max_blocks);
  else if (configured > 0 || request_.max_blocks > 0)
    limit = std::max(configured, request_.max_blocks);
  if (own_blocks_ < static_cast<std::size_t>(limit)) return {};
  return fail(Code::exhausted, fmt::format("node {} has {} {} blocks, and may have no more", request_.node, own_blocks_,
                                           name_of(family_)));
}

Result<bool> Ipam::Attempt::claim(const net::Cidr& cidr, std::optional<store::Entry> known) {
  tried_.insert(cidr);
  const bool is_known = known.has_value();
  auto stored = claim_block(store_, request_.node, cidr, clock_, std::move(known));
  if (!stored) {
    const Code code = stored.error().code;
    if (code != Code::conflict && code != Code::invalid) return std::unexpected(stored.error());
    // Somebody else's by now, or not readable: there are other blocks.
    log::debug("block is not ours to use", {{"block", to_string(cidr)}, {"error", stored.error().message}});
    return false;
  }
  if (!is_known) ++own_blocks_;
  TRY(take_from(*draft_.adopt(std::move(*stored))));
  return true;
}

Result<> Ipam::Attempt::take_from(api::Block& block) {
  if (missing_ == 0) return {};
  settle(block, view_.cooldown(), clock_.wall());
  const auto ips = allocate(block, missing_, request_.owner, [&](const net::Ip& ip) { return view_.is_reserved(ip); });
  if (ips.empty()) return {};
  missing_ -= static_cast<int>(ips.size());
  draft_.changed(block.cidr);
  for (const net::Ip& ip : ips) taken_.push_back({ip, block.cidr});
  return draft_.count(request_.owner.handle, block.cidr, static_cast<int>(ips.size()));
}

BlockWalk Ipam::Attempt::walk(const api::IpPool& pool) const {
  const auto now = std::chrono::nanoseconds(clock_.wall().time_since_epoch()).count();
  return {pool.spec.cidr, pool.spec.block_size, walk_seed(request_.node, family_, pool.spec.block_size, now)};
}

Result<const std::map<net::Cidr, store::Entry>*> Ipam::Attempt::all_blocks() {
  if (!all_) {
    auto listing = TRY(store_.list(blocks_prefix(family_)));
    all_.emplace();
    for (store::Entry& entry : listing.entries)
      if (const auto cidr = api::parse_block_key(entry.key)) all_->emplace(*cidr, std::move(entry));
  }
  return &*all_;
}

Result<const store::Entry*> Ipam::Attempt::look_at(const net::Cidr& cidr) {
  if (!all_ && seen_.size() < single_reads) {
    auto found = seen_.find(cidr);
    if (found == seen_.end()) found = seen_.emplace(cidr, TRY(store_.get(api::block_path(cidr)))).first;
    return found->second ? &*found->second : nullptr;
  }
  const auto* all = TRY(all_blocks());
  const auto found = all->find(cidr);
  return found == all->end() ? nullptr : &found->second;
}

Result<bool> Ipam::Attempt::claim_free() {
  for (const api::IpPool& pool : pools_) {
    const BlockWalk walk = this->walk(pool);
    for (Wide position = 0; !walk.at_end(position);) {
      const net::Cidr cidr = walk.at(position);
      if (const net::Cidr* range = view_.reserved_whole(cidr)) {
        position = walk.after(position, *range);
        continue;
      }
      ++position;
      if (tried_.contains(cidr)) continue;
      if (const store::Entry* entry = TRY(look_at(cidr))) {
        const auto stored = decode_block(*entry);
        const bool ours = stored && stored->block.affinity == affinity_of(request_.node) &&
                          has_free(stored->block, [&](const net::Ip& ip) { return view_.is_reserved(ip); });
        if (!ours) continue;
      }
      if (TRY(claim(cidr))) return true;
    }
  }
  return false;
}

Result<bool> Ipam::Attempt::claim_abandoned() {
  const auto* all = TRY(all_blocks());
  for (const api::IpPool& pool : pools_) {
    const BlockWalk walk = this->walk(pool);
    std::vector<std::pair<Wide, StoredBlock>> empty;
    for (const auto& [cidr, entry] : *all) {
      if (!pool.spec.cidr.contains(cidr) || view_.reserved_whole(cidr) != nullptr) continue;
      auto stored = decode_block(entry);
      const auto host = stored ? host_of(stored->block) : std::nullopt;
      if (!host || *host == request_.node || !is_empty(stored->block)) continue;
      const auto since = from_rfc3339(stored->block.affinity_claim_time.value_or(""));
      if (since && *since + abandoned_after > clock_.wall()) continue;
      empty.emplace_back(walk.position_of(cidr), std::move(*stored));
    }
    std::sort(empty.begin(), empty.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [position, stored] : empty) {
      const ReleaseRule rule{.must_be_empty = true, .sequence = stored.block.sequence_number};
      const auto outcome = TRY(release_block(store_, *host_of(stored.block), stored.block.cidr, rule));
      if (outcome == Outcome::released && TRY(claim(stored.block.cidr))) return true;
    }
  }
  return false;
}

Result<> Ipam::Attempt::borrow() {
  const auto* all = TRY(all_blocks());
  for (const api::IpPool& pool : pools_) {
    const BlockWalk walk = this->walk(pool);
    std::vector<std::pair<Wide, net::Cidr>> blocks;
    for (const auto& [cidr, entry] : *all)
      if (pool.spec.cidr.contains(cidr)) blocks.emplace_back(walk.position_of(cidr), cidr);
    std::sort(blocks.begin(), blocks.end());
    for (const auto& [position, cidr] : blocks) {
      auto stored = decode_block(all->at(cidr));
      if (!stored) continue;
      TRY(take_from(*draft_.adopt(std::move(*stored))));
      if (missing_ == 0) return {};
    }
  }
  return {};
}

}  // namespace weft::ipam
