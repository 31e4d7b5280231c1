#include "ipam/block.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/strings.h"

namespace weft::ipam {

namespace {

std::size_t size_of(const net::Cidr& cidr) { return std::size_t{1} << (net::bits_of(cidr.family()) - cidr.length()); }

std::vector<api::BlockAttribute>& attributes_of(api::Block& block) {
  if (!block.attributes) block.attributes.emplace();
  return *block.attributes;
}

/// Index of an attribute equal to this one, added when there is none.
int index_of(api::Block& block, const api::BlockAttribute& attribute) {
  auto& attributes = attributes_of(block);
  const auto found = std::find(attributes.begin(), attributes.end(), attribute);
  if (found != attributes.end()) return static_cast<int>(found - attributes.begin());
  attributes.push_back(attribute);
  return static_cast<int>(attributes.size()) - 1;
}

api::BlockAttribute attribute_for(const Owner& owner) {
  api::BlockAttribute attribute;
  if (!owner.handle.empty()) attribute.handle_id = owner.handle;
  attribute.secondary = owner.attributes;
  return attribute;
}

void collect_attributes(api::Block& block) {
  if (!block.attributes) return;
  std::vector<int> moved(block.attributes->size(), -1);
  std::vector<bool> used(block.attributes->size());
  for (const auto& index : block.allocations)
    if (index) used[static_cast<std::size_t>(*index)] = true;

  std::vector<api::BlockAttribute> kept;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    moved[i] = static_cast<int>(kept.size());
    kept.push_back(std::move((*block.attributes)[i]));
  }
  *block.attributes = std::move(kept);
  for (auto& index : block.allocations)
    if (index) index = moved[static_cast<std::size_t>(*index)];
}

void mark(api::Block& block, int ordinal, int attribute) {
  block.allocations[static_cast<std::size_t>(ordinal)] = attribute;
  block.sequence_number_for_allocation[ordinal] = block.sequence_number;
}

std::uint64_t sequence_of(const api::Block& block, int ordinal) {
  const auto found = block.sequence_number_for_allocation.find(ordinal);
  return found == block.sequence_number_for_allocation.end() ? 0 : found->second;
}

}  // namespace

api::Block new_block(const net::Cidr& cidr, std::string affinity, Time now, const HostReserved* reserved) {
  api::Block block;
  block.cidr = cidr;
  block.affinity = std::move(affinity);
  block.affinity_claim_time = to_rfc3339(now);
  block.allocations.resize(size_of(cidr));
  const int size = static_cast<int>(size_of(cidr));
  const int first = reserved ? std::clamp(reserved->at_start, 0, size) : 0;
  const int end = reserved ? std::clamp(size - reserved->at_end, first, size) : size;
  for (int i = 0; i < size; ++i) {
    if (i >= first && i < end)
      block.unallocated.push_back(i);
    else
      block.allocations[static_cast<std::size_t>(i)] = 0;
  }
  if (end - first < size) {
    api::BlockAttribute attribute;
    attribute.handle_id = reserved->handle;
    attribute.secondary = {{"note", reserved->note}};
    block.attributes = {{attribute}};
  }
  block.sequence_number = static_cast<std::uint64_t>(now.time_since_epoch().count());
  return block;
}

Result<> verify(const api::Block& block) {
  const auto bad = [&](std::string_view what) {
    return fail(Code::invalid, fmt::format("block {}: {}", to_string(block.cidr), what));
  };
  if (net::bits_of(block.cidr.family()) - block.cidr.length() > 16) return bad("cidr: holds more than 65536 addresses");
  if (block.allocations.size() != size_of(block.cidr))
    return bad("allocations: not as many as the block has addresses");
  const std::size_t attributes = block.attributes ? block.attributes->size() : 0;
  for (const auto& index : block.allocations)
    if (index && (*index < 0 || static_cast<std::size_t>(*index) >= attributes))
      return bad("allocations: index without attribute");
  std::vector<bool> free(block.allocations.size());
  for (const int ordinal : block.unallocated) {
    if (ordinal < 0 || static_cast<std::size_t>(ordinal) >= free.size()) return bad("unallocated: outside the block");
    if (free[static_cast<std::size_t>(ordinal)]) return bad(fmt::format("unallocated: {} is there twice", ordinal));
    if (block.allocations[static_cast<std::size_t>(ordinal)])
      return bad(fmt::format("unallocated: {} is allocated", ordinal));
    free[static_cast<std::size_t>(ordinal)] = true;
  }
  return {};
}

net::Ip address_at(const api::Block& block, int ordinal) {
  return block.cidr.ip().plus(static_cast<std::uint64_t>(ordinal));
}

std::optional<int> ordinal_of(const api::Block& block, const net::Ip& ip) {
  if (!block.cidr.contains(ip)) return std::nullopt;
  return static_cast<int>(ip.minus(block.cidr.ip()));
}

void settle(api::Block& block, std::chrono::seconds cooldown, Time now) {
  for (int ordinal = 0; ordinal < static_cast<int>(block.allocations.size()); ++ordinal) {
    const auto* attribute = attribute_of(block, ordinal);
    if (attribute == nullptr || !is_cooling(*attribute)) continue;
    const auto since = from_rfc3339(*attribute->released_at);
    if (since && *since + cooldown > now) continue;
    block.allocations[static_cast<std::size_t>(ordinal)].reset();
    block.unallocated.push_back(ordinal);
    block.sequence_number_for_allocation.erase(ordinal);
  }
  collect_attributes(block);
}

