#include "lab/wait.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <set>
#include <thread>

#include <fmt/core.h>

#include "api/bgp.h"
#include "api/codec.h"
#include "api/ip_pool.h"
#include "base/file.h"
#include "bgp/status.h"
#include "client/resources.h"
#include "cni/client.h"
#include "kernel/route.h"
#include "lab/spaces.h"
#include "store/store.h"

namespace weft::lab {
namespace {

using Clock = std::chrono::steady_clock;
// Not /var/run: a link that is followed from outside leads to the machine's.
constexpr std::string_view bird_socket = "/run/calico/bird.ctl";
constexpr std::string_view agent_socket = "/run/weft/agent.sock";
constexpr std::uint8_t protocol_bird = 12;

struct BlockRoute {
  std::string host;
  net::Cidr cidr;
};

struct Goal {
  store::Revision revision = 0;
  std::vector<BlockRoute> blocks;
  bool mesh = true;  // every node peers with every other
};

/// A question to a node's agent in the agent's own words.
Result<schema::Value> ask(const NodeState& node, const std::string& verb, const schema::Object& question) {
  const auto answer = TRY(cni::ask(Lab::file_of(node, agent_socket),
                                   {.verb = verb, .config = schema::to_json(question)}, std::chrono::seconds(60)));
  if (answer.code != 0) return fail(Code::unavailable, answer.output);
  return schema::parse_json(answer.output);
}

/// What has to be in force: the revision of now and the blocks there are in it. Pools that ask for an overlay have no
/// routes yet.
Result<Goal> read_goal(store::Store& store) {
  const auto listing = TRY(store.list("/calico/ipam/v2/host/"));
  const auto pools = TRY(client::list<api::IpPool>(store));
  Goal goal{.revision = listing.revision, .blocks = {}};
  if (const auto bgp = client::get<api::BgpConfiguration>(store, "default")) {
    goal.mesh = bgp->spec.node_to_node_mesh_enabled.value_or(true);
  }
  for (const auto& entry : listing.entries) {
    const auto key = api::parse_affinity_key(entry.key);
    if (!key || key->second.is_host()) continue;
    const auto affinity = schema::parse_json(entry.value);
    if (!affinity || (affinity->text("state") != "confirmed" && !affinity->text("state").empty())) continue;
    const bool overlay = std::ranges::any_of(pools.items, [&](const api::IpPool& pool) {
      return pool.spec.cidr.contains(key->second) &&
             (pool.spec.ipip_mode != api::EncapMode::never || pool.spec.vxlan_mode != api::EncapMode::never);
    });
    if (!overlay) goal.blocks.push_back({key->first, key->second});
  }
  return goal;
}

Result<std::vector<std::string>> lacking_routes(const NodeState& node, const Goal& goal,
                                                const std::vector<NodeState>& nodes) {
  std::vector<kernel::Route> routes;
  TRY(in_network(node.init, "", [&]() -> Result<> {
    auto socket = TRY(kernel::Socket::open(NETLINK_ROUTE));
    routes = TRY(kernel::list_routes(socket, {.table = RT_TABLE_MAIN, .protocol = protocol_bird}));
    return {};
  }));
  std::vector<std::string> lacks;
  for (const auto& block : goal.blocks) {
    const bool own = block.host == node.name;
    const auto host = std::ranges::find(nodes, block.host, &NodeState::name);
    if (host == nodes.end()) continue;  // of a node that the lab does not have
    const net::Ip via = block.cidr.family() == net::Family::v4 ? host->address() : host->address_v6();
    const bool there = std::ranges::any_of(routes, [&](const kernel::Route& route) {
      return route.dst == block.cidr && (own ? route.type == RTN_BLACKHOLE : route.gateway == via);
    });
    if (!there)
      lacks.push_back(own ? fmt::format("no blackhole for its block {}", net::to_string(block.cidr))
                          : fmt::format("no route {} to {}", net::to_string(block.cidr), block.host));
  }
  return lacks;
}

Result<std::vector<std::string>> lacking_sessions(const NodeState& node, const Goal& goal,
                                                  const std::vector<NodeState>& nodes) {
  auto control = TRY(bgp::Control::connect(Lab::file_of(node, bird_socket)));
  const auto peers = bgp::peer_statuses(TRY(bgp::show_protocols(control)));
  std::vector<std::string> lacks;
  for (const auto& peer : peers) {
    if (!peer.info.starts_with("Established"))
      lacks.push_back("no BGP session with " + net::to_string(peer.address));
    else if (peer.restarting)
      lacks.push_back("routes of before the restart of " + net::to_string(peer.address) + " are not confirmed");
  }
  for (const auto& other : nodes) {
    if (!goal.mesh || other.name == node.name) continue;
    if (std::ranges::find(peers, other.address(), &bgp::PeerStatus::address) == peers.end()) {
      lacks.push_back("no BGP session with " + other.name);
    }
  }
  return lacks;
}

std::vector<std::string> lacking(const Lab& lab, const NodeState& node, const Goal& goal,
                                 const std::vector<NodeState>& nodes) {
  std::vector<std::string> lacks;
  for (const char* part : {"agent", "confd", "bird"}) {
    if (lab.component(node, part).empty()) lacks.push_back(fmt::format("{} is not running", part));
  }
  if (!file_exists(Lab::file_of(node, network_configuration)))
    lacks.push_back(fmt::format("no network configuration {}", network_configuration));
  if (auto answer = ask(node, "wait", {{"revision", goal.revision}, {"timeout", 1.0}}); !answer)
    lacks.push_back("agent: " + answer.error().message);
  for (auto found : {lacking_sessions(node, goal, nodes), lacking_routes(node, goal, nodes)}) {
    if (found)
      lacks.insert(lacks.end(), found->begin(), found->end());
    else
      lacks.push_back(found.error().message);
  }
  return lacks;
}

}  // namespace

Result<schema::Value> agent_status(const NodeState& node) { return ask(node, "status", {}); }

Result<std::vector<NodeProgress>> wait(const Lab& lab, std::chrono::milliseconds patience) {
  const auto end = Clock::now() + patience;
  const auto nodes = TRY(lab.nodes());
  const auto store = TRY(lab.open_store());
  const auto goal = TRY(read_goal(*store));
  std::vector<NodeProgress> progress(nodes.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    threads.emplace_back([&, i] {
      progress[i].node = nodes[i].name;
      do {
        progress[i].lacks = lacking(lab, nodes[i], goal, nodes);
        if (progress[i].lacks.empty()) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      } while (Clock::now() < end);
    });
  }
  for (auto& thread : threads) thread.join();
  return progress;
}

}  // namespace weft::lab
