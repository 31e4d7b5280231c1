#include "api/ipam.h"

#include "api/described.h"

namespace weft::schema {

using api::Block, api::BlockAffinity, api::BlockAffinityResource, api::BlockAffinitySpec, api::BlockAttribute,
    api::Handle, api::IpamConfig, api::IpamConfiguration, api::IpamConfigurationSpec;

template <>
const Schema& schema_of<IpamConfigurationSpec>() {
  using Spec = IpamConfigurationSpec;
  static const Schema schema =
      describe<Spec>("IPAMConfigurationSpec", "How addresses are given out.")
          .field("strictAffinity", &Spec::strict_affinity, "Addresses come only from a node's own blocks.", always)
          .field("maxBlocksPerHost", &Spec::max_blocks_per_host, "Blocks that a node may have; 0: the default.",
                 Range{0, 1000000})
          .field("autoAllocateBlocks", &Spec::auto_allocate_blocks, "Nodes take blocks as they need them.", always)
          .field("kubeVirtVMAddressPersistence", &Spec::kubevirt_address_persistence, "VMs keep their addresses.",
                 OneOf{{"Enabled", "Disabled"}})
          .field("ipCooldownSeconds", &Spec::ip_cooldown_seconds, "How long a released address rests.", Range{0, 1200})
          .extra(&Spec::extra);
  return schema;
}

template <>
const Schema& schema_of<IpamConfiguration>() {
  static const Schema schema =
      describe<IpamConfiguration>("IPAMConfiguration", "How addresses are given out; one object, default.")
          .resource("ipamconfigurations", {"ipamconfig", "ipamconfigs"})
          .example(R"(metadata:
  name: default
spec:
  strictAffinity: false
  autoAllocateBlocks: true
  maxBlocksPerHost: 20
)")
          .field("metadata", &IpamConfiguration::metadata, "Name and labels.", always)
          .field("spec", &IpamConfiguration::spec, "How addresses are given out.", always)
          .extra(&IpamConfiguration::extra)
          .check(api::check_name<IpamConfiguration>(api::only_default, false))
          .column("NAME", Show::always, api::name_column)
          .column("STRICTAFFINITY", Show::always,
                  [](const auto& o, const Facts&) { return o.spec.strict_affinity ? "true" : "false"; })
          .column("AUTOALLOCATEBLOCKS", Show::always,
                  [](const auto& o, const Facts&) { return o.spec.auto_allocate_blocks ? "true" : "false"; })
          .column("MAXBLOCKSPERHOST", Show::wide,
                  [](const auto& o, const Facts&) { return std::to_string(o.spec.max_blocks_per_host); });
  return schema;
}

template <>
const Schema& schema_of<IpamConfig>() {
  static const Schema schema =
      describe<IpamConfig>("IPAMConfig", "How addresses are given out, where the library reads it.")
          .field("strict_affinity", &IpamConfig::strict_affinity, "Addresses come only from a node's own blocks.")
          .field("auto_allocate_blocks", &IpamConfig::auto_allocate_blocks, "Nodes take blocks as they need them.")
          .field("maxBlocksPerHost", &IpamConfig::max_blocks_per_host, "Blocks that a node may have; 0: the default.")
          .field("kubeVirtVMAddressPersistence", &IpamConfig::kubevirt_address_persistence, "VMs keep their addresses.")
          .field("ipCooldownSeconds", &IpamConfig::ip_cooldown_seconds, "How long a released address rests.")
          .extra(&IpamConfig::extra);
  return schema;
}

template <>
const Schema& schema_of<BlockAttribute>() {
  static const Schema schema =
      describe<BlockAttribute>("BlockAttribute", "One owner of addresses in a block.")
          .field("handle_id", &BlockAttribute::handle_id, "Handle that the addresses were assigned by.")
          .field("secondary", &BlockAttribute::secondary, "Who owns them: pod, namespace, node, …")
          .field("alternateOwnerAttrs", &BlockAttribute::alternate, "The second owner while a virtual machine moves.")
          .field("releasedAt", &BlockAttribute::released_at, "The addresses rest since then.")
          .extra(&BlockAttribute::extra);
  return schema;
}

template <>
const Schema& schema_of<Block>() {
  static const Schema schema =
      describe<Block>("IPAMBlock", "A block of addresses.")
          .field("cidr", &Block::cidr, "Its range.", required, always)
          .field("affinity", &Block::affinity, "Who takes addresses from it first: host:node1, virtual:load-balancer.",
                 always)
          .field("affinity_claim_time", &Block::affinity_claim_time, "Since when.")
          .field("allocations", &Block::allocations, "By ordinal: index into attributes.", required, always)
          .field("unallocated", &Block::unallocated, "Free ordinals, first in first out.", always)
          .field("attributes", &Block::attributes, "Owners.", always)
          .field("sequenceNumber", &Block::sequence_number, "Grows with every write.", always)
          .field("sequenceNumberForAllocation", &Block::sequence_number_for_allocation,
                 "By ordinal: at its allocation.", always)
          .field("deleted", &Block::deleted, "Always false in etcd.", always)
          .extra(&Block::extra);
  return schema;
}

template <>
const Schema& schema_of<Handle>() {
  static const Schema schema = describe<Handle>("IPAMHandle", "The blocks that addresses of one owner are in.")
                                   .field("id", &Handle::id, "Its id.", key_only)
                                   .field("block", &Handle::blocks, "By block: number of addresses.", always)
                                   .field("deleted", &Handle::deleted, "Always false in etcd.", always)
                                   .extra(&Handle::extra);
  return schema;
}

template <>
const Schema& schema_of<BlockAffinity>() {
  static const Schema schema =
      describe<BlockAffinity>("BlockAffinity", "A block that a node has claimed.")
          .field("host", &BlockAffinity::host, "The node.", key_only)
          .field("cidr", &BlockAffinity::cidr, "The block.", key_only)
          .field("state", &BlockAffinity::state, "pending, confirmed, pendingDeletion.", always)
          .field("deleted", &BlockAffinity::deleted, "Always false in etcd.", always)
          .extra(&BlockAffinity::extra);
  return schema;
}

template <>
const Schema& schema_of<BlockAffinitySpec>() {
  using Spec = BlockAffinitySpec;
  static const Schema schema =
      describe<Spec>("BlockAffinitySpec", "Who has claimed which block.")
          .field("state", &Spec::state, "How far the claim is.", always,
                 OneOf{{"", "confirmed", "pending", "pendingDeletion"}})
          .field("node", &Spec::node, "Who: the node.", required)
          .field("type", &Spec::type, "Kind of owner: host or virtual.")
          .field("cidr", &Spec::cidr, "The block.", required, Format{api::loose_cidr})
          .field("deleted", &Spec::deleted, "Set while it is being removed.", always)
          .extra(&Spec::extra)
          .rule("deleted", "spec.Deleted cannot be set to \"true\"", [](const Spec& s) { return s.deleted; });
  return schema;
}

template <>
const Schema& schema_of<BlockAffinityResource>() {
  using Affinity = BlockAffinityResource;
  static const Schema schema = describe<Affinity>("BlockAffinity", "A claim of a block, where the store is Kubernetes.")
                                   .resource("blockaffinities", {"affinity", "affinities"})
                                   .example(R"(metadata:
  name: node1-10-65-0-0-26
spec:
  state: confirmed
  node: node1
  type: host
  cidr: 10.65.0.0/26
)")
                                   .internal()
                                   .field("metadata", &Affinity::metadata, "Name and labels.", always)
                                   .field("spec", &Affinity::spec, "Who has claimed which block.", always)
                                   .extra(&Affinity::extra)
                                   .check(api::check_name<Affinity>(api::dns_subdomain, false))
                                   .column("NAME", Show::always, api::name_column)
                                   .column("CIDR", Show::wide, [](const auto& a, const Facts&) { return a.spec.cidr; })
                                   .column("NODE", Show::wide, [](const auto& a, const Facts&) { return a.spec.node; });
  return schema;
}

}  // namespace weft::schema
