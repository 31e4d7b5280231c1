#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/metadata.h"
#include "net/cidr.h"

/// IPAM objects as they lie in etcd (datamodel 3).
namespace weft::api {

struct IpamConfigurationSpec {
  bool strict_affinity = false;
  bool auto_allocate_blocks = false;
  int max_blocks_per_host = 0;
  std::string kubevirt_address_persistence;  // Enabled, Disabled
  int ip_cooldown_seconds = 0;
  schema::Extra extra;
  bool operator==(const IpamConfigurationSpec&) const = default;
};

/// The IPAMConfiguration resource. In etcd the library reads IpamConfig below instead.
struct IpamConfiguration {
  Metadata metadata;
  IpamConfigurationSpec spec;
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const IpamConfiguration&) const = default;
};

/// /calico/ipam/v2/config
struct IpamConfig {
  bool strict_affinity = false;
  bool auto_allocate_blocks = false;
  int max_blocks_per_host = 0;
  std::string kubevirt_address_persistence;  // kubeVirtVMAddressPersistence
  int ip_cooldown_seconds = 0;
  schema::Extra extra;
  bool operator==(const IpamConfig&) const = default;
};

/// One owner of addresses in a block.
struct BlockAttribute {
  std::optional<std::string> handle_id;
  std::map<std::string, std::string> secondary;
  std::map<std::string, std::string> alternate;  // alternateOwnerAttrs: the second owner while a VM moves
  std::optional<std::string> released_at;
  schema::Extra extra;
  bool operator==(const BlockAttribute&) const = default;
};

/// /calico/ipam/v2/assignment/ipv4/block/10.65.0.0-26
struct Block {
  net::Cidr cidr;
  std::optional<std::string> affinity;                    // "host:node1"; always written, null when none
  std::optional<std::string> affinity_claim_time;         // RFC 3339
  std::vector<std::optional<int>> allocations;            // index into attributes, by ordinal
  std::vector<int> unallocated;                           // free ordinals, first in first out
  std::optional<std::vector<BlockAttribute>> attributes;  // absent (null): never held an allocation
  std::uint64_t sequence_number = 0;
  std::map<int, std::uint64_t> sequence_number_for_allocation;
  bool deleted = false;
  schema::Extra extra;
  auto key() const { return cidr; }
  bool operator==(const Block&) const = default;
};

/// /calico/ipam/v2/handle/<id>; the id is only in the key.
struct Handle {
  std::string id;
  std::map<std::string, int> blocks;  // "block": CIDR -> number of addresses
  bool deleted = false;
  schema::Extra extra;
  auto key() const { return id; }
  bool operator==(const Handle&) const = default;
};

/// /calico/ipam/v2/host/<host>/ipv4/block/10.65.0.0-26; host and cidr are only in the key.
struct BlockAffinity {
  std::string host;
  net::Cidr cidr;
  std::string state;  // pending, confirmed, pendingDeletion; empty counts as confirmed
  bool deleted = false;
  schema::Extra extra;
  auto key() const { return std::pair(host, cidr); }
  bool operator==(const BlockAffinity&) const = default;
};

struct BlockAffinitySpec {
  std::string state;  // confirmed, pending, pendingDeletion
  std::string node;
  std::string type;  // host, virtual
  std::string cidr;
  bool deleted = false;
  schema::Extra extra;
  bool operator==(const BlockAffinitySpec&) const = default;
};

/// The resource of that kind. In etcd the affinities are BlockAffinity above; there are none of these.
struct BlockAffinityResource {
  Metadata metadata;
  BlockAffinitySpec spec;
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const BlockAffinityResource&) const = default;
};

}  // namespace weft::api
