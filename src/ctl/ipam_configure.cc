// What changes how addresses are given out: `ipam configure`, `ipam split`.

#include <bit>
#include <charconv>
#include <cstdio>

#include <fmt/core.h>

#include "api/cluster_information.h"
#include "api/codec.h"
#include "api/ip_pool.h"
#include "base/strings.h"
#include "client/resources.h"
#include "ctl/access.h"
#include "ctl/ipam.h"
#include "ipam/config.h"
#include "ipam/placement.h"

namespace weft::ctl {
namespace {

std::optional<int> parse_int(std::string_view text) {
  int number = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? std::optional(number)
                                                                                              : std::nullopt;
}

/// As Go's strconv.ParseBool reads it.
std::optional<bool> parse_bool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (text == yes) return true;
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"})
    if (text == no) return false;
  return std::nullopt;
}

/// The configuration with what is wanted, and a line for each change.
Result<std::vector<std::string>> change(api::IpamConfig& config, const IpamConfigure& words) {
  std::vector<std::string> said;
  const auto say = [&](std::string_view name, const std::string& value) {
    said.push_back(fmt::format("Successfully set {} to: {}\n", name, value));
  };
  if (!words.strict_affinity.empty()) {
    const auto strict = parse_bool(words.strict_affinity);
    if (!strict) return fail(Code::invalid, "invalid value. Use true or false to set strictaffinity");
    config.strict_affinity = *strict;
    say("StrictAffinity", *strict ? "true" : "false");
  }
  if (!words.max_blocks.empty()) {
    const auto most = parse_int(words.max_blocks);
    if (!most) return fail(Code::invalid, "invalid value for maxblockhost. Use a valid number");
    config.max_blocks_per_host = *most;
    say("MaxBlocksPerHost", std::to_string(*most));
  }
  if (!words.persistence.empty()) {
    if (words.persistence != "Enabled" && words.persistence != "Disabled")
      return fail(Code::invalid, "invalid value for --kubevirt-ip-persistence. Use Enabled or Disabled");
    config.kubevirt_address_persistence = words.persistence;
    say("KubeVirtVMAddressPersistence", words.persistence);
  }
  if (words.cooldown >= 0) {
    config.ip_cooldown_seconds = words.cooldown;
    say("IPCooldownSeconds", std::to_string(words.cooldown));
  }
  if (said.empty()) return fail(Code::invalid, "at least one configuration option must be specified");
  return said;
}

Result<api::IpPool> find_pool(store::Store& store, const IpamSplit& words) {
  if (!words.name.empty()) {
    auto pool = client::get<api::IpPool>(store, words.name);
    if (pool) return pool;
    return fail(pool.error().code,
                fmt::format("unable to find IP pool with name {}: {}", words.name, pool.error().message));
  }
  for (auto& pool : TRY(client::list<api::IpPool>(store)).items)
    if (net::to_string(pool.spec.cidr) == words.cidr) return std::move(pool);
  return fail(Code::not_found, fmt::format("unable to find IP pool  covering the specified CIDR {}", words.cidr));
}

/// The pools that take a pool's place.
Result<std::vector<api::IpPool>> parts_of(const api::IpPool& pool, int parts) {
  const net::Cidr& cidr = pool.spec.cidr;
  const auto refuse = [&](const std::string& why) {
    return fail(Code::invalid,
                fmt::format("error splitting the CIDR {} into {} CIDRs: {}", net::to_string(cidr), parts, why));
  };
  if (parts < 2 || !std::has_single_bit(static_cast<unsigned>(parts)))
    return refuse(fmt::format("number to split CIDR into is not a valid power of 2: {}", parts));
  const int length = cidr.length() + std::countr_zero(static_cast<unsigned>(parts));
  // A block may not be larger than its pool: those that there are stay what they are.
  if (length > pool.spec.block_size)
    return refuse(
        fmt::format("the CIDR {} is not large enough to be split into {} parts", net::to_string(cidr), parts));
  std::vector<api::IpPool> pools;
  net::Cidr range(cidr.ip(), length);
  for (int i = 0; i < parts; ++i) {
    api::IpPool part = pool;
    const std::string name = fmt::format("split-{}-{}", pool.metadata.name, i);
    part.metadata.name = name.size() <= 253 ? name : fmt::format("split-{}-{}", pool.metadata.name.substr(0, 240), i);
    part.metadata.uid.clear();
    part.metadata.resource_version.clear();
    part.metadata.creation_timestamp.clear();
    part.spec.cidr = range;
    part.spec.disabled = false;
    pools.push_back(std::move(part));
    if (i + 1 < parts) range = net::Cidr(ipam::advance(range.last(), 1), length);
  }
  return pools;
}

struct Split {
  std::string name;
  std::vector<api::IpPool> parts;
};

Result<Split> split(store::Store& store, const IpamSplit& words, Voice voice) {
  const auto parts = parse_int(words.parts);
  if (!parts)
    return fail(Code::invalid,
                fmt::format("error reading number to split IP pools into. {} is not a valid number", words.parts));
  if (words.cidr.empty() && words.name.empty())
    return fail(Code::invalid, "no name or CIDR provided. Provide a name or CIDR to denote the IP pool to split");
  const auto cluster = TRY(
      within(client::get<api::ClusterInformation>(store, "default"), "error while checking if datastore was locked"));
  if (cluster.spec.datastore_ready.value_or(true))
    return fail(Code::denied,
                fmt::format("datastore is not locked. Run the `{} datastore migrate lock` command in order "
                            "split the IP pools",
                            voice == Voice::weft ? "weft" : "calicoctl"));
  const api::IpPool pool = TRY(find_pool(store, words));
  Split split{pool.metadata.name, TRY(parts_of(pool, *parts))};
  // One transaction, where it fits; else the parts first, and whoever is interrupted begins anew.
  constexpr std::size_t most_ops = 100;
  std::vector<store::Op> ops;
  for (api::IpPool& part : split.parts) {
    if (ops.size() == most_ops) {
      TRY(store.commit(ops));
      ops.clear();
    }
    const auto there = client::get<api::IpPool>(store, part.metadata.name);
    if (!there || there->spec.cidr != part.spec.cidr) ops.push_back(TRY(client::create_op(part)));
  }
  store::Revision revision = 0;
  const std::string& text = pool.metadata.resource_version;
  std::from_chars(text.data(), text.data() + text.size(), revision);
  ops.push_back({.kind = store::Op::Kind::remove, .key = api::path_of(pool), .expected = revision});
  TRY(store.commit(ops));
  return split;
}

}  // namespace

int configure_ipam(store::Store& store, const IpamConfigure& words, Voice) {
  auto config = ipam::read_config(store);
  if (!config) return complain(Error(config.error()).within("error"));
  const auto said = change(*config, words);
  if (!said) return complain(said.error());
  if (const auto written = ipam::write_config(store, *config); !written)
    return complain(Error(written.error()).within("error"));
  fmt::print("{}", join(*said, ""));
  return 0;
}

int split_pool(store::Store& store, const IpamSplit& words, Voice voice) {
  const auto done = split(store, words, voice);
  if (!done) return complain(done.error());
  fmt::print("IP Pool {} was successfully split into {} smaller pools.\n", done->name, done->parts.size());
  for (const auto& part : done->parts)
    fmt::print("Created {} with CIDR {}.\n", part.metadata.name, net::to_string(part.spec.cidr));
  fmt::print("{}", voice == Voice::calicoctl ? "Please refer to the documentation for final steps.\n"
                                             : "Blocks and addresses stay as they are. Unlock the store with `weft "
                                               "datastore migrate unlock`.\n");
  return 0;
}

}  // namespace weft::ctl
