#include "ipam/pools.h"

#include <algorithm>
#include <bit>

#include "api/codec.h"
#include "api/node.h"
#include "api/selector.h"
#include "base/log.h"
#include "base/strings.h"
#include "schema/value.h"

namespace weft::ipam {

namespace {

bool matches(const std::string& selector, const api::Labels& labels, const api::IpPool& pool) {
  if (selector.empty()) return true;
  const auto parsed = api::Selector::parse(selector);
  if (parsed) return parsed->matches(labels);
  log::warning("selector of an IP pool does not parse; the pool is not used",
               {{"pool", pool.metadata.name}, {"selector", selector}, {"error", parsed.error().message}});
  return false;
}

bool reported_not_allocatable(const api::IpPool& pool) {
  if (pool.status.empty()) return false;
  const auto status = schema::parse_json(pool.status);
  const schema::Value* conditions = status ? status->at("conditions") : nullptr;
  const schema::Array* list = conditions != nullptr ? conditions->as_array() : nullptr;
  if (list == nullptr) return false;
  return std::any_of(list->begin(), list->end(), [](const schema::Value& each) {
    return each.text("type") == "Allocatable" && each.text("status") == "False";
  });
}

bool has_use(const api::IpPool& pool, const std::string& use) {
  const auto& uses = pool.spec.allowed_uses;
  return std::find(uses.begin(), uses.end(), use) != uses.end();
}

bool is_named(const api::IpPool& pool, const std::string& wanted) {
  if (pool.metadata.name == wanted) return true;
  const auto cidr = net::Cidr::parse_loose(wanted);
  return cidr && wanted.find('/') != std::string::npos && *cidr == pool.spec.cidr;
}

}  // namespace

Result<std::vector<api::IpPool>> read_pools(store::Store& store) {
  const auto listing = TRY(store.list(api::prefix_of<api::IpPool>()));
  std::vector<api::IpPool> pools;
  for (const store::Entry& entry : listing.entries) {
    auto pool = api::from_json<api::IpPool>(entry.value);
    const bool usable = pool && pool->spec.block_size >= pool->spec.cidr.length() &&
                        pool->spec.block_size <= net::bits_of(pool->spec.cidr.family());
    if (usable) {
      pools.push_back(std::move(*pool));
    } else {
      log::warning("IP pool cannot be used",
                   {{"key", entry.key}, {"error", pool ? "blockSize: does not fit the pool" : pool.error().message}});
    }
  }
  return pools;
}

Result<std::vector<net::Cidr>> read_reservations(store::Store& store) {
  const auto listing = TRY(store.list("/calico/resources/v3/projectcalico.org/ipreservations/"));
  std::vector<net::Cidr> ranges;
  for (const store::Entry& entry : listing.entries) {
    const auto value = schema::parse_json(entry.value);
    const schema::Value* cidrs = value ? value->at("spec", "reservedCIDRs") : nullptr;
    const schema::Array* list = cidrs != nullptr ? cidrs->as_array() : nullptr;
    if (list == nullptr) continue;
    for (const schema::Value& each : *list) {
      const std::string* text = each.as_string();
      const auto range = text != nullptr ? net::Cidr::parse_loose(*text) : fail(Code::invalid, "not a string");
      if (range)
        ranges.push_back(*range);
      else
        log::warning("reserved range cannot be read", {{"key", entry.key}, {"error", range.error().message}});
    }
  }
  return ranges;
}

Wide size_of(const net::Cidr& cidr) {
  const int host_bits = net::bits_of(cidr.family()) - cidr.length();
  return host_bits == 128 ? 0 : Wide{1} << host_bits;
}

Wide covered(const net::Cidr& range, std::vector<net::Cidr> by) {
  std::sort(by.begin(), by.end());  // what lies in another comes behind it
  Wide count = 0;
  const net::Cidr* last = nullptr;
  for (const net::Cidr& each : by) {
    if (each.contains(range)) return size_of(range);
    if (!range.contains(each) || (last != nullptr && last->contains(each))) continue;
    count += size_of(each);
    last = &each;
  }
  return count;
}

Result<api::Labels> read_node_labels(store::Store& store, const std::string& node) {
  api::Node wanted;
  wanted.metadata.name = node;
  const auto entry = TRY(store.get(api::path_of(wanted)));
  if (!entry) return fail(Code::not_found, "Node " + node + ": not in the store");
  auto found = TRY(within(api::from_json<api::Node>(entry->value), entry->key));
  return std::move(found.metadata.labels);
}

bool is_enabled(const api::IpPool& pool) {
  return !pool.spec.disabled && !pool.metadata.extra.contains("deletionTimestamp") && !reported_not_allocatable(pool);
}

bool selects_node(const api::IpPool& pool, const api::Labels& labels) {
  return matches(pool.spec.node_selector, labels, pool);
}

const api::IpPool* pool_of(const std::vector<api::IpPool>& pools, const net::Cidr& range, bool only_enabled) {
  for (const api::IpPool& pool : pools)
    if (pool.spec.cidr.contains(range) && (!only_enabled || is_enabled(pool))) return &pool;
  return nullptr;
}

Result<std::vector<api::IpPool>> choose_pools(const std::vector<api::IpPool>& all, const PoolRequest& request) {
  const std::string family = request.family == net::Family::v4 ? "IPv4" : "IPv6";
  const int reserved = request.kept_back ? request.kept_back->at_start + request.kept_back->at_end : 0;
  if (request.kept_back && (reserved <= 0 || request.kept_back->at_start < 0 || request.kept_back->at_end < 0))
    return fail(Code::invalid, "HostReservedAttr has wrong parameters");
  std::vector<api::IpPool> enabled;
  for (const api::IpPool& pool : all) {
    if (pool.spec.cidr.family() != request.family || !is_enabled(pool)) continue;
    const int host_bits = net::bits_of(request.family) - pool.spec.block_size;
    if (host_bits >= static_cast<int>(std::bit_width(static_cast<unsigned>(reserved)))) enabled.push_back(pool);
  }

  std::vector<api::IpPool> chosen;
  for (const std::string& wanted : request.pools) {
    const auto found =
        std::find_if(enabled.begin(), enabled.end(), [&](const auto& pool) { return is_named(pool, wanted); });
    if (found == enabled.end())
      return fail(Code::not_found, "IP pool " + wanted + ": not an enabled " + family + " pool");
    chosen.push_back(*found);
  }
  if (request.pools.empty()) {
    for (const api::IpPool& pool : enabled) {
      const bool automatic = pool.spec.assignment_mode.empty() || pool.spec.assignment_mode == "Automatic";
      if (automatic && selects_node(pool, request.node_labels) &&
          matches(pool.spec.namespace_selector, request.namespace_labels, pool))
        chosen.push_back(pool);
    }
  }
  std::erase_if(chosen, [&](const api::IpPool& pool) { return !has_use(pool, request.use); });
  if (chosen.empty()) {
    return fail(Code::not_found, "no " + family + " pool for " + request.use + " addresses of this node" +
                                     (request.pools.empty() ? "" : " among " + join(request.pools, ", ")));
  }
  return chosen;
}

}  // namespace weft::ipam
