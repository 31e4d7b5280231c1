#include "graph/hosts.h"

#include <optional>

namespace weft::graph {

std::vector<net::Ip> addresses_of(const api::Node& node) {
  std::vector<net::Ip> addresses;
  for (const auto family : {net::Family::v4, net::Family::v6}) {
    std::optional<net::Ip> found;
    if (node.spec.bgp) {
      const auto& address = family == net::Family::v4 ? node.spec.bgp->ipv4_address : node.spec.bgp->ipv6_address;
      if (address) found = address->ip;
    }
    for (const std::string_view type : {"CalicoNodeIP", "InternalIP", "ExternalIP"}) {
      for (const auto& entry : node.spec.addresses) {
        const auto address = net::Address::parse(entry.address);
        if (!found && entry.type == type && address && address->ip.family() == family) found = address->ip;
      }
    }
    if (found) addresses.push_back(*found);
  }
  return addresses;
}

void Hosts::forget(const std::string& node) {
  const auto it = nodes_.find(node);
  if (it == nodes_.end()) return;
  for (const auto& ip : it->second) {
    if (--counts_[ip] > 0) continue;
    counts_.erase(ip);
    rows_.drop(ip);
  }
  nodes_.erase(it);
}

void Hosts::on(const table::Delta<api::Node>& nodes) {
  if (nodes.whole) {
    while (!nodes_.empty()) forget(std::string(nodes_.begin()->first));
  }
  for (const auto& [name, node] : nodes.rows) {
    forget(name);
    if (!node) continue;
    auto addresses = addresses_of(*node);
    for (const auto& ip : addresses) {
      ++counts_[ip];
      rows_.put({ip});
    }
    nodes_.emplace(name, std::move(addresses));
  }
}

}  // namespace weft::graph
