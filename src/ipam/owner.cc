#include "ipam/owner.h"

#include <fmt/core.h>

#include "ipam/block.h"
#include "ipam/config.h"
#include "ipam/draft.h"
#include "ipam/pools.h"

namespace weft::ipam {

namespace {

Result<> check(const OwnerUpdate& update, const ExpectedOwner& expected) {
  const auto contradict = [](std::string_view one, std::string_view other) {
    return fail(Code::invalid, fmt::format("cannot set both {} and {}: these are mutually exclusive", one, other));
  };
  if (update.clear_active && update.active) return contradict("ClearActiveOwner", "ActiveOwnerAttrs");
  if (update.clear_alternate && update.alternate) return contradict("ClearAlternateOwner", "AlternateOwnerAttrs");
  if (expected.active && expected.active_empty) return contradict("ExpectedActiveOwner", "VerifyActiveOwnerEmpty");
  if (expected.alternate && expected.alternate_empty)
    return contradict("ExpectedAlternateOwner", "VerifyAlternateOwnerEmpty");
  return {};
}

/// Replaces the attributes of an owner, if it is the one that was expected.
Result<> replace(Attributes& owner, const std::optional<Attributes>& with, bool clear,
                 const std::optional<ExpectedOwner::Pod>& pod, bool empty, std::string_view name) {
  if (!with && !clear) return {};
  const bool nobody = empty || (pod && pod->namespace_.empty() && pod->name.empty());
  const bool fits = nobody ? owner.empty()
                    : pod  ? owner.contains("pod") && owner.contains("namespace") && owner.at("pod") == pod->name &&
                                owner.at("namespace") == pod->namespace_
                          : true;
  if (!fits)
    return fail(Code::conflict, fmt::format("update conflict: cannot set {}: expected pod={} namespace={} but found "
                                            "pod={} namespace={}",
                                            name, pod ? pod->name : "", pod ? pod->namespace_ : "",
                                            text_of(owner, "pod"), text_of(owner, "namespace")));
  owner = with.value_or(Attributes());
  return {};
}

}  // namespace

std::string text_of(const Attributes& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? std::string() : found->second;
}

Result<> set_owner(store::Store& store, const net::Ip& ip, const std::string& handle, const OwnerUpdate& update,
                   const ExpectedOwner& expected, const Clock& clock) {
  TRY(check(update, expected));
  const auto pools = TRY(read_pools(store));
  const api::IpPool* pool = pool_of(pools, net::Cidr::host(ip), true);
  if (pool == nullptr)
    return fail(Code::invalid, fmt::format("the provided IP address {} is not in a configured pool", to_string(ip)));
  const std::chrono::seconds cooldown(TRY(read_config(store)).ip_cooldown_seconds);
  const net::Cidr cidr(ip, pool->spec.block_size);
  for (int attempt = 0; attempt < max_attempts; back_off(attempt++)) {
    Draft draft(store);
    api::Block* block = TRY(draft.block(cidr));
    if (block == nullptr) return fail(Code::not_found, fmt::format("block {}: not there", to_string(cidr)));
    settle(*block, cooldown, clock.wall());
    const auto index = block->allocations[static_cast<std::size_t>(*ordinal_of(*block, ip))];
    if (!index) return fail(Code::not_found, fmt::format("address {} is not assigned", to_string(ip)));
    api::BlockAttribute& owner = (*block->attributes)[static_cast<std::size_t>(*index)];
    if (!owner.handle_id || handle_of(owner) != handle)
      return fail(Code::invalid, fmt::format("IP {} is not assigned to handle {}", to_string(ip), handle));
    // All or nothing: the second may not fit.
    api::BlockAttribute changed = owner;
    TRY(replace(changed.secondary, update.active, update.clear_active, expected.active, expected.active_empty,
                "ActiveOwnerAttrs"));
    TRY(replace(changed.alternate, update.alternate, update.clear_alternate, expected.alternate,
                expected.alternate_empty, "AlternateOwnerAttrs"));
    owner = std::move(changed);
    draft.changed(cidr);
    const auto written = store.commit(draft.ops());
    if (written) return {};
    if (!is_race(written.error())) return std::unexpected(written.error());
  }
  return fail(Code::conflict,
              fmt::format("address {}: its block was changed by others again and again", to_string(ip)));
}

}  // namespace weft::ipam
