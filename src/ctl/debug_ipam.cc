#include "ctl/debug_ipam.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>

#include <fmt/core.h>

#include "api/codec.h"
#include "base/strings.h"
#include "ctl/access.h"
#include "ctl/arguments.h"
#include "ctl/filter.h"
#include "ipam/config.h"
#include "ipam/owner.h"
#include "ipam/pools.h"
#include "ipam/usage.h"

namespace weft::ctl {

namespace {

using schema::Array;
using schema::Object;

Object done() { return Object{{"ok", true}}; }

/// Without one it is this machine's name, as Calico's components take it.
Result<ipam::Affinity> affinity(const Arguments& arguments) {
  std::string host = TRY(arguments.text("host"));
  if (host.empty()) {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return fail_errno(errno, "host: the name of this machine");
    host = to_lower(trim(name.data()));
  }
  const std::string type = TRY(arguments.text("affinityType"));
  return ipam::Affinity(host, type.empty() ? "host" : type);
}

Result<ipam::Owner> owner(const Arguments& arguments) {
  return ipam::Owner{TRY(arguments.text("handle")), TRY(arguments.map("attrs"))};
}

Result<std::optional<ipam::HostReserved>> reserved(const Arguments& arguments) {
  const auto* object = TRY(arguments.object("hostReserved"));
  if (object == nullptr) return std::optional<ipam::HostReserved>{};
  const Arguments members(*object);
  return ipam::HostReserved{TRY(members.number("startOfBlock")), TRY(members.number("endOfBlock")),
                            TRY(members.text("handle")), TRY(members.text("note"))};
}

/// Pools of one family; the others' must not be among them.
Result<std::vector<std::string>> pools(const Arguments& arguments, net::Family family) {
  const bool v4 = family == net::Family::v4;
  auto pools = TRY(arguments.texts(v4 ? "pools4" : "pools6"));
  for (const std::string& pool : pools) {
    const auto cidr = net::Cidr::parse_loose(pool);
    if (cidr && cidr->family() != family)
      return fail(Code::invalid, fmt::format("provided {} IPPools list contains one or more {} IPPools",
                                             v4 ? "IPv4" : "IPv6", v4 ? "IPv6" : "IPv4"));
  }
  return pools;
}

Array texts(const auto& elements) {
  Array array;
  for (const auto& each : elements) array.emplace_back(net::to_string(each));
  return array;
}

/// As Go's int holds it: what is more is its greatest.
schema::Value number(ipam::Wide wide) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  return wide > static_cast<ipam::Wide>(most) ? most : static_cast<std::int64_t>(wide);
}

Object attributes_of(const std::map<std::string, std::string>& attributes) {
  Object object;
  for (const auto& [name, value] : attributes) object.set(name, value);
  return object;
}

Result<Object> auto_assign(ipam::Ipam& ipam, const Arguments& arguments) {
  ipam::AssignRequest request{.node = TRY(affinity(arguments)).host,
                              .owner = TRY(owner(arguments)),
                              .v4 = {TRY(arguments.number("num4")), {}},
                              .v6 = {TRY(arguments.number("num6")), {}},
                              .use = TRY(arguments.text("intendedUse")),
                              .namespace_labels = TRY(arguments.map("namespaceLabels")),
                              .max_blocks = TRY(arguments.number("maxBlocksPerHost")),
                              .max_per_handle = TRY(arguments.number("maxAllocToHandlePerIPVersion")),
                              .reserved = TRY(reserved(arguments))};
  if (request.v4.count == 0 && request.v6.count == 0) return done();
  if (request.use.empty()) return fail(Code::invalid, "must specify the intended use when assigning an IP");
  if (request.v4.count != 0) request.v4.pools = TRY(pools(arguments, net::Family::v4));
  if (request.v6.count != 0) request.v6.pools = TRY(pools(arguments, net::Family::v6));
  const ipam::Shares shares = ipam.assign_what_there_is(request);
  Object answer{{"ok", !shares.error}};
  if (shares.error) answer.set("error", shares.error->message);
  for (const auto& [name, share] : {std::pair("v4", &shares.v4), std::pair("v6", &shares.v6)}) {
    if (!*share) continue;
    Array ips;
    for (const auto& each : (*share)->addresses)
      ips.emplace_back(fmt::format("{}/{}", net::to_string(each.ip), each.block.length()));
    answer.set(name, Object{{"ips", std::move(ips)}, {"requested", (*share)->requested}});
  }
  return answer;
}

Result<Object> assign_ip(ipam::Ipam& ipam, const Arguments& arguments) {
  TRY(ipam.assign_ips({.node = TRY(affinity(arguments)).host,
                       .owner = TRY(owner(arguments)),
                       .ips = {TRY(arguments.ip("ip"))},
                       .use = TRY(arguments.text("intendedUse")),
                       .max_per_handle = TRY(arguments.number("maxAllocToHandlePerIPVersion")),
                       .reserved = TRY(reserved(arguments))}));
  return done();
}

Result<Object> release_ips(ipam::Ipam& ipam, const Arguments& arguments) {
  std::vector<ipam::Claim> claims;
  for (const auto& each : TRY(arguments.list("ips"))) {
    const auto* object = each.as_object();
    if (object == nullptr) return fail(Code::invalid, "ips: must be a list of objects");
    const Arguments members(*object);
    const std::string handle = TRY(members.text("handle"));
    const auto known = handle.empty() ? std::nullopt : std::optional(handle.substr(0, handle.find('\r')));
    claims.push_back({TRY(within(members.ip("address"), "ips")), known, TRY(members.sequence("sequence"))});
  }
  const auto result = TRY(ipam.release(claims));
  std::vector<net::Ip> handled;
  for (const auto& claim : claims)
    if (std::ranges::find(result.nowhere, claim.ip) == result.nowhere.end()) handled.push_back(claim.ip);
  return Object{{"ok", true}, {"released", texts(handled)}, {"unallocated", texts(result.unallocated)}};
}

Result<std::string> existing_handle(ipam::Ipam& ipam, const Arguments& arguments) {
  const std::string handle = TRY(arguments.text("handle"));
  if (handle.empty()) return fail(Code::invalid, "handle: is empty");
  if (!TRY(ipam.store().get(api::handle_path(handle))))
    return fail(Code::not_found, fmt::format("resource does not exist: IPAMHandleKey(id={})", handle));
  return handle;
}

Result<Object> release_by_handle(ipam::Ipam& ipam, const Arguments& arguments) {
  TRY(ipam.release_handles({TRY(existing_handle(ipam, arguments))}));
  return done();
}

Result<Object> ips_by_handle(ipam::Ipam& ipam, const Arguments& arguments) {
  std::vector<net::Ip> ips;
  for (const auto& holder : TRY(ipam.by_handle(TRY(existing_handle(ipam, arguments))))) ips.push_back(holder.ip);
  return Object{{"ok", true}, {"ips", texts(ips)}};
}

Result<Object> claim_affinity(ipam::Ipam& ipam, const Arguments& arguments) {
  const auto claims = TRY(ipam.claim_affinity(TRY(affinity(arguments)), TRY(arguments.cidr("cidr"))));
  return Object{{"ok", true}, {"claimed", texts(claims.claimed)}, {"failed", texts(claims.failed)}};
}

Result<Object> release_affinity(ipam::Ipam& ipam, const Arguments& arguments) {
  TRY(ipam.release_affinity(TRY(affinity(arguments)), TRY(arguments.cidr("cidr")), TRY(arguments.flag("mustBeEmpty"))));
  return done();
}

Result<Object> release_host_affinities(ipam::Ipam& ipam, const Arguments& arguments) {
  const auto given_up =
      TRY(ipam.release_affinities(TRY(affinity(arguments)), std::nullopt, TRY(arguments.flag("mustBeEmpty"))));
  if (given_up.kept.empty()) return done();
  return fail(Code::exists, fmt::format("block '{}' is not empty", net::to_string(given_up.kept.back())));
}

Result<Object> release_pool_affinities(ipam::Ipam& ipam, const Arguments& arguments) {
  auto ranges = TRY(arguments.texts("pools"));
  if (ranges.empty()) ranges = {net::to_string(TRY(arguments.cidr(arguments.has("pool") ? "pool" : "cidr")))};
  for (const std::string& range : ranges)
    TRY(ipam.release_affinities(std::nullopt, TRY(within(net::Cidr::parse_loose(range), "pools")), false));
  return done();
}

Result<Object> remove_host(ipam::Ipam& ipam, const Arguments& arguments) {
  TRY(ipam.remove_host(TRY(affinity(arguments))));
  return done();
}

/// Calico's library ensures blocks only of the families of which addresses are to be kept back.
Result<Object> ensure_block(ipam::Ipam& ipam, const Arguments& arguments) {
  const auto kept_back = TRY(reserved(arguments));
  Object answer = done();
  if (!kept_back) return answer;
  const std::string host = TRY(affinity(arguments)).host;
  const auto all = TRY(ipam::read_pools(ipam.store()));
  const auto exists = [&](net::Family family) {
    return std::ranges::any_of(
        all, [&](const auto& pool) { return pool.spec.cidr.family() == family && ipam::is_enabled(pool); });
  };
  const auto pools4 = TRY(pools(arguments, net::Family::v4)), pools6 = TRY(pools(arguments, net::Family::v6));
  const bool named = !pools4.empty() || !pools6.empty();
  if (named ? !pools4.empty() : exists(net::Family::v4) || !exists(net::Family::v6))
    answer.set("v4", net::to_string(TRY(ipam.ensure_block(host, net::Family::v4, pools4, kept_back))));
  if (named ? !pools6.empty() : exists(net::Family::v6))
    answer.set("v6", net::to_string(TRY(ipam.ensure_block(host, net::Family::v6, pools6, kept_back))));
  return answer;
}

Result<Object> get_config(ipam::Ipam& ipam, const Arguments&) {
  const auto config = TRY(ipam::read_config(ipam.store()));
  const std::string& persistence = config.kubevirt_address_persistence;
  Object members{{"StrictAffinity", config.strict_affinity},
                 {"AutoAllocateBlocks", config.auto_allocate_blocks},
                 {"MaxBlocksPerHost", config.max_blocks_per_host},
                 {"KubeVirtVMAddressPersistence", persistence.empty() ? schema::Value() : schema::Value(persistence)}};
  if (config.ip_cooldown_seconds != 0) members.set("ipCooldownSeconds", config.ip_cooldown_seconds);
  return Object{{"ok", true}, {"config", std::move(members)}};
}

Result<Object> set_config(ipam::Ipam& ipam, const Arguments& arguments) {
  const auto* object = TRY(arguments.object("config"));
  if (object == nullptr) return fail(Code::invalid, "config: is missing");
  const Arguments members(*object);
  TRY(ipam::write_config(ipam.store(),
                         {.strict_affinity = TRY(members.flag("StrictAffinity")),
                          .auto_allocate_blocks = TRY(members.flag("AutoAllocateBlocks")),
                          .max_blocks_per_host = TRY(members.number("MaxBlocksPerHost")),
                          .kubevirt_address_persistence = TRY(members.text("KubeVirtVMAddressPersistence")),
                          .ip_cooldown_seconds = TRY(members.number("IPCooldownSeconds")),
                          .extra = {}}));
  return done();
}

Object fill_of(const ipam::Fill& fill) {
  return Object{{"cidr", net::to_string(fill.cidr)},
                {"capacity", number(fill.total)},
                {"inUse", number(fill.in_use)},
                {"reserved", number(fill.reserved)},
                {"available", number(fill.available)}};
}

Result<Object> utilization(ipam::Ipam& ipam, const Arguments& arguments) {
  Array pools;
  for (const auto& pool : TRY(ipam::usage(ipam.store(), TRY(arguments.texts("pools"))))) {
    Array blocks;
    for (const auto& block : pool.blocks) {
      if (pool.name.empty() && block.cidr.family() == net::Family::v6) continue;
      blocks.emplace_back(fill_of(block));
    }
    Object object{{"name", pool.name.empty() ? "orphaned allocation blocks" : pool.name}};
    for (auto& [name, value] : fill_of(pool.fill)) object.set(name, value);
    object.set("blocks", std::move(blocks));
    pools.emplace_back(std::move(object));
  }
  return Object{{"ok", true}, {"pools", std::move(pools)}};
}

Result<Object> get_attrs(ipam::Ipam& ipam, const Arguments& arguments) {
  const net::Ip ip = TRY(arguments.ip("ip"));
  const auto pools = TRY(ipam::read_pools(ipam.store()));
  if (ipam::pool_of(pools, net::Cidr::host(ip), true) == nullptr)
    return fail(Code::not_found, fmt::format("resource does not exist: {}: No valid IPPool", net::to_string(ip)));
  const auto holder = TRY(ipam.holder(ip));
  if (!holder)
    return fail(Code::not_found, fmt::format("resource does not exist: {}: IP is unassigned", net::to_string(ip)));
  if (holder->released_at) return fail(Code::not_found, fmt::format("address {} is in cooldown", net::to_string(ip)));
  Object attrs;
  if (!holder->handle.empty()) attrs.set("handle_id", holder->handle);
  if (!holder->attributes.empty()) attrs.set("secondary", attributes_of(holder->attributes));
  if (!holder->alternate.empty()) attrs.set("alternateOwnerAttrs", attributes_of(holder->alternate));
  return Object{{"ok", true}, {"attrs", std::move(attrs)}};
}

Result<std::optional<ipam::ExpectedOwner::Pod>> expected_pod(const Arguments& arguments, std::string_view name) {
  const auto* object = TRY(arguments.object(name));
  if (object == nullptr) return std::optional<ipam::ExpectedOwner::Pod>{};
  const Arguments members(*object);
  return ipam::ExpectedOwner::Pod{TRY(members.text("Namespace")), TRY(members.text("Name"))};
}

Result<Object> set_owner(ipam::Ipam& ipam, const Arguments& arguments) {
  const auto* updates = TRY(arguments.object("updates"));
  if (updates == nullptr) return fail(Code::invalid, "updates cannot be nil");
  const Arguments members(*updates);
  ipam::OwnerUpdate update{.active = {},
                           .alternate = {},
                           .clear_active = TRY(members.flag("ClearActiveOwner")),
                           .clear_alternate = TRY(members.flag("ClearAlternateOwner"))};
  if (members.has("ActiveOwnerAttrs")) update.active = TRY(members.map("ActiveOwnerAttrs"));
  if (members.has("AlternateOwnerAttrs")) update.alternate = TRY(members.map("AlternateOwnerAttrs"));
  ipam::ExpectedOwner expected;
  if (const auto* preconditions = TRY(arguments.object("preconditions"))) {
    const Arguments of(*preconditions);
    expected = {.active = TRY(expected_pod(of, "ExpectedActiveOwner")),
                .alternate = TRY(expected_pod(of, "ExpectedAlternateOwner")),
                .active_empty = TRY(of.flag("VerifyActiveOwnerEmpty")),
                .alternate_empty = TRY(of.flag("VerifyAlternateOwnerEmpty"))};
  }
  TRY(ipam::set_owner(ipam.store(), TRY(arguments.ip("ip")), TRY(arguments.text("handle")), update, expected));
  return done();
}

struct Operation {
  std::string_view name;
  Result<Object> (*run)(ipam::Ipam&, const Arguments&);
};
constexpr Operation operations[] = {{"autoAssign", auto_assign},
                                    {"assignIP", assign_ip},
                                    {"releaseIPs", release_ips},
                                    {"releaseByHandle", release_by_handle},
                                    {"ipsByHandle", ips_by_handle},
                                    {"claimAffinity", claim_affinity},
                                    {"releaseAffinity", release_affinity},
                                    {"releaseHostAffinities", release_host_affinities},
                                    {"releasePoolAffinities", release_pool_affinities},
                                    {"removeHost", remove_host},
                                    {"ensureBlock", ensure_block},
                                    {"getConfig", get_config},
                                    {"setConfig", set_config},
                                    {"utilization", utilization},
                                    {"getAttrs", get_attrs},
                                    {"setOwner", set_owner}};

}  // namespace

