#include "ipam/check.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/core.h>

#include "api/cluster_information.h"
#include "api/codec.h"
#include "api/ip_pool.h"
#include "api/node.h"
#include "api/workload_endpoint.h"
#include "ipam/affinity.h"
#include "ipam/pools.h"

namespace weft::ipam {

namespace {

class Checker {
 public:
  explicit Checker(Time now) : now_(now) {}

  void read(const store::Listing& listing) {
    for (const store::Entry& entry : listing.entries) {
      if (const auto cidr = api::parse_block_key(entry.key))
        read_block(entry, *cidr);
      else if (const auto host = api::parse_affinity_key(entry.key))
        read_affinity(entry, {host->first, "host"}, host->second);
      else if (const auto other = api::parse_affinity_key(entry.key, "virtual"))
        read_affinity(entry, {other->first, "virtual"}, other->second);
      else if (entry.key.starts_with(api::handle_path("")))
        read_handle(entry);
      else if (const auto resource = api::parse_resource_key(entry.key))
        read_resource(entry, resource->kind);
    }
  }

  CheckReport finish() {
    for (const auto& [cidr, block] : blocks_) check_block(block);
    check_handles();
    check_affinities();
    check_users();
    return std::move(report_);
  }

 private:
  struct HandleFound {
    std::map<std::string, int> blocks;
    store::Revision revision = 0;
  };

  void problem(std::string object, std::string text) {
    report_.problems.push_back({std::move(object), std::move(text)});
  }

  template <class T>
  std::optional<T> decode(const store::Entry& entry) {
    auto object = api::from_json<T>(entry.value);
    if (object) return std::move(*object);
    problem(entry.key, object.error().message);
    return std::nullopt;
  }

  void read_block(const store::Entry& entry, const net::Cidr& cidr) {
    auto block = api::from_json<api::Block>(entry.value);
    const auto sound = block ? verify(*block) : Result<>(std::unexpected(block.error()));
    std::optional<std::string> broken;
    if (!sound)
      broken = sound.error().message;
    else if (block->cidr != cidr)
      broken = "cidr is " + to_string(block->cidr);
    report_.blocks.push_back({cidr, sound ? block->affinity : std::nullopt, broken});
    if (broken) return problem(entry.key, *broken);
    blocks_.emplace(cidr, std::move(*block));
  }

  void read_affinity(const store::Entry& entry, const Affinity& who, const net::Cidr& cidr) {
    ++report_.affinities;
    std::string state = "confirmed";
    if (!entry.value.empty()) {
      const auto affinity = decode<api::BlockAffinity>(entry);
      if (!affinity) return;
      if (!affinity->state.empty()) state = affinity->state;
    }
    affinities_.emplace(std::pair(to_string(who), cidr), state);
  }

  void read_handle(const store::Entry& entry) {
    ++report_.handles;
    auto handle = decode<api::Handle>(entry);
    if (!handle) return;
    handles_.emplace(entry.key.substr(api::handle_path("").size()),
                     HandleFound{std::move(handle->blocks), entry.revision});
  }

  void read_resource(const store::Entry& entry, const std::string& kind) {
    if (kind == "WorkloadEndpoint") {
      ++report_.endpoints;
      const auto endpoint = decode<api::WorkloadEndpoint>(entry);
      if (!endpoint) return;
      const std::string name = fmt::format("Workload({}/{})", endpoint->metadata.namespace_, endpoint->metadata.name);
      for (const net::Cidr& address : endpoint->spec.ip_networks) use(address.ip(), name);
    } else if (kind == "Node") {
      const auto node = decode<api::Node>(entry);
      if (!node) return;
      nodes_.insert(node->metadata.name);
      const std::string name = "Node(" + node->metadata.name + ")";
      const api::NodeSpec& spec = node->spec;
      for (const auto& ip :
           {spec.bgp ? spec.bgp->ipv4_ipip_tunnel_address : std::nullopt, spec.ipv4_vxlan_tunnel_address,
            spec.ipv6_vxlan_tunnel_address, spec.wireguard ? spec.wireguard->interface_ipv4_address : std::nullopt,
            spec.wireguard ? spec.wireguard->interface_ipv6_address : std::nullopt})
        if (ip) use(*ip, name);
    } else if (kind == "IPPool") {
      if (auto pool = decode<api::IpPool>(entry)) pools_.push_back(std::move(*pool));
    } else if (kind == "ClusterInformation") {
      const auto cluster = decode<api::ClusterInformation>(entry);
      if (!cluster || cluster->metadata.name != "default") return;
      report_.cluster = {true, cluster->spec.cluster_guid, cluster->spec.cluster_type,
                         !cluster->spec.datastore_ready.value_or(true), entry.revision};
    }
  }

