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

std::optional<net::Cidr> Ipam::View::reserved_whole(const net::Cidr& block) const {
  for (const net::Cidr& range : reservations)
    if (range.contains(block)) return range;
  if (reservations.size() < 2) return std::nullopt;
  return covered(block, reservations) == size_of(block) ? std::optional(block) : std::nullopt;
}

Ipam::Attempt::Attempt(store::Store& store, const Clock& clock, const View& view, const AssignRequest& request,
                       Draft& draft)
    : store_(store),
      clock_(clock),
      view_(view),
      request_(request),
      draft_(draft),
      who_(request.node, request.use == "LoadBalancer" ? "virtual" : "host") {}

Result<> Ipam::Attempt::take(net::Family family, const AssignRequest::Wanted& wanted) {
  TRY(choose(family, wanted));
  TRY(take_from_own());
  while (missing_ > 0 && !draft_.is_full()) {
    TRY(check_limits());
    if (!TRY(claim_free()) && !TRY(claim_abandoned())) break;
  }
  if (missing_ > 0 && !view_.config.strict_affinity) TRY(borrow());
  return {};
}

Result<net::Cidr> Ipam::Attempt::own_a_block(net::Family family, const AssignRequest::Wanted& wanted) {
  TRY(choose(family, wanted));
  TRY(take_from_own());
  if (newest_) return *newest_;
  if (!view_.config.auto_allocate_blocks)
    return fail(Code::exhausted,
                fmt::format("node {} has no {} block, and autoAllocateBlocks is off", request_.node, name_of(family)));
  if (TRY(claim_free()) || TRY(claim_abandoned())) return *newest_;
  return fail(Code::exhausted, fmt::format("no free {} block for node {} in {} IP pool(s)", name_of(family),
                                           request_.node, pools_.size()));
}

Result<> Ipam::Attempt::choose(net::Family family, const AssignRequest::Wanted& wanted) {
  family_ = family;
  wanted_ = missing_ = wanted.count;
  own_.clear();
  newest_.reset();
  own_blocks_ = 0;
  all_.reset();
  const auto labels = who_.is_virtual() ? api::Labels() : TRY(read_node_labels(store_, request_.node));
  pools_ = TRY(choose_pools(view_.pools, {.family = family,
                                          .pools = wanted.pools,
                                          .use = request_.use,
                                          .node_labels = labels,
                                          .namespace_labels = request_.namespace_labels,
                                          .kept_back = request_.reserved}));
  return list_own_blocks(labels);
}

Result<> Ipam::Attempt::list_own_blocks(const api::Labels& node_labels) {
  const auto listing = TRY(store_.list(api::affinity_prefix(who_.host, family_, who_.type)));
  for (const store::Entry& entry : listing.entries) {
    const auto key = api::parse_affinity_key(entry.key, who_.type);
    if (!key || key->first != who_.host) continue;
    const net::Cidr& cidr = key->second;
    if (pool_of(pools_, cidr, true) != nullptr) {
      own_.emplace_back(cidr, entry);
      continue;
    }
    const api::IpPool* pool = pool_of(view_.pools, cidr, true);
    if (pool == nullptr || selects_node(*pool, node_labels)) continue;
    (void)TRY(release_block(store_, who_, cidr, {.must_be_empty = true, .cooldown = view_.cooldown()}, clock_));
  }
  return {};
}

