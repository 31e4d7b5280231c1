#include "ipam/ipam.h"

#include <algorithm>

#include "api/codec.h"
#include "ipam/attempt.h"
#include "ipam/config.h"
#include "ipam/pools.h"

namespace weft::ipam {

namespace {

Holder holder_of(const api::Block& block, int ordinal, const api::BlockAttribute& attribute) {
  const auto sequence = block.sequence_number_for_allocation.find(ordinal);
  return {.ip = address_at(block, ordinal),
          .block = block.cidr,
          .affinity = block.affinity,
          .handle = handle_of(attribute),
          .attributes = attribute.secondary,
          .alternate = attribute.alternate,
          .released_at = attribute.released_at,
          .sequence = sequence == block.sequence_number_for_allocation.end() ? 0 : sequence->second};
}

Result<std::vector<store::Op>> ops_of(const Draft& draft, const AlsoWrite& also, std::span<const Assigned> addresses) {
  std::vector<store::Op> ops = draft.ops();
  if (also) {
    for (store::Op& op : TRY(also(addresses))) ops.push_back(std::move(op));
  }
  return ops;
}

}  // namespace

/// What an attempt for one family came to; an error may come after some were taken.
struct Ipam::Taken {
  std::vector<Assigned> addresses;
  std::optional<Error> error;
  bool more = false;  // there may be more that did not go into the transaction
};

Result<Ipam::View> Ipam::look(bool with_reservations) {
  View view;
  view.config = TRY(read_config(recall_));
  view.pools = TRY(read_pools(recall_));
  if (with_reservations) view.reservations = TRY(read_reservations(recall_));
  return view;
}

Result<> Ipam::check_once(const auto& request, Draft& draft) {
  const std::string& id = request.owner.handle;
  if (!request.once) return {};
  const api::Handle* handle = TRY(draft.handle(id));
  if (handle == nullptr || handle->blocks.empty()) return {};
  return fail(Code::exists, fmt::format("handle {} already has addresses", id));
}

Result<std::optional<store::Revision>> Ipam::write(std::vector<store::Op> ops) {
  const auto written = recall_.finish(ops);
  if (!written && is_race(written.error())) return std::optional<store::Revision>{};
  return TRY(written);
}

Result<Assignment> Ipam::assign(const AssignRequest& request) {
  const std::lock_guard lock(mutex_);
  return persist<Assignment>("assigning an address to node " + request.node, [&] { return try_assign(request); });
}

Result<std::optional<Assignment>> Ipam::try_assign(const AssignRequest& request) {
  if (request.first) TRY(request.first(recall_));
  const std::string handle = api::handle_path(request.owner.handle);
  if (request.max_per_handle == 0) recall_.suppose_absent(handle);
  const View view = TRY(look(true));
  Draft draft(recall_);
  TRY(check_once(request, draft));
  Attempt search(recall_, clock_, view, request, draft);
  for (const auto& [family, wanted] :
       {std::pair(net::Family::v4, &request.v4), std::pair(net::Family::v6, &request.v6)}) {
    if (wanted->count <= 0) continue;
    const std::size_t before = search.taken().size();
    TRY(search.take(family, *wanted));
    if (search.taken().size() == before)
      return fail(Code::exhausted, fmt::format("no free {} address for node {} in its IP pools",
                                               family == net::Family::v4 ? "IPv4" : "IPv6", request.node));
  }
  const auto written = TRY(write(TRY(ops_of(draft, request.also, search.taken()))));
  recall_.forget(handle);
  if (!written) return std::optional<Assignment>{};
  return Assignment{search.taken(), *written};
}

Shares Ipam::assign_what_there_is(const AssignRequest& request) {
  const std::lock_guard lock(mutex_);
  Shares shares;
  for (const auto family : {net::Family::v4, net::Family::v6}) {
    AssignRequest rest = request;
    auto& wanted = family == net::Family::v4 ? rest.v4 : rest.v6;
    if (wanted.count == 0) continue;
    const int all = wanted.count;
    auto& share = family == net::Family::v4 ? shares.v4 : shares.v6;
    bool more = true;
    while (more) {  // in parts, where they lie in more blocks than go into one transaction
      auto taken = persist<Taken>("assigning an address to node " + rest.node, [&] { return try_take(rest, family); });
      if (!taken) {
        shares.error = taken.error();
        return shares;
      }
      if (!share) share = Share{all, {}};
      share->addresses.insert(share->addresses.end(), taken->addresses.begin(), taken->addresses.end());
      wanted.count -= static_cast<int>(taken->addresses.size());
      more = taken->more && wanted.count > 0;
      shares.error = taken->error;
      if (shares.error) return shares;
    }
  }
  return shares;
}

Result<std::optional<Ipam::Taken>> Ipam::try_take(const AssignRequest& request, net::Family family) {
  const std::string handle = api::handle_path(request.owner.handle);
  if (request.max_per_handle == 0) recall_.suppose_absent(handle);
  const View view = TRY(look(true));
  Draft draft(recall_);
  Attempt search(recall_, clock_, view, request, draft);
  const auto outcome = search.take(family, family == net::Family::v4 ? request.v4 : request.v6);
  if (!outcome && (recall_.warm() || search.taken().empty())) return std::unexpected(outcome.error());
  const auto written = TRY(write(draft.ops()));
  recall_.forget(handle);
  if (!written) return std::optional<Taken>{};
  return Taken{search.taken(), outcome ? std::nullopt : std::optional(outcome.error()), draft.is_full()};
}

Result<net::Cidr> Ipam::ensure_block(const std::string& node, net::Family family, const std::vector<std::string>& pools,
                                     std::optional<HostReserved> reserved) {
  const std::lock_guard lock(mutex_);
  recall_.begin(false);
  const View view = TRY(look(true));
  const AssignRequest request{.node = node, .reserved = std::move(reserved)};
  Draft draft(recall_);
  return Attempt(recall_, clock_, view, request, draft).own_a_block(family, {.count = 0, .pools = pools});
}

Result<Assignment> Ipam::assign_ips(const AssignIpRequest& request) {
  const std::lock_guard lock(mutex_);
  return persist<Assignment>("assigning requested addresses to node " + request.node,
                             [&] { return try_assign_ips(request); });
}

Result<std::optional<Assignment>> Ipam::try_assign_ips(const AssignIpRequest& request) {
  if (request.first) TRY(request.first(recall_));
  const std::string handle = api::handle_path(request.owner.handle);
  if (request.max_per_handle == 0) recall_.suppose_absent(handle);
  const View view = TRY(look(false));
  Draft draft(recall_);
  TRY(check_once(request, draft));
  std::vector<Assigned> taken;
  for (const net::Ip& ip : request.ips) TRY(take_one(request, view, draft, ip, taken));
  if (taken.size() < request.ips.size()) return std::optional<Assignment>{};
  const auto written = TRY(write(TRY(ops_of(draft, request.also, taken))));
  recall_.forget(handle);
  if (!written) return std::optional<Assignment>{};
  return Assignment{std::move(taken), *written};
}

/// Adds nothing to `taken` when somebody else claimed the block just now.
Result<> Ipam::take_one(const AssignIpRequest& request, const View& view, Draft& draft, const net::Ip& ip,
                        std::vector<Assigned>& taken) {
  const std::string text = to_string(ip);
  const api::IpPool* pool = pool_of(view.pools, net::Cidr::host(ip), true);
  if (pool == nullptr) return fail(Code::invalid, fmt::format("address {} is in no enabled IP pool", text));
  const auto& uses = pool->spec.allowed_uses;
  if (!request.use.empty() && std::find(uses.begin(), uses.end(), request.use) == uses.end())
    return fail(Code::invalid,
                fmt::format("address {}: IP pool {} is not for use {}", text, pool->metadata.name, request.use));

  const Affinity who(request.node, request.use == "LoadBalancer" ? "virtual" : "host");
  const net::Cidr cidr(ip, pool->spec.block_size);
  api::Block* block = TRY(draft.block(cidr));
  if (block == nullptr) {
    auto claimed =
        claim_block(recall_, who, cidr, clock_, std::nullopt, request.reserved ? &*request.reserved : nullptr);
    if (!claimed && claimed.error().code == Code::conflict) return {};
    block = draft.adopt(TRY(std::move(claimed)));
  }
  if (view.config.strict_affinity && block->affinity != to_string(who))
    return fail(Code::invalid, fmt::format("address {}: block {} belongs to {} and affinity is strict", text,
                                           to_string(cidr), block->affinity.value_or("nobody")));
  settle(*block, view.cooldown(), clock_.wall());
  const std::string& id = request.owner.handle;
  if (request.max_per_handle > 0 && !id.empty()) {
    const auto* attribute = attribute_of(*block, *ordinal_of(*block, ip));
    if (attribute != nullptr && attribute->handle_id && handle_of(*attribute) == id) {
      taken.push_back({ip, cidr});
      return {};
    }
    const api::Handle* handle = TRY(draft.handle(id));
    int held = 0;
    for (const auto& [key, count] : handle != nullptr ? handle->blocks : std::map<std::string, int>())
      held += (key.find(':') == key.npos) == ip.is_v4() ? count : 0;
    if (attribute == nullptr && held + 1 > request.max_per_handle)
      return fail(Code::exists,
                  fmt::format("handle {} already has IP(s) allocated, cannot assign additional IP {}", id, text));
  }
  TRY(allocate_one(*block, ip, request.owner));
  draft.changed(cidr);
  TRY(draft.count(id, cidr, 1));
  taken.push_back({ip, cidr});
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
  const std::lock_guard lock(mutex_);
  recall_.begin(false);
  const View view = TRY(look(false));
  const net::Cidr cidr = TRY(block_of(ip, view));
  auto stored = TRY(read_block(store_, cidr));
  if (!stored) return std::optional<Holder>{};
  settle(stored->block, view.cooldown(), clock_.wall());
  const int ordinal = *ordinal_of(stored->block, ip);
  const api::BlockAttribute* attribute = attribute_of(stored->block, ordinal);
  if (attribute == nullptr) return std::optional<Holder>{};
  return holder_of(stored->block, ordinal, *attribute);
}

}  // namespace weft::ipam