  void use(const net::Ip& ip, const std::string& name) {
    auto& users = users_[ip];
    if (!users.empty()) problem(name, fmt::format("address {} is that of {} too", to_string(ip), users.front()));
    users.push_back(name);
  }

  void check_block(const api::Block& block) {
    const std::string name = "block " + to_string(block.cidr);
    if (last_ && last_->contains(block.cidr))
      problem(name, "lies in block " + to_string(*last_));
    else
      last_ = block.cidr;
    if (block.affinity && !affinity_of(block)) problem(name, "affinity: \"" + *block.affinity + "\" is none");
    const api::IpPool* pool = pool_of(pools_, block.cidr, false);
    if (pool != nullptr && pool->spec.block_size != block.cidr.length())
      problem(name, fmt::format("blocks of pool {} are /{}", pool->metadata.name, pool->spec.block_size));

    std::set<int> free(block.unallocated.begin(), block.unallocated.end());
    std::set<int> indices;
    for (int ordinal = 0; ordinal < static_cast<int>(block.allocations.size()); ++ordinal) {
      const auto* attribute = attribute_of(block, ordinal);
      const auto sequence = block.sequence_number_for_allocation.find(ordinal);
      const bool has_sequence = sequence != block.sequence_number_for_allocation.end();
      if (attribute == nullptr) {
        if (!free.contains(ordinal))
          problem(name, fmt::format("ordinal {} is neither allocated nor in the free list", ordinal));
        if (has_sequence) problem(name, fmt::format("ordinal {} is free and has a sequence number", ordinal));
        continue;
      }
      indices.insert(*block.allocations[static_cast<std::size_t>(ordinal)]);
      if (has_sequence && sequence->second > block.sequence_number)
        problem(name,
                fmt::format("ordinal {}: sequence number {} is later than the block's", ordinal, sequence->second));
      allocation(block, ordinal, *attribute, has_sequence ? sequence->second : 0);
    }
    for (const auto& [ordinal, sequence] : block.sequence_number_for_allocation) {
      if (ordinal < 0 || static_cast<std::size_t>(ordinal) >= block.allocations.size())
        problem(name, fmt::format("sequenceNumberForAllocation: {} is outside the block", ordinal));
    }
    const auto attributes = block.attributes.value_or(std::vector<api::BlockAttribute>());
    for (int i = 0; i < static_cast<int>(attributes.size()); ++i) {
      const auto& attribute = attributes[static_cast<std::size_t>(i)];
      if (!indices.contains(i)) problem(name, fmt::format("attribute {} belongs to no address", i));
      if (!is_cooling(attribute)) continue;
      const auto since = from_rfc3339(*attribute.released_at);
      if (!since) problem(name, fmt::format("attribute {}: releasedAt: is no time", i));
      if (since && *since > now_ + std::chrono::seconds(5))
        problem(name, fmt::format("attribute {}: releasedAt is in the future: a clock is wrong", i));
      if (attribute.handle_id || !attribute.secondary.empty())
        problem(name, fmt::format("attribute {} is released and has an owner", i));
    }
  }

  void allocation(const api::Block& block, int ordinal, const api::BlockAttribute& attribute, std::uint64_t sequence) {
    Allocation found;
    found.ip = address_at(block, ordinal);
    found.block = block.cidr;
    found.affinity = block.affinity;
    found.handle = handle_of(attribute);
    found.attributes = attribute.secondary;
    found.alternate = attribute.alternate;
    found.released_at = attribute.released_at;
    found.sequence = sequence;
    const bool windows = found.handle == windows_handle;
    if (const auto users = users_.find(found.ip); users != users_.end()) found.users = users->second;
    if (windows) found.users.push_back("Reserved for Windows");
    // Only Kubernetes knows whether a service still has its address.
    if (affinity_of(block) && affinity_of(block)->is_virtual()) found.users.push_back("Service load balancer");
    if (!found.released_at) {
      if (!found.handle.empty() && !windows) ++counts_[found.handle][to_string(block.cidr)];
      allocated_.insert(found.ip);
      if (found.users.empty()) report_.leaked.push_back(found);
    }
    report_.allocations.push_back(std::move(found));
  }

