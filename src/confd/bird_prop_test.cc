#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <random>

#include "base/file.h"
#include "base/process.h"
#include "confd/bird_example.h"

namespace weft::confd {
namespace {

/// Clusters as they are and as nobody should make them: the validator's work is not assumed, since anybody can write
/// keys.
class Cluster {
 public:
  explicit Cluster(std::uint32_t seed) : random_(seed) {}

  bgp::Input make() {
    const std::vector<std::string> names = {"node1", "node-2.example.com", "3", "N_4", "no\"de{", "\xc3\xa9t\xc3\xa9"};
    bgp::Input input;
    input.node = pick(names);
    input.router_id = pick({"", "", "hash", "1.2.3.4", "rubbish"});
    if (chance(3)) input.workload_prefixes = {"cali", "tap"};
    input.secrets = [secret = chance(3) ? std::optional<std::string>()
                                        : pick({"secret", "", "with blank", "a\"b", "line\nbreak", "back\\slash",
                                                std::string(200, 'x')})](const std::string&, const std::string&) {
      return secret;
    };
    int number = 0;
    for (const auto& name : names) {
      ++number;
      if (!chance(5)) add_node(input, name, number);
    }
    for (unsigned i = below(4); i > 0; --i) add_pool(input, "pool" + std::to_string(i));
    for (unsigned i = below(6); i > 0; --i) {
      const auto cidr = *net::Cidr::parse(pick(
          {"10.65.1.0/26", "10.65.2.0/26", "10.66.0.64/26", "192.0.2.7/32", "fd00:65::100/122", "fd00:65::7/128"}));
      const auto& host = pick(names);
      input.affinities[{host, cidr}] = {host, cidr, pick({"confirmed", "pending", "", "odd"}), chance(9), {}};
    }
    if (chance(2)) settings(input.configurations["default"].spec);
    if (chance(3)) settings(input.configurations["node." + input.node].spec);
    for (unsigned i = below(4); i > 0; --i) peer(test::add_peer(input, pick({"a", "b-1", "c.d", "e\nf"})), names);
    return input;
  }

 private:
  unsigned below(unsigned end) { return random_() % end; }
  bool chance(unsigned one_in) { return below(one_in) == 0; }
  const std::string& pick(const std::vector<std::string>& list) {
    picked_ = list[below(static_cast<unsigned>(list.size()))];
    return picked_;
  }
  api::AsNumber as_number() {
    return api::AsNumber{std::vector<std::uint32_t>{0, 64512, 65100, 65536, 4294967295}[below(5)]};
  }
  api::Duration seconds() {
    return api::Duration{std::chrono::seconds(std::vector<int>{-1, 0, 1, 20, 4095, 4096, 1000000}[below(7)])};
  }