Result<schema::Object> answer_ipam(ipam::Ipam& ipam, const schema::Object& question) {
  const Arguments arguments(question);
  const std::string wanted = TRY(arguments.text("op"));
  const auto operation = std::ranges::find(operations, wanted, &Operation::name);
  if (operation == std::end(operations)) return fail(Code::invalid, fmt::format("op: \"{}\" is not known", wanted));
  return operation->run(ipam, arguments);
}

void add_debug_ipam(cli::Command& debug) {
  struct Opened {
    std::unique_ptr<store::Store> store;
    ipam::Ipam ipam;
  };
  static std::unique_ptr<Opened> opened;
  add_filter(debug, "ipam",
             "IPAM's operations, as Calico's library has them, on the store that is configured.\n\n"
             "  echo '{\"id\": 1, \"op\": \"autoAssign\", \"host\": \"node1\", \"num4\": 1, \"handle\": \"h\", "
             "\"intendedUse\": \"Workload\"}' | weft debug ipam",
             [](const schema::Object& question) -> Result<schema::Object> {
               if (!opened) {
                 auto store = TRY(open_store({}));
                 store::Store& at = *store;
                 opened.reset(new Opened{std::move(store), ipam::Ipam(at)});
               }
               return answer_ipam(opened->ipam, question);
             });
}

}  // namespace weft::ctl