  void check_handles() {
    for (const auto& [id, handle] : handles_) {
      if (!counts_.contains(id)) report_.leaked_handles.push_back({id, handle.revision});
      for (const auto& [cidr, count] : handle.blocks) {
        const int real = counts_[id].contains(cidr) ? counts_[id][cidr] : 0;
        if (real != count)
          problem("handle " + id, fmt::format("counts {} address(es) in block {}, which has {}", count, cidr, real));
      }
    }
    for (const auto& [id, blocks] : counts_) {
      const auto handle = handles_.find(id);
      if (handle == handles_.end() && !blocks.empty()) report_.missing_handles.push_back(id);
      for (const auto& [cidr, real] : blocks) {
        if (handle == handles_.end())
          problem("handle " + id, fmt::format("does not exist, and block {} has {} address(es) of it", cidr, real));
        else if (!handle->second.blocks.contains(cidr))
          problem("handle " + id, fmt::format("does not know block {}, which has {} address(es) of it", cidr, real));
      }
    }
  }

  void check_affinities() {
    for (const auto& [key, state] : affinities_) {
      const auto& [owner, cidr] = key;
      const bool node = owner.starts_with("host:");
      const std::string who = owner.substr(owner.find(':') + 1);
      const std::string name = fmt::format("affinity of {} for {}", who, to_string(cidr));
      if (node && !nodes_.contains(who)) problem(name, "there is no such Node");
      const auto block = blocks_.find(cidr);
      if (state != "confirmed")
        problem(name, "is left " + state);
      else if (block == blocks_.end())
        problem(name, "there is no such block");
      else if (block->second.affinity != owner)
        problem(name, "the block's affinity is " + block->second.affinity.value_or("null"));
    }
    for (const auto& [cidr, block] : blocks_) {
      const auto who = affinity_of(block);
      if (who && !affinities_.contains({to_string(*who), cidr}))
        problem("block " + to_string(cidr), "belongs to " + who->host + ", and there is no affinity that says so");
    }
  }

  void check_users() {
    for (const api::IpPool& pool : pools_)
      if (is_enabled(pool)) report_.pools.push_back(pool.spec.cidr);
    for (const auto& [ip, users] : users_) {
      report_.in_use.push_back({ip, users});
      if (allocated_.contains(ip)) continue;
      const auto holds = [&](const net::Cidr& cidr) { return cidr.contains(ip); };
      if (std::ranges::any_of(report_.blocks, [&](const auto& block) { return block.broken && holds(block.cidr); }))
        continue;
      if (!std::ranges::any_of(report_.pools, holds)) {
        report_.foreign.push_back({ip, users});
      } else {
        report_.not_allocated.push_back({ip, users});
        problem(users.front(), fmt::format("address {} lies in a pool and is not allocated", to_string(ip)));
      }
    }
  }

  const Time now_;
  CheckReport report_;
  std::map<net::Cidr, api::Block> blocks_;
  std::map<std::pair<std::string, net::Cidr>, std::string> affinities_;  // "host:node1" and block -> state
  std::map<std::string, HandleFound> handles_;
  std::map<std::string, std::map<std::string, int>> counts_;  // what the blocks say: handle -> block -> addresses
  std::map<net::Ip, std::vector<std::string>> users_;
  std::set<net::Ip> allocated_;
  std::set<std::string> nodes_;
  std::vector<api::IpPool> pools_;
  std::optional<net::Cidr> last_;
};

}  // namespace

Result<CheckReport> check(store::Store& store, const Clock& clock) {
  Checker checker(clock.wall());
  checker.read(TRY(store.list("/calico/")));
  return checker.finish();
}

}  // namespace weft::ipam
