#include <algorithm>
#include <cstdio>
#include <map>

#include <fmt/core.h>

#include "base/file.h"
#include "base/strings.h"
#include "ctl/access.h"
#include "ctl/ipam.h"

namespace weft::ctl {
namespace {

std::string list_of(const std::map<std::string, std::string>& attributes) {
  std::vector<std::string> pairs;
  for (const auto& [key, value] : attributes) pairs.push_back(key + '=' + value);
  return join(pairs, ",");
}

/// An owner as calicoctl writes it.
std::string attributes_of(const ipam::Allocation& each) {
  std::string text =
      fmt::format("Main:{} Extra:{}", each.handle.empty() ? "<none>" : each.handle, list_of(each.attributes));
  if (!each.alternate.empty()) text += " Alternate:" + list_of(each.alternate);
  return text;
}

/// calicoctl's walk through all that there is, section by section.
class AsCalicoctl {
 public:
  AsCalicoctl(const ipam::CheckReport& report, const IpamCheck& words)
      : report_(report), all_(words.all), problems_(words.all || words.problems) {}

  void print() {
    fmt::print("Checking IPAM for inconsistencies...\n\n");
    blocks();
    pools();
    users();
    fmt::print("Loading all handles\n");
    nodes();
    addresses();
    handles();
    broken();
    fmt::print("Check complete; found {} problems.\n", count_);
  }

 private:
  void blocks() {
    fmt::print("Loading all IPAM blocks...\nFound {} IPAM blocks.\n", report_.blocks.size());
    for (const auto& block : report_.blocks) {
      fmt::print(" IPAM block {} affinity={}:\n", net::to_string(block.cidr), block.affinity.value_or("<none>"));
      if (!all_) continue;
      for (const auto& each : report_.allocations)
        if (each.block == block.cidr)
          fmt::print("  {} allocated; attrs {}\n", net::to_string(each.ip), attributes_of(each));
    }
    fmt::print("IPAM blocks record {} allocations.\n\n", report_.allocations.size());
  }

  void pools() {
    fmt::print("Loading all IPAM pools...\n");
    for (const auto& pool : report_.pools) fmt::print("  {}\n", net::to_string(pool));
    fmt::print("Found {} active IP pools.\n\n", report_.pools.size());
  }

  /// Those whose name begins so; how many.
  std::size_t users_of(std::string_view kind) const {
    std::size_t count = 0;
    for (const auto& use : report_.in_use) {
      for (const auto& user : use.users) {
        if (!user.starts_with(kind)) continue;
        ++count;
        if (all_) fmt::print("  {} belongs to {}\n", net::to_string(use.ip), user);
      }
    }
    return count;
  }

  void users() const {
    fmt::print("Loading all nodes.\n");
    fmt::print("Found {} node tunnel IPs.\n\n", users_of("Node("));
    fmt::print("Loading all service load balancer IPs.\n");
    fmt::print("There is no Kubernetes to ask for services; their addresses count as used.\n\n");
    fmt::print("Loading all workload endpoints.\n");
    fmt::print("Found {} workload IPs.\n", users_of("Workload("));
    fmt::print("Workloads and nodes are using {} IPs.\n\n", report_.in_use.size());
  }

  void nodes() const {
    constexpr std::size_t most = 20;
    std::map<std::string, std::size_t> by_node;
    for (const auto& each : report_.allocations) {
      const auto node = each.attributes.find("node");
      const std::string affinity = each.affinity.value_or("");
      ++by_node[node != each.attributes.end()   ? node->second
                : affinity.starts_with("host:") ? affinity.substr(5)
                                                : std::string()];
    }
    std::vector<std::pair<std::string, std::size_t>> sorted(by_node.begin(), by_node.end());
    std::ranges::stable_sort(sorted, std::greater(), [](const auto& each) { return each.second; });
    fmt::print("Looking for top (up to {}) nodes by allocations...\n", most);
    for (std::size_t i = 0; i < std::min(most, sorted.size()); ++i)
      fmt::print("  {} has {} allocations\n", sorted[i].first, sorted[i].second);
    if (!sorted.empty())
      fmt::print("Node with most allocations has {}; median is {}\n", sorted[0].second,
                 sorted[sorted.size() / 2].second);
    fmt::print("\n");
  }

