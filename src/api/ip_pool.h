#pragma once

#include <string>
#include <vector>

#include "api/metadata.h"
#include "net/cidr.h"

namespace weft::api {

enum class EncapMode { never, always, cross_subnet };  // Never, Always, CrossSubnet

struct IpPoolSpec {
  net::Cidr cidr;
  EncapMode vxlan_mode = EncapMode::never;
  EncapMode ipip_mode = EncapMode::never;
  bool nat_outgoing = false;
  bool disabled = false;
  bool disable_bgp_export = false;
  int block_size = 0;  // prefix length of a block; default 26 / 122 (filled on read and write)
  std::string node_selector;
  std::string namespace_selector;
  std::vector<std::string> allowed_uses;  // Workload, Tunnel, LoadBalancer
  std::string assignment_mode;            // Automatic, Manual
  schema::Extra extra;
  bool operator==(const IpPoolSpec&) const = default;
};

/// Addresses that workloads and tunnels are given.
struct IpPool {
  Metadata metadata;
  IpPoolSpec spec;
  std::string status;  // as JSON text; empty when absent
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const IpPool&) const = default;
};

}  // namespace weft::api
