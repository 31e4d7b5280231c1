#pragma once

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "dataplane/dataplane.h"
#include "graph/graph.h"
#include "kernel/netlink.h"
#include "loop/loop.h"
#include "policy/journey.h"
#include "test/scenario.h"

/// The agent of node n1 at work in a lab, and the oracle beside it.
namespace weft::wire {

/// Graph and dataplane as `weft agent` wires them, in the namespace of the calling thread.
class Agent {
 public:
  /// Takes over what is in the kernel, as one that was started again.
  void put(api::Changes changes) {
    changes.revision = ++sent_;
    changes.in_sync = true;
    plane_.on(graph_.on(std::move(changes)));
  }
  /// Until everything put so far is in the kernel. Calls `meanwhile` as often as it can.
  void wait(const std::function<void()>& meanwhile = [] {}) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    const auto tick = loop_.every(std::chrono::microseconds(500), [&] {
      meanwhile();
      if (last_.revision >= sent_ || std::chrono::steady_clock::now() > end) loop_.stop();
    });
    loop_.run();
    if (last_.revision < sent_) throw std::runtime_error("the agent did not reach the revision");
    for (const auto& what : last_.refused) ADD_FAILURE() << "refused by the kernel: " << what;
  }
  loop::Loop& loop() { return loop_; }
  std::int64_t reached() const { return last_.revision; }

 private:
  loop::Loop loop_;
  graph::Graph graph_{"n1", {}};
  dataplane::Report last_;
  dataplane::Dataplane plane_{loop_, [this](dataplane::Report report) {
                                last_ = std::move(report);
                                loop_.stop();
                              }};
  std::int64_t sent_ = 0;
};

/// What leads from one cluster to another.
inline api::Changes difference(const policy::Cluster& before, const policy::Cluster& after) {
  api::Changes out;
  const auto each = [](auto& delta, const auto& old, const auto& now) {
    for (const auto& [key, row] : old) {
      if (!now.contains(key)) delta.drop(key);
    }
    for (const auto& [key, row] : now) {
      const auto it = old.find(key);
      if (it == old.end() || !(it->second == row)) delta.put(row);
    }
  };
  each(out.nodes, before.nodes, after.nodes);
  each(out.pools, before.pools, after.pools);
  each(out.tiers, before.tiers, after.tiers);
  each(out.global_policies, before.global_policies, after.global_policies);
  each(out.policies, before.policies, after.policies);
  each(out.global_network_sets, before.global_network_sets, after.global_network_sets);
  each(out.network_sets, before.network_sets, after.network_sets);
  each(out.profiles, before.profiles, after.profiles);
  each(out.endpoints, before.endpoints, after.endpoints);
  each(out.host_endpoints, before.host_endpoints, after.host_endpoints);
  each(out.felix_configurations, before.felix_configurations, after.felix_configurations);
  return out;
}

/// What should become of a packet.
struct Judgement {
  std::string at;  // where it comes out; empty: the node itself
  bool allowed = false;
  net::Ip source;  // that it has then
  policy::Journey journey;

  std::string why() const {
    std::string out;
    for (const auto& place : journey.places) {
      for (const auto& step : place.verdict.steps) out += (out.empty() ? "" : "; ") + policy::to_string(step);
    }
    return out.empty() ? "nobody is asked" : out;
  }
};

inline bool is_node(const net::Ip& ip) {
  return ip == *net::Ip::parse(Lab::node_v4) || ip == *net::Ip::parse(Lab::node_v6);
}

/// The endpoint of n1 that an address leads to; null: none.
inline const api::WorkloadEndpoint* endpoint_at(const policy::Oracle& oracle, const net::Ip& ip) {
  for (const auto& [key, endpoint] : oracle.cluster().endpoints) {
    const auto& spec = endpoint.spec;
    const bool has = std::ranges::any_of(spec.ip_networks, [&](const auto& net) { return net.contains(ip); });
    if (has && spec.node == "n1" && oracle.on_interface("n1", spec.interface_name) == &endpoint) return &endpoint;
  }
  return nullptr;
}

