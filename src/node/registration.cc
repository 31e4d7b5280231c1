#include "node/registration.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <random>

#include "api/cluster_information.h"
#include "api/ip_pool.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/resources.h"

namespace weft::node {
namespace {

constexpr std::string_view own_type = "CalicoNodeIP";

std::optional<net::Address> stored_address(const api::Node& node, net::Family family) {
  if (!node.spec.bgp) return std::nullopt;
  return family == net::Family::v4 ? node.spec.bgp->ipv4_address : node.spec.bgp->ipv6_address;
}

/// What `node` becomes with these addresses and settings.
void settle(api::Node& node, const std::optional<net::Address>& v4, const std::optional<net::Address>& v6,
            const Settings& settings) {
  auto& spec = node.spec;
  if (!spec.bgp && (v4 || v6 || settings.as_number)) spec.bgp.emplace();
  if (spec.bgp) {
    spec.bgp->ipv4_address = v4;
    spec.bgp->ipv6_address = v6;
    if (settings.as_number) spec.bgp->as_number = api::AsNumber{*settings.as_number};
  }
  std::vector<api::NodeAddress> addresses;
  for (const auto& address : {v4, v6})
    if (address) addresses.push_back({.address = net::to_string(*address), .type = std::string(own_type), .extra = {}});
  for (const auto& other : spec.addresses)
    if (other.type != own_type) addresses.push_back(other);
  spec.addresses = std::move(addresses);

  if (settings.kubernetes_node.empty()) return;
  const auto is_kubernetes = [](const api::OrchRef& ref) { return ref.orchestrator == "k8s"; };
  const auto known = std::find_if(spec.orch_refs.begin(), spec.orch_refs.end(), is_kubernetes);
  if (known != spec.orch_refs.end())
    known->node_name = settings.kubernetes_node;
  else
    spec.orch_refs.push_back({.node_name = settings.kubernetes_node, .orchestrator = "k8s", .extra = {}});
}

Result<> check_address_is_ours(store::Store& store, const std::string& name, const net::Address& address) {
  for (const auto& other : TRY(client::list<api::Node>(store)).items) {
    if (other.metadata.name == name) continue;
    const auto theirs = stored_address(other, address.ip.family());
    if (theirs && theirs->ip == address.ip) {
      return fail(Code::exists, fmt::format("Node {}: address {} is that of Node {} already "
                                            "(DISABLE_NODE_IP_CHECK=true lets that pass)",
                                            name, net::to_string(address.ip), other.metadata.name));
    }
  }
  return {};
}

Result<net::Cidr> choose_v4(const Machine& machine) {
  std::vector<net::Cidr> candidates = {net::Cidr::parse("192.168.0.0/16").value()};
  for (int second = 16; second < 32; ++second)
    candidates.push_back(net::Cidr::parse(fmt::format("172.{}.0.0/16", second)).value());
  for (int second = 0; second < 256; ++second)
    candidates.push_back(net::Cidr::parse(fmt::format("10.{}.0.0/16", second)).value());

  const auto interfaces = TRY(machine.interfaces());
  const auto is_free = [&](const net::Cidr& candidate) {
    for (const auto& interface : interfaces)
      for (const auto& address : interface.addresses)
        if (candidate.overlaps(address.network())) return false;
    return true;
  };
  const auto chosen = std::find_if(candidates.begin(), candidates.end(), is_free);
  if (chosen == candidates.end())
    return fail(Code::exhausted, "no private IPv4 range is free for the default pool: set CALICO_IPV4POOL_CIDR");
  return *chosen;
}

net::Cidr choose_v6() {
  std::random_device random;
  std::array<std::uint8_t, 16> bytes{0xfd};
  for (std::size_t i = 1; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(random());
  return {net::Ip::from_bytes(bytes), 48};
}

api::EncapMode mode_of(Mode mode) {
  switch (mode) {
    case Mode::always: return api::EncapMode::always;
    case Mode::cross_subnet: return api::EncapMode::cross_subnet;
    case Mode::never: break;
  }
  return api::EncapMode::never;
}

bool is_encapsulated(const api::IpPool& pool) {
  return pool.spec.ipip_mode != api::EncapMode::never || pool.spec.vxlan_mode != api::EncapMode::never;
}

Result<> merge_cluster_types(store::Store& store, const std::vector<std::string>& types) {
  const auto merged = [&](const std::string& have) {
    auto list = split(have, ',');
    for (const auto& type : types)
      if (std::find(list.begin(), list.end(), type) == list.end()) list.push_back(type);
    return join(list, ",");
  };
  const auto information = TRY(client::get<api::ClusterInformation>(store, "default"));
  if (merged(information.spec.cluster_type) == information.spec.cluster_type) return {};
  TRY(client::modify<api::ClusterInformation>(store, "default", [&](api::ClusterInformation& now) -> Result<> {
    now.spec.cluster_type = merged(now.spec.cluster_type);
    return {};
  }));
  return {};
}

}  // namespace

Result<std::optional<net::Address>> resolve_address(const AddressSetting& setting, net::Family family,
                                                    const std::optional<net::Address>& stored, const Machine& machine) {
  using Kind = AddressSetting::Kind;
  if (setting.kind == Kind::none) return std::optional<net::Address>();
  if (setting.kind == Kind::given) {
    net::Address address = setting.address;
    bool here = false;
    for (const auto& interface : TRY(machine.interfaces())) {
      for (const auto& own : interface.addresses) {
        if (own.ip != address.ip) continue;
        here = true;
        if (!setting.has_length) address.length = own.length;
      }
    }
    if (!here)
      log::warning("no interface of this machine has the address given", {{"address", net::to_string(address)}});
    return address;
  }
  if (setting.kind == Kind::stored && stored) return stored;
  if (setting.kind == Kind::stored && family == net::Family::v6) return std::optional<net::Address>();
  const Found found = TRY(machine.find(setting.method, family));
  log::debug("address found", {{"address", net::to_string(found.address)},
                               {"interface", found.interface},
                               {"method", to_string(setting.method)}});
  return found.address;
}

Result<api::Node> register_node(store::Store& store, const std::string& name, const Settings& settings,
                                const Machine& machine) {
  for (int attempt = 0;; ++attempt) {
    auto stored = client::get<api::Node>(store, name);
    if (!stored && stored.error().code != Code::not_found) return stored;
    const bool is_new = !stored;
    api::Node node = is_new ? api::Node{} : *stored;
    node.metadata.name = name;

    const auto v4 =
        TRY(resolve_address(settings.ipv4, net::Family::v4, stored_address(node, net::Family::v4), machine));
    const auto v6 =
        TRY(resolve_address(settings.ipv6, net::Family::v6, stored_address(node, net::Family::v6), machine));
    if (!v4 && !v6 && settings.bird)
      return fail(Code::invalid, fmt::format("Node {}: it has no address (IP, IP6), and BIRD needs one", name));
    for (const auto& address : {v4, v6})
      if (address && settings.check_address) TRY(check_address_is_ours(store, name, *address));

    settle(node, v4, v6, settings);
    if (!is_new && node == *stored) return node;
    const auto written = is_new ? client::create(store, node) : client::update(store, node);
    if (written) {
      log::info(is_new ? "Node created" : "Node updated", {{"node", name},
                                                           {"address", v4 ? net::to_string(*v4) : "none"},
                                                           {"address6", v6 ? net::to_string(*v6) : "none"}});
      return node;
    }
    const bool somebody_was_faster = written.error().code == Code::exists || written.error().code == Code::conflict;
    if (!somebody_was_faster || attempt == 10) return std::unexpected(written.error());
  }
}

Result<std::vector<std::string>> create_default_pools(store::Store& store, const api::Node& node,
                                                      const Settings& settings, const Machine& machine) {
  std::vector<std::string> created;
  if (!settings.default_pools) return created;
  const auto pools = TRY(client::list<api::IpPool>(store));
  for (const net::Family family : {net::Family::v4, net::Family::v6}) {
    const bool v4 = family == net::Family::v4;
    const PoolSetting& setting = v4 ? settings.pool_v4 : settings.pool_v6;
    if (!setting.wanted || (!v4 && !setting.cidr && !stored_address(node, family))) continue;
    const auto is_of_family = [&](const api::IpPool& pool) { return pool.spec.cidr.family() == family; };
    if (std::any_of(pools.items.begin(), pools.items.end(), is_of_family)) continue;
    if (!pools.undecodable.empty()) {  // it may be of this family
      log::warning("no default pool created, for a pool cannot be read", {{"reason", pools.undecodable[0].message}});
      continue;
    }

    api::IpPool pool;
    pool.metadata.name = v4 ? "default-ipv4-ippool" : "default-ipv6-ippool";
    if (setting.cidr)
      pool.spec.cidr = *setting.cidr;
    else if (v4)
      pool.spec.cidr = TRY(choose_v4(machine));
    else
      pool.spec.cidr = choose_v6();
    pool.spec.block_size = setting.block_size;
    pool.spec.nat_outgoing = setting.nat_outgoing;
    pool.spec.disable_bgp_export = setting.disable_bgp_export;
    pool.spec.node_selector = setting.node_selector;
    pool.spec.ipip_mode = mode_of(setting.ipip);
    pool.spec.vxlan_mode = mode_of(setting.vxlan);
    const auto written = client::create(store, pool);
    if (!written && written.error().code == Code::exists) continue;  // another node was faster
    if (!written) return std::unexpected(written.error());
    log::info("default pool created", {{"pool", pool.metadata.name}, {"cidr", net::to_string(pool.spec.cidr)}});
    created.push_back(pool.metadata.name);
  }
  return created;
}

Result<api::Node> start_of_day(store::Store& store, const std::string& name, const Settings& settings,
                               const Machine& machine) {
  TRY(client::ensure_initialized(store));
  TRY(merge_cluster_types(store, settings.cluster_types));
  const api::Node node = TRY(register_node(store, name, settings, machine));
  TRY(create_default_pools(store, node, settings, machine));
  for (const auto& pool : TRY(client::list<api::IpPool>(store)).items) {
    if (!is_encapsulated(pool)) continue;
    log::warning("pool asks for IPIP or VXLAN, which is not supported yet: no tunnel address is claimed",
                 {{"pool", pool.metadata.name}});
  }
  return node;
}

}  // namespace weft::node