  void addresses() {
    fmt::print("Scanning for IPs that are allocated but not actually in use...\n");
    if (problems_) {
      for (const auto& leak : report_.leaked)
        fmt::print("  {} leaked; attrs {}\n", net::to_string(leak.ip), attributes_of(leak));
    }
    count_ += report_.leaked.size();
    fmt::print("Found {} IPs that are allocated in IPAM but not actually in use.\n", report_.leaked.size());
    fmt::print("Scanning for IPs that are in use by a workload or node but not allocated in IPAM...\n");
    const auto each_user = [&](const std::vector<ipam::CheckReport::Use>& uses, const std::string& sentence) {
      count_ += uses.size();
      if (!problems_) return;
      for (const auto& use : uses)
        for (const auto& user : use.users) fmt::print("  {} in use by {} {}\n", net::to_string(use.ip), user, sentence);
    };
    for (const auto& use : report_.in_use)
      if (problems_ && use.users.size() > 1) fmt::print("  {} has multiple owners.\n", net::to_string(use.ip));
    each_user(report_.foreign, "is not in any active IP pool.");
    each_user(report_.not_allocated, "and in active IPAM pool but has no IPAM allocation.");
    fmt::print("Found {} in-use IPs that are not in active IP pools.\n", report_.foreign.size());
    fmt::print("Found {} in-use IPs that are in active IP pools but have no corresponding IPAM allocation.\n\n",
               report_.not_allocated.size());
  }

  void handles() {
    fmt::print("Scanning for IPAM handles with no matching IPs...\n");
    for (const auto& handle : report_.leaked_handles)
      if (all_) fmt::print("  {} doesn't have any active IPs.\n", handle.id);
    count_ += report_.leaked_handles.size();
    fmt::print("Found {} handles with no matching IPs (and {} handles with matches).\n", report_.leaked_handles.size(),
               report_.handles - report_.leaked_handles.size());
    fmt::print("Scanning for IPs with missing handle...\n");
    for (const auto& id : report_.missing_handles)
      if (problems_) fmt::print("  {} is in use in a block but doesn't exist.\n", id);
    fmt::print("Found {} handles mentioned in blocks with no matching handle resource.\n",
               report_.missing_handles.size());
  }

  void broken() {
    fmt::print("Validating IPAMBlock structures...\n");
    std::size_t broken = 0;
    for (const auto& block : report_.blocks) {
      if (!block.broken) continue;
      ++broken;
      fmt::print("  IPAMBlock BlockKey(cidr={}) is invalid: {}\n", net::to_string(block.cidr), *block.broken);
    }
    count_ += broken;
    fmt::print("Found {} invalid IPAMBlocks.\n", broken);
  }

  const ipam::CheckReport& report_;
  const bool all_, problems_;
  std::size_t count_ = 0;
};

void print_as_weft(const ipam::CheckReport& report, const IpamCheck& words) {
  fmt::print("Looked at {} blocks, {} affinities, {} handles, {} endpoints; {} addresses are assigned.\n",
             report.blocks.size(), report.affinities, report.handles, report.endpoints, report.allocations.size());
  if (words.all) {
    for (const auto& each : report.allocations) {
      const std::string users = each.released_at     ? "cooling down"
                                : each.users.empty() ? "nobody"
                                                     : join(each.users, ", ");
      fmt::print("{} in block {}: {}; {}\n", net::to_string(each.ip), net::to_string(each.block), users,
                 attributes_of(each));
    }
  }
  for (const auto& problem : report.problems) fmt::print("{}: {}\n", problem.object, problem.text);
  for (const auto& leak : report.leaked) {
    std::string attributes;
    for (const auto& [key, value] : leak.attributes) attributes += fmt::format(" {}={}", key, value);
    fmt::print("leaked: {} in block {}, handle {}{}\n", net::to_string(leak.ip), net::to_string(leak.block),
               leak.handle.empty() ? "none" : leak.handle, attributes);
  }
  if (report.problems.empty() && report.leaked.empty())
    fmt::print("Nothing is wrong.\n");
  else
    fmt::print("{} problem{}, {} leaked address{}.\n", report.problems.size(), report.problems.size() == 1 ? "" : "s",
               report.leaked.size(), report.leaked.size() == 1 ? "" : "es");
}

}  // namespace

int check_ipam(store::Store& store, const IpamCheck& words, Voice voice) {
  const auto report = ipam::check(store);
  if (!report) return complain(report.error());
  if (voice == Voice::calicoctl && !report->cluster.known)
    return complain({Code::not_found, "resource does not exist: ClusterInformation(default) with error: <nil>"});
  if (voice == Voice::calicoctl)
    AsCalicoctl(*report, words).print();
  else
    print_as_weft(*report, words);
  if (!words.output.empty()) {
    if (const auto written = write_file_atomic(words.output, to_json(*report)); !written)
      return complain(written.error());
  }
  const bool sound = report->problems.empty() && report->leaked.empty();
  return voice == Voice::calicoctl || sound ? 0 : 1;
}

}  // namespace weft::ctl
