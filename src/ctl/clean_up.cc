#include "ctl/clean_up.h"

#include <chrono>
#include <functional>
#include <thread>

#include "api/codec.h"
#include "api/ip_pool.h"
#include "api/node.h"
#include "api/workload_endpoint.h"
#include "client/objects.h"
#include "client/resources.h"
#include "ipam/affinity.h"
#include "ipam/ipam.h"
#include "net/ip.h"

namespace weft::ctl {
namespace {

/// How long whoever reads the pool before it was disabled may still be assigning from it.
constexpr std::chrono::milliseconds requests_end{500};

/// What IPAM knows of hosts.
constexpr std::string_view hosts = "/calico/ipam/v2/host/";

/// Somebody else may have done it already.
Result<> if_there(Result<> outcome) {
  if (!outcome && outcome.error().code == Code::not_found) return {};
  return outcome;
}

/// An address as endpoints and nodes have it, "10.0.0.1/32" or "10.0.0.1".
void add(std::vector<ipam::Claim>& claims, const std::string& text) {
  if (const auto ip = net::Ip::parse(text.substr(0, text.find('/')))) claims.push_back({.ip = *ip});
}

/// Gives up the blocks of these affinities: empty ones go, the others live on without an owner.
Result<> give_up(store::Store& store, const std::string& prefix,
                 const std::function<bool(const std::string& host, const net::Cidr& block)>& wanted) {
  for (const auto& entry : TRY(store.list(prefix)).entries) {
    const auto affinity = api::parse_affinity_key(entry.key);
    if (affinity && wanted(affinity->first, affinity->second))
      TRY(ipam::release_block(store, affinity->first, affinity->second, {}));
  }
  return {};
}

/// Deletes the objects of a kind whose spec.node is this one.
Result<> delete_those_of_node(store::Store& store, std::string_view kind_name, const std::string& node) {
  const auto& kind = *api::find_kind(kind_name);
  for (const auto& object : TRY(client::list(store, kind)).items) {
    const auto value = object.value();
    const auto* spec = value.at("spec");
    const auto& m = object.metadata();
    if (spec && spec->text("node") == node) TRY(if_there(client::remove(store, kind, m.name, m.namespace_)));
  }
  return {};
}

}  // namespace

Result<> delete_node(store::Store& store, const std::string& name) {
  std::vector<ipam::Claim> claims;
  for (const auto& endpoint : TRY(client::list<api::WorkloadEndpoint>(store)).items) {
    if (endpoint.spec.node != name) continue;
    for (const auto& network : endpoint.spec.ip_networks) add(claims, net::to_string(network));
  }
  const auto node = client::get(store, *api::find_kind("Node"), name);
  if (!node && node.error().code != Code::not_found) return std::unexpected(node.error());
  if (node) {
    const auto value = node->value();
    const auto tunnel = [&](auto... path) {
      if (const auto* text = value.at("spec", path...); text && text->as_string()) add(claims, *text->as_string());
    };
    tunnel("bgp", "ipv4IPIPTunnelAddr");
    tunnel("ipv4VXLANTunnelAddr");
    tunnel("ipv6VXLANTunnelAddr");
    tunnel("wireguard", "interfaceIPv4Address");
    tunnel("wireguard", "interfaceIPv6Address");
  }
  TRY(ipam::Ipam(store).release(claims));
  TRY(delete_those_of_node(store, "WorkloadEndpoint", name));
  const std::string host = std::string(hosts) + name;
  TRY(give_up(store, host + '/', [&](const std::string& owner, const net::Cidr&) { return owner == name; }));
  if (auto forgotten = store.remove(host); !forgotten && forgotten.error().code != Code::not_found)
    return std::unexpected(forgotten.error());
  TRY(delete_those_of_node(store, "BGPPeer", name));
  for (const auto* kind : {"FelixConfiguration", "BGPConfiguration"})
    TRY(if_there(client::remove(store, *api::find_kind(kind), "node." + name)));
  TRY(delete_those_of_node(store, "HostEndpoint", name));
  return client::remove(store, *api::find_kind("Node"), name);
}

Result<> delete_pool(store::Store& store, const std::string& name) {
  const auto pool = TRY(client::modify<api::IpPool>(store, name, [](api::IpPool& now) -> Result<> {
    now.spec.disabled = true;
    return {};
  }));
  std::this_thread::sleep_for(requests_end);
  TRY(give_up(store, std::string(hosts),
              [&](const std::string&, const net::Cidr& block) { return pool.spec.cidr.contains(block); }));
  return client::remove<api::IpPool>(store, name);
}

}  // namespace weft::ctl