std::vector<net::Ip> allocate(api::Block& block, int count, const Owner& owner,
                              const std::function<bool(const net::Ip&)>& reserved) {
  std::vector<net::Ip> taken;
  std::vector<int> left;
  std::optional<int> attribute;
  for (const int ordinal : block.unallocated) {
    const net::Ip ip = address_at(block, ordinal);
    if (static_cast<int>(taken.size()) >= count || (reserved && reserved(ip))) {
      left.push_back(ordinal);
      continue;
    }
    if (!attribute) attribute = index_of(block, attribute_for(owner));
    mark(block, ordinal, *attribute);
    taken.push_back(ip);
  }
  block.unallocated = std::move(left);
  return taken;
}

Result<> allocate_one(api::Block& block, const net::Ip& ip, const Owner& owner) {
  const auto ordinal = ordinal_of(block, ip);
  if (!ordinal) return fail(Code::invalid, fmt::format("{} is not in block {}", to_string(ip), to_string(block.cidr)));
  const auto free = std::find(block.unallocated.begin(), block.unallocated.end(), *ordinal);
  if (free == block.unallocated.end())
    return fail(Code::exists, fmt::format("address {} is already assigned", to_string(ip)));
  block.unallocated.erase(free);
  mark(block, *ordinal, index_of(block, attribute_for(owner)));
  return {};
}

Result<Released> release(api::Block& block, const std::vector<Claim>& claims, std::chrono::seconds cooldown, Time now) {
  Released result;
  std::vector<int> ordinals;
  std::map<net::Ip, const Claim*> by_address;  // the last one counts
  for (const Claim& claim : claims) by_address[claim.ip] = &claim;
  for (const auto& [ip, claim] : by_address) {
    const auto ordinal = ordinal_of(block, ip);
    if (!ordinal)
      return fail(Code::invalid, fmt::format("{} is not in block {}", to_string(ip), to_string(block.cidr)));
    if (claim->sequence && *claim->sequence != sequence_of(block, *ordinal))
      return fail(Code::conflict, fmt::format("update conflict: {}: sequence number is {}, not {}", to_string(ip),
                                              sequence_of(block, *ordinal), *claim->sequence));
    const auto* attribute = attribute_of(block, *ordinal);
    if (attribute == nullptr || is_cooling(*attribute)) {
      result.unallocated.push_back(ip);
      continue;
    }
    const std::string handle = handle_of(*attribute);
    if (claim->handle && *claim->handle != handle)
      return fail(Code::conflict, fmt::format("update conflict: {}: held by handle \"{}\", not \"{}\"", to_string(ip),
                                              handle, *claim->handle));
    if (!handle.empty()) ++result.by_handle[handle];
    ++result.count;
    ordinals.push_back(*ordinal);
  }
  if (!ordinals.empty()) {
    api::BlockAttribute cooling;
    cooling.released_at = to_rfc3339(now);
    const int attribute = index_of(block, cooling);
    for (const int ordinal : ordinals) mark(block, ordinal, attribute);
  }
  settle(block, cooldown, now);
  return result;
}

int release_handle(api::Block& block, std::string_view handle, std::chrono::seconds cooldown, Time now) {
  const auto ordinals = ordinals_of(block, handle);
  if (!ordinals.empty()) {
    api::BlockAttribute cooling;
    cooling.released_at = to_rfc3339(now);
    const int attribute = index_of(block, cooling);
    for (const int ordinal : ordinals) block.allocations[static_cast<std::size_t>(ordinal)] = attribute;
  }
  settle(block, cooldown, now);
  return static_cast<int>(ordinals.size());
}

std::vector<int> ordinals_of(const api::Block& block, std::string_view handle) {
  std::vector<int> ordinals;
  for (int ordinal = 0; ordinal < static_cast<int>(block.allocations.size()); ++ordinal) {
    const auto* attribute = attribute_of(block, ordinal);
    if (attribute != nullptr && attribute->handle_id && handle_of(*attribute) == handle) ordinals.push_back(ordinal);
  }
  return ordinals;
}

std::string handle_of(const api::BlockAttribute& attribute) {
  if (!attribute.handle_id) return {};
  return attribute.handle_id->substr(0, attribute.handle_id->find('\r'));
}

const api::BlockAttribute* attribute_of(const api::Block& block, int ordinal) {
  const auto& index = block.allocations[static_cast<std::size_t>(ordinal)];
  return index ? &(*block.attributes)[static_cast<std::size_t>(*index)] : nullptr;
}

bool is_cooling(const api::BlockAttribute& attribute) { return attribute.released_at.has_value(); }

bool is_empty(const api::Block& block) {
  for (int ordinal = 0; ordinal < static_cast<int>(block.allocations.size()); ++ordinal) {
    const auto* attribute = attribute_of(block, ordinal);
    if (attribute != nullptr && to_lower(attribute->handle_id.value_or("")) != windows_handle) return false;
  }
  return true;
}

bool has_free(const api::Block& block, const std::function<bool(const net::Ip&)>& reserved) {
  return std::any_of(block.unallocated.begin(), block.unallocated.end(),
                     [&](int ordinal) { return !reserved || !reserved(address_at(block, ordinal)); });
}

}  // namespace weft::ipam
