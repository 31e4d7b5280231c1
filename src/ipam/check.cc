#include "ipam/check.h"

#include <map>
#include <set>

#include <fmt/core.h>

#include "api/codec.h"
#include "api/ip_pool.h"
#include "api/node.h"
#include "api/workload_endpoint.h"
#include "ipam/affinity.h"

namespace weft::ipam {

namespace {

class Checker {
 public:
  void read(const store::Listing& listing) {
    for (const store::Entry& entry : listing.entries) {
      if (const auto cidr = api::parse_block_key(entry.key))
        read_block(entry, *cidr);
      else if (const auto key = api::parse_affinity_key(entry.key))
        read_affinity(entry, *key);
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
    ++report_.blocks;
    auto block = decode<api::Block>(entry);
    if (!block) return;
    if (block->cidr != cidr) return problem(entry.key, "cidr is " + to_string(block->cidr));
    if (const auto sound = verify(*block); !sound) return problem(entry.key, sound.error().message);
    blocks_.emplace(cidr, std::move(*block));
  }

  void read_affinity(const store::Entry& entry, const std::pair<std::string, net::Cidr>& key) {
    ++report_.affinities;
    std::string state = "confirmed";
    if (!entry.value.empty()) {
      const auto affinity = decode<api::BlockAffinity>(entry);
      if (!affinity) return;
      if (!affinity->state.empty()) state = affinity->state;
    }
    affinities_.emplace(key, state);
  }

  void read_handle(const store::Entry& entry) {
    ++report_.handles;
    auto handle = decode<api::Handle>(entry);
    if (handle) handles_.emplace(entry.key.substr(api::handle_path("").size()), std::move(handle->blocks));
  }

  void read_resource(const store::Entry& entry, const std::string& kind) {
    if (kind == "WorkloadEndpoint") {
      ++report_.endpoints;
      const auto endpoint = decode<api::WorkloadEndpoint>(entry);
      if (!endpoint) return;
      const std::string name = "endpoint " + endpoint->metadata.namespace_ + "/" + endpoint->metadata.name;
      for (const net::Cidr& address : endpoint->spec.ip_networks) use(address.ip(), name);
    } else if (kind == "Node") {
      const auto node = decode<api::Node>(entry);
      if (!node) return;
      nodes_.insert(node->metadata.name);
      const std::string name = "node " + node->metadata.name;
      const api::NodeSpec& spec = node->spec;
      for (const auto& ip :
           {spec.bgp ? spec.bgp->ipv4_ipip_tunnel_address : std::nullopt, spec.ipv4_vxlan_tunnel_address,
            spec.ipv6_vxlan_tunnel_address, spec.wireguard ? spec.wireguard->interface_ipv4_address : std::nullopt,
            spec.wireguard ? spec.wireguard->interface_ipv6_address : std::nullopt})
        if (ip) use(*ip, name);
    } else if (kind == "IPPool") {
      if (const auto pool = decode<api::IpPool>(entry)) pools_.push_back(pool->spec.cidr);
    }
  }

  void use(const net::Ip& ip, const std::string& name) {
    const auto [found, fresh] = users_.emplace(ip, name);
    if (!fresh) problem(name, fmt::format("address {} is that of {} too", to_string(ip), found->second));
  }

  void check_block(const api::Block& block) {
    const std::string name = "block " + to_string(block.cidr);
    if (last_ && last_->contains(block.cidr))
      problem(name, "lies in block " + to_string(*last_));
    else
      last_ = block.cidr;

    std::set<int> free(block.unallocated.begin(), block.unallocated.end());
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
      ++report_.addresses;
      if (has_sequence && sequence->second > block.sequence_number)
        problem(name,
                fmt::format("ordinal {}: sequence number {} is later than the block's", ordinal, sequence->second));
      if (is_cooling(*attribute)) continue;
      const std::string handle = handle_of(*attribute);
      if (!handle.empty() && handle != windows_handle) ++counts_[handle][to_string(block.cidr)];
      const net::Ip ip = address_at(block, ordinal);
      allocated_.insert(ip);
      if (users_.contains(ip) || handle == windows_handle) continue;
      report_.leaked.push_back({.ip = ip,
                                .block = block.cidr,
                                .affinity = block.affinity,
                                .handle = handle,
                                .attributes = attribute->secondary,
                                .sequence = has_sequence ? sequence->second : 0});
    }
  }

  void check_handles() {
    for (const auto& [id, blocks] : handles_) {
      for (const auto& [cidr, count] : blocks) {
        const int real = counts_[id].contains(cidr) ? counts_[id][cidr] : 0;
        if (real != count)
          problem("handle " + id, fmt::format("counts {} address(es) in block {}, which has {}", count, cidr, real));
      }
    }
    for (const auto& [id, blocks] : counts_) {
      const auto handle = handles_.find(id);
      for (const auto& [cidr, real] : blocks) {
        if (handle == handles_.end())
          problem("handle " + id, fmt::format("does not exist, and block {} has {} address(es) of it", cidr, real));
        else if (!handle->second.contains(cidr))
          problem("handle " + id, fmt::format("does not know block {}, which has {} address(es) of it", cidr, real));
      }
    }
  }

  void check_affinities() {
    for (const auto& [key, state] : affinities_) {
      const auto& [host, cidr] = key;
      const std::string name = fmt::format("affinity of {} for {}", host, to_string(cidr));
      if (!nodes_.contains(host)) problem(name, "there is no such Node");
      const auto block = blocks_.find(cidr);
      if (state != "confirmed")
        problem(name, "is left " + state);
      else if (block == blocks_.end())
        problem(name, "there is no such block");
      else if (block->second.affinity != affinity_of(host))
        problem(name, "the block's affinity is " + block->second.affinity.value_or("null"));
    }
    for (const auto& [cidr, block] : blocks_) {
      const auto host = host_of(block);
      if (host && !affinities_.contains({*host, cidr}))
        problem("block " + to_string(cidr), "belongs to " + *host + ", and there is no affinity that says so");
    }
  }

  void check_users() {
    for (const auto& [ip, name] : users_) {
      if (allocated_.contains(ip)) continue;
      for (const net::Cidr& pool : pools_)
        if (pool.contains(ip))
          problem(name, fmt::format("address {} lies in a pool and is not allocated", to_string(ip)));
    }
  }

  CheckReport report_;
  std::map<net::Cidr, api::Block> blocks_;
  std::map<std::pair<std::string, net::Cidr>, std::string> affinities_;
  std::map<std::string, std::map<std::string, int>> handles_;
  std::map<std::string, std::map<std::string, int>> counts_;  // what the blocks say: handle -> block -> addresses
  std::map<net::Ip, std::string> users_;
  std::set<net::Ip> allocated_;
  std::set<std::string> nodes_;
  std::vector<net::Cidr> pools_;
  std::optional<net::Cidr> last_;
};

}  // namespace

Result<CheckReport> check(store::Store& store) {
  Checker checker;
  checker.read(TRY(store.list("/calico/")));
  return checker.finish();
}

}  // namespace weft::ipam