  void add_node(bgp::Input& input, const std::string& name, int number) {
    api::Node& node = input.nodes[name];
    node.metadata.name = name;
    if (chance(2)) node.metadata.labels["rack"] = "a";
    if (chance(6)) return;
    auto& bgp = node.spec.bgp.emplace();
    if (!chance(4)) bgp.ipv4_address = *net::Address::parse("10.0.0." + std::to_string(number) + "/24");
    if (chance(2)) bgp.ipv6_address = *net::Address::parse("fd00::" + std::to_string(number) + "/64");
    if (chance(4)) bgp.as_number = as_number();
    if (chance(4)) bgp.route_reflector_cluster_id = pick({"244.0.0.1", "rubbish", "1"});
  }
  void add_pool(bgp::Input& input, const std::string& name) {
    auto& pool = test::add_pool(
        input, name, pick({"10.65.0.0/16", "10.66.0.0/16", "192.0.2.0/24", "fd00:65::/64", "0.0.0.0/0", "::/0"}));
    pool.disable_bgp_export = chance(4);
    pool.disabled = chance(5);
    if (chance(4)) pool.ipip_mode = api::EncapMode::always;
    if (chance(4)) pool.vxlan_mode = api::EncapMode::cross_subnet;
  }
  void settings(api::BgpConfigurationSpec& spec) {
    spec.log_severity_screen = pick({"", "Debug", "Info", "None", "odd"});
    if (chance(3)) spec.node_to_node_mesh_enabled = chance(2);
    if (chance(3)) spec.as_number = as_number();
    if (chance(3)) spec.listen_port = std::vector<int>{-1, 0, 179, 1790, 65535, 65536}[below(6)];
    if (chance(3)) spec.bind_mode = pick({"NodeIP", "None", "odd"});
    if (chance(3)) spec.ignored_interfaces = {"docker0", "br-*", pick({"", "a\"; b", "*", "x y"})};
    if (chance(3)) spec.communities = {{"gold", pick({"64512:100", "1:2:3", "x", "99999:1", ""}), {}}};
    if (chance(3))
      spec.prefix_advertisements = {{pick({"10.65.0.0/16", "fd00:65::/64", "10.65.0.1", "nonsense"}),
                                     {pick({"gold", "64512:1:2", "nobody", "65536:1", "a\""})},
                                     {}}};
    if (chance(3)) spec.node_mesh_password.emplace().secret_key_ref = api::SecretKeyRef{"bgp", "mesh", {}};
    if (chance(3)) spec.node_mesh_max_restart_time = seconds();
    if (chance(4)) spec.service_cluster_ips = {{"10.96.0.0/12", {}}};
  }
  void peer(api::BgpPeerSpec& spec, const std::vector<std::string>& names) {
    if (chance(2)) spec.node = pick(names);
    if (chance(2)) spec.node_selector = pick({"all()", "rack == 'a'", "broken ==", "has(none)"});
    if (chance(2))
      spec.peer_ip = pick({"10.0.0.254", "10.0.0.254:1791", "[fd00::254]:1791", "fd00::254", "rubbish", "10.0.0.1",
                           "10.0.0.254:99999"});
    else
      spec.peer_selector = pick({"all()", "rack == 'a'", "broken =="});
    if (chance(2)) spec.as_number = as_number();
    if (chance(4)) spec.local_as_number = as_number();
    if (chance(2)) spec.password.emplace().secret_key_ref = api::SecretKeyRef{"bgp", "tor", {}};
    if (chance(3)) spec.source_address = pick({"None", "UseNodeIP", "odd"});
    if (chance(3)) spec.ttl_security = std::vector<int>{-1, 0, 1, 255, 256}[below(5)];
    if (chance(3)) spec.keepalive_time = seconds();
    if (chance(3)) spec.max_restart_time = seconds();
    if (chance(3)) spec.num_allowed_local_as_numbers = std::vector<int>{-1, 0, 1, 300}[below(4)];
    if (chance(3)) spec.next_hop_mode = pick({"Auto", "Self", "Keep", "odd"});
    if (chance(3)) spec.reachable_by = pick({"10.0.0.253", "fd00::253", "rubbish"});
    if (chance(3)) spec.reverse_peering = pick({"Auto", "Manual"});
    if (chance(6)) spec.filters = {"some"};
    if (chance(6)) spec.local_workload_selector = "all()";
  }

  std::mt19937 random_;
  std::string picked_;
};

RC_GTEST_PROP(BirdConfigProp, IsAcceptedByBirdForAnyCluster, (std::uint32_t seed)) {
  const auto input = Cluster(seed).make();

  const auto config = test::bird_config(input);
  RC_ASSERT(config.has_value());

  const std::string path = testing::TempDir() + "bird-prop." + std::to_string(getpid()) + ".cfg";
  RC_ASSERT(write_file_atomic(path, *config).has_value());
  const auto bird = run({"bird", "-p", "-c", path});
  RC_ASSERT(bird.has_value());
  if (!bird->ok()) RC_LOG() << bird->err << *config;
  RC_ASSERT(bird->ok());
  RC_ASSERT(remove_file(path).has_value());

  // A session for each peer, and a word about each BGPPeer that is left out.
  const auto view = bgp::make_view(input);
  for (const auto& peer : view.peers) RC_ASSERT(config->find("protocol bgp " + peer.name + " ") != config->npos);
}

}  // namespace
}  // namespace weft::confd
