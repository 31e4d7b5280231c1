#pragma once

#include <string>

#include "base/result.h"
#include "bgp/view.h"
#include "confd/render.h"

/// What tests of BIRD's configuration share.
namespace weft::confd::test {

inline bgp::Input cluster(const std::string& node) {
  bgp::Input input;
  input.node = node;
  for (int i = 1; i <= 3; ++i) {
    const std::string name = "node" + std::to_string(i);
    api::Node& row = input.nodes[name];
    row.metadata.name = name;
    row.spec.bgp.emplace();
    row.spec.bgp->ipv4_address = *net::Address::parse("10.0.0." + std::to_string(i) + "/24");
    row.spec.bgp->ipv6_address = *net::Address::parse("fd00::" + std::to_string(i) + "/64");
  }
  return input;
}

inline api::IpPoolSpec& add_pool(bgp::Input& input, const std::string& name, const std::string& cidr) {
  api::IpPool& pool = input.pools[name];
  pool.metadata.name = name;
  pool.spec.cidr = *net::Cidr::parse(cidr);
  return pool.spec;
}

inline void add_block(bgp::Input& input, const std::string& host, const std::string& cidr) {
  const auto parsed = *net::Cidr::parse(cidr);
  input.affinities[{host, parsed}] = {host, parsed, "confirmed", false, {}};
}

inline api::BgpPeerSpec& add_peer(bgp::Input& input, const std::string& name) {
  input.peers[name].metadata.name = name;
  return input.peers[name].spec;
}

/// BIRD's configuration as the shipped template makes it.
inline Result<std::string> bird_config(const bgp::Input& input) {
  Keys keys;
  for (const auto& [key, value] : bgp::view_keys(input, bgp::make_view(input))) keys.emplace(key, value);
  Resource resource;
  resource.source = WEFT_SOURCE_DIR "/templates/confd/templates/bird.cfg.template";
  resource.prefix = "/calico";
  return render(resource, keys);
}

}  // namespace weft::confd::test