Result<> Ipam::Attempt::take_from_own() {
  own_blocks_ = own_.size();
  for (auto& [cidr, entry] : own_) {
    if (view_.reserved_whole(cidr)) continue;
    if (!TRY(claim(cidr, entry)))
      --own_blocks_;
    else if (missing_ == 0 || draft_.is_full())
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
  return fail(Code::exhausted, fmt::format("cannot allocate new block due to per host block limit: {} has {} {} blocks",
                                           request_.node, own_blocks_, name_of(family_)));
}

Result<bool> Ipam::Attempt::claim(const net::Cidr& cidr, std::optional<store::Entry> known) {
  tried_.insert(cidr);
  const bool is_known = known.has_value();
  const HostReserved* reserved = request_.reserved ? &*request_.reserved : nullptr;
  auto stored = claim_block(store_, who_, cidr, clock_, std::move(known), reserved);
  if (!stored) {
    const Code code = stored.error().code;
    if (code != Code::conflict && code != Code::invalid) return std::unexpected(stored.error());
    // Somebody else's by now, or not readable: there are other blocks.
    log::debug("block is not ours to use", {{"block", to_string(cidr)}, {"error", stored.error().message}});
    return false;
  }
  if (!is_known) ++own_blocks_;
  newest_ = cidr;
  TRY(take_from(*draft_.adopt(std::move(*stored))));
  return true;
}

Result<bool> Ipam::Attempt::claim_new(const net::Cidr& cidr) {
  const int before = missing_;
  if (!TRY(claim(cidr))) return false;
  if (before == 0 || missing_ < before) return true;
  // Another process of this node was faster, or there never was one for us.
  if (!is_empty(*TRY(draft_.block(cidr)))) return false;
  return fail(Code::exhausted,
              fmt::format("block {} has no address for {}: all are reserved", to_string(cidr), who_.host));
}

Result<bool> Ipam::Attempt::take_again() {
  const std::string& id = request_.owner.handle;
  if (request_.max_per_handle <= 0 || id.empty()) return false;
  const api::Handle* handle = TRY(draft_.handle(id));
  int held = 0;
  std::vector<Assigned> theirs;
  const auto blocks = handle != nullptr ? handle->blocks : std::map<std::string, int>();
  for (const auto& [text, count] : blocks) {
    const auto cidr = net::Cidr::parse(text);
    if (!cidr || cidr->family() != family_) continue;
    held += count;
    const api::Block* block = TRY(draft_.block(*cidr));
    if (block == nullptr) continue;
    for (const int ordinal : ordinals_of(*block, id)) {
      const net::Ip ip = address_at(*block, ordinal);
      theirs.push_back({ip, net::Cidr::host(ip)});
    }
  }
  if (held + missing_ <= request_.max_per_handle) return false;
  if (static_cast<int>(theirs.size()) < wanted_)
    return fail(Code::exists, fmt::format("handle {} has {} {} address(es) of {} that it may have, and {} are wanted",
                                          id, theirs.size(), name_of(family_), request_.max_per_handle, wanted_));
  theirs.resize(static_cast<std::size_t>(wanted_));
  std::erase_if(taken_, [&](const Assigned& each) { return each.ip.family() == family_; });
  taken_.insert(taken_.end(), theirs.begin(), theirs.end());
  missing_ = 0;
  return true;
}

Result<> Ipam::Attempt::take_from(api::Block& block) {
  if (missing_ == 0) return {};
  settle(block, view_.cooldown(), clock_.wall());
  const auto is_reserved = [&](const net::Ip& ip) { return view_.is_reserved(ip); };
  if (!has_free(block, is_reserved) || TRY(take_again())) return {};
  const auto ips = allocate(block, missing_, request_.owner, is_reserved);
  missing_ -= static_cast<int>(ips.size());
  draft_.changed(block.cidr);
  for (const net::Ip& ip : ips) taken_.push_back({ip, block.cidr});
  return draft_.count(request_.owner.handle, block.cidr, static_cast<int>(ips.size()));
}

BlockWalk Ipam::Attempt::walk(const api::IpPool& pool) const {
  const auto now = std::chrono::nanoseconds(clock_.wall().time_since_epoch()).count();
  return {pool.spec.cidr, pool.spec.block_size, walk_seed(who_.host, family_, pool.spec.block_size, now)};
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
      if (const auto range = view_.reserved_whole(cidr)) {
        position = walk.after(position, *range);
        continue;
      }
      ++position;
      if (tried_.contains(cidr)) continue;
      if (const store::Entry* entry = TRY(look_at(cidr))) {
        auto stored = decode_block(*entry);
        if (!stored || stored->block.affinity != to_string(who_)) continue;
        settle(stored->block, view_.cooldown(), clock_.wall());
        if (!has_free(stored->block, [&](const net::Ip& ip) { return view_.is_reserved(ip); })) continue;
      }
      if (TRY(claim_new(cidr))) return true;
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
      if (!pool.spec.cidr.contains(cidr) || view_.reserved_whole(cidr)) continue;
      auto stored = decode_block(entry);
      const auto other = stored ? affinity_of(stored->block) : std::nullopt;
      if (!other || *other == who_) continue;
      settle(stored->block, view_.cooldown(), clock_.wall());
      if (!is_empty(stored->block) ||
          !has_free(stored->block, [&](const net::Ip& ip) { return view_.is_reserved(ip); }))
        continue;
      const auto since = from_rfc3339(stored->block.affinity_claim_time.value_or(""));
      if (since && *since + abandoned_after > clock_.wall()) continue;
      empty.emplace_back(walk.position_of(cidr), std::move(*stored));
    }
    std::sort(empty.begin(), empty.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [position, stored] : empty) {
      const ReleaseRule rule{
          .must_be_empty = true, .sequence = stored.block.sequence_number, .cooldown = view_.cooldown()};
      const auto outcome = TRY(release_block(store_, *affinity_of(stored.block), stored.block.cidr, rule, clock_));
      if (outcome == Outcome::released && TRY(claim_new(stored.block.cidr))) return true;
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
      if (pool.spec.cidr.contains(cidr) && !view_.reserved_whole(cidr))
        blocks.emplace_back(walk.position_of(cidr), cidr);
    std::sort(blocks.begin(), blocks.end());
    for (const auto& [position, cidr] : blocks) {
      auto stored = decode_block(all->at(cidr));
      if (!stored) continue;
      TRY(take_from(*draft_.adopt(std::move(*stored))));
      if (missing_ == 0 || draft_.is_full()) return {};
    }
  }
  return {};
}

}  // namespace weft::ipam