inline Judgement judge(const policy::Oracle& oracle, const Shot& shot) {
  using policy::Party;
  const auto& packet = shot.packet;
  Party from, to;
  if (shot.from.empty())
    from = {Party::Kind::node, nullptr, "n1"};
  else if (shot.from != "eth0")
    from = {Party::Kind::endpoint, oracle.on_interface("n1", shot.from), "n1"};
  Judgement out{.at = "eth0", .source = packet.source, .journey = {}};
  if (is_node(packet.destination)) {
    to = {Party::Kind::node, nullptr, "n1"};
    out.at = "";
  } else if (const auto* endpoint = endpoint_at(oracle, packet.destination)) {
    to = {Party::Kind::endpoint, endpoint, "n1"};
    out.at = endpoint->spec.interface_name;
  }
  const auto state = state_of(shot);
  const policy::Packet asked{.source = packet.source,
                             .destination = packet.destination,
                             .protocol = packet.protocol,
                             .source_port = packet.source_port,
                             .destination_port = packet.port,
                             .type = packet.type,
                             .code = packet.code,
                             .state = state};
  out.journey = policy::follow(oracle, from, to, asked);
  out.allowed = out.journey.allowed();
  // What is not tracked is not translated; replies are translated back as their connection was.
  const bool tracked =
      state == State::fresh && !(packet.protocol == net::icmpv6 && packet.type != 128 && packet.type != 139);
  const bool masqueraded = from.kind == Party::Kind::endpoint
                               ? out.journey.masqueraded
                               : !out.at.empty() && policy::masquerades(oracle.cluster(), "n1", asked);
  if (tracked && masqueraded) out.source = *net::Ip::parse(packet.source.is_v4() ? Lab::node_v4 : Lab::node_v6);
  return out;
}

/// The lab with an agent that lives through all clusters.
class World {
 public:
  explicit World(int pods) : lab(pods), agent_(std::make_unique<Agent>()) {}

  /// @param relist  as if the store was listed anew, instead of told by what changed
  void become(policy::Cluster cluster, bool relist = false) {
    for (auto& [key, endpoint] : cluster.endpoints) {
      if (endpoint.spec.mac.empty()) endpoint.spec.mac = Lab::pod_mac;
    }
    agent_->put(relist || !began_ ? policy::changes_of(cluster) : difference(cluster_, cluster));
    began_ = true;
    cluster_ = std::move(cluster);
    agent_->wait();
  }
  /// Another agent takes over.
  void restart() {
    agent_ = std::make_unique<Agent>();
    began_ = false;
  }

  struct Outcome {
    bool arrived = false;
    net::Ip source;  // that it had then
  };
  /// Sends all, one after another, and tells which came out where they should.
  std::vector<Outcome> send(const policy::Oracle& oracle, const std::vector<Shot>& shots, bool one_by_one = false) {
    std::vector<Lab::Shot> out;
    const auto first = token_ + 1;
    for (std::size_t i = 0; i < shots.size(); ++i) {
      auto packet = shots[i].packet;
      if (shots[i].quotes) packet.quoted = wire::build(shots.at(*shots[i].quotes).packet, "");
      const auto tail = Lab::tail(++token_);
      if (shots[i].fragmented)
        out.push_back({shots[i].from, wire::build_fragments(packet, std::string(60, '.') + tail, 48, token_ & 0xffff)});
      else
        out.push_back({shots[i].from, {wire::build(packet, tail)}});
    }
    std::vector<Lab::Arrival> arrivals;
    for (std::size_t i = 0; one_by_one && i < out.size(); ++i)
      std::ranges::copy(lab.exchange({out[i]}), std::back_inserter(arrivals));
    if (!one_by_one) arrivals = lab.exchange(out);

    std::vector<Outcome> outcomes(shots.size());
    std::vector<Judgement> judged;
    for (const auto& shot : shots) judged.push_back(judge(oracle, shot));
    for (const auto& arrival : arrivals) {
      const std::size_t i = arrival.token - first;
      if (i >= shots.size()) continue;
      // Answers and errors carry the tail too.
      const auto& packet = shots[i].packet;
      const bool same = arrival.at == judged[i].at && arrival.seen.destination == packet.destination &&
                        arrival.seen.protocol == packet.protocol;
      if (same) outcomes[i] = {true, arrival.seen.source};
    }
    return outcomes;
  }

  /// The node forgets what it tracks.
  void forget() {
    auto socket = kernel::Socket::open(NETLINK_NETFILTER).value();
    const auto all = kernel::message(NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, 0, nfgenmsg{});
    EXPECT_TRUE(socket.request(all));
  }

  Lab lab;

 private:
  std::unique_ptr<Agent> agent_;
  policy::Cluster cluster_;
  bool began_ = false;
  std::uint32_t token_ = 0;
};

}  // namespace weft::wire
