#include <algorithm>
#include <cstdio>

#include <fmt/core.h>

#include "api/codec.h"
#include "ctl/access.h"
#include "ctl/ipam.h"
#include "ipam/config.h"
#include "ipam/ipam.h"
#include "ipam/owner.h"
#include "ipam/usage.h"

namespace weft::ctl {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string whole(double number) { return fmt::format("{:.5g}", number); }

std::vector<std::string> row(std::string grouping, const ipam::Fill& fill) {
  const auto total = static_cast<double>(fill.total);
  return {std::move(grouping),
          net::to_string(fill.cidr),
          whole(total),
          share(static_cast<double>(fill.in_use), total),
          share(static_cast<double>(fill.reserved), total),
          share(static_cast<double>(fill.available), total)};
}

int show_usage(store::Store& store, bool with_blocks, Voice voice) {
  auto pools = ipam::usage(store);
  if (!pools) return complain(pools.error());
  Rows rows = {{"GROUPING", "CIDR", "IPS TOTAL", "IPS IN USE", "IPS RESERVED", "IPS FREE"}};
  for (auto& pool : *pools) {
    if (voice == Voice::weft) std::ranges::sort(pool.blocks, {}, &ipam::Fill::cidr);
    // Blocks in no pool have no totals.
    if (!pool.name.empty()) rows.push_back(row("IP Pool", pool.fill));
    if (!with_blocks) continue;
    for (const auto& block : pool.blocks) rows.push_back(row("Block", block));
  }
  fmt::print("{}", boxed(rows, 2));
  return 0;
}

void print_attributes(std::string_view title, const std::map<std::string, std::string>& attributes) {
  if (!attributes.empty()) fmt::print("{}:\n", title);
  for (const auto& [key, value] : attributes) fmt::print("  {}: {}\n", key, value);
}

void print_as_calicoctl(const ipam::Holder& who) {
  fmt::print("IP {} is in use\n", net::to_string(who.ip));
  fmt::print("Handle ID: {}\n", who.handle.empty() ? "<none>" : who.handle);
  if (who.attributes.empty()) fmt::print("No Active Owner attributes defined\n");
  print_attributes("Active Owner Attributes", who.attributes);
  print_attributes("Alternate Owner Attributes", who.alternate);
}

void print_as_weft(const ipam::Holder& who) {
  fmt::print("IP {} is {}\n", net::to_string(who.ip),
             who.released_at ? "cooling down since " + *who.released_at : "in use");
  fmt::print("Block: {} ({})\n", net::to_string(who.block), who.affinity.value_or("no affinity"));
  if (!who.handle.empty()) fmt::print("Handle: {}\n", who.handle);
  print_attributes("Attributes", who.attributes);
  print_attributes("Second owner", who.alternate);
}

int show_ip(store::Store& store, const std::string& text, Voice voice) {
  const auto ip = net::Ip::parse(text);
  if (!ip && voice == Voice::calicoctl) {
    fmt::print("Error executing command: invalid IP address specified: {}\n", text);
    return 1;
  }
  if (!ip) return complain(Error(ip.error()).within("--ip"));
  const auto holder = ipam::Ipam(store).holder(*ip);
  if (!holder) return complain(holder.error());
  if (!*holder) {
    fmt::print(fmt::runtime(voice == Voice::weft ? "IP {} is not assigned to anybody\n" : "{} is not assigned\n"),
               net::to_string(*ip));
    return 0;
  }
  if (voice == Voice::weft) {
    print_as_weft(**holder);
  } else if ((*holder)->released_at) {
    return complain({Code::exists, fmt::format("address {} is in cooldown", net::to_string(*ip))});
  } else {
    print_as_calicoctl(**holder);
  }
  return 0;
}

/// What kind of thing has an address, and its name.
std::pair<std::string, std::string> allocated_to(const std::map<std::string, std::string>& attributes) {
  const auto text = [&](const std::string& name) { return ipam::text_of(attributes, name); };
  if (attributes.contains("vmi-name")) return {"vmi", text("namespace") + '/' + text("vmi-name")};
  if (attributes.contains("pod")) return {"pod", text("namespace") + '/' + text("pod")};
  return {text("type"), ""};
}

int show_borrowed(store::Store& store) {
  const auto report = ipam::check(store);
  if (!report) return complain(report.error());
  Rows rows = {{"IP", "BORROWING-NODE", "BLOCK", "BLOCK OWNER", "TYPE", "ALLOCATED-TO"}};
  std::size_t unknown = 0;
  for (const auto& each : report->allocations) {
    const std::string affinity = each.affinity.value_or("");
    const std::string owner = affinity.substr(affinity.find(':') + 1);
    const auto node = each.attributes.find("node");
    if (node == each.attributes.end()) {
      if (!each.released_at) ++unknown;
      continue;
    }
    if (node->second == owner) continue;
    auto [type, name] = allocated_to(each.attributes);
    rows.push_back({net::to_string(each.ip), node->second, net::to_string(each.block), owner, type, name});
  }
  fmt::print("{}", boxed(rows));
  if (unknown > 0)
    fmt::print(
        "\nNote: found {} IP allocations without an explicit node association. Unable to determine if they are "
        "borrowed.\n",
        unknown);
  return 0;
}

int show_configuration(store::Store& store) {
  const auto config = ipam::read_config(store);
  if (!config) return complain(config.error());
  // In a configuration that somebody stored without it, addresses of virtual machines persist too.
  const std::string& persistence = config->kubevirt_address_persistence;
  fmt::print("{}", boxed({{"PROPERTY", "VALUE"},
                          {"StrictAffinity", config->strict_affinity ? "true" : "false"},
                          {"AutoAllocateBlocks", config->auto_allocate_blocks ? "true" : "false"},
                          {"MaxBlocksPerHost", std::to_string(config->max_blocks_per_host)},
                          {"KubeVirtVMAddressPersistence", persistence.empty() ? "Enabled" : persistence},
                          {"IPCooldownSeconds", std::to_string(config->ip_cooldown_seconds)}}));
  return 0;
}

}  // namespace

std::string share(double part, double whole_number) {
  return fmt::format("{} ({:.0f}%)", whole(part), whole_number > 0 ? 100 * part / whole_number : 0);
}

std::string boxed(const std::vector<std::vector<std::string>>& rows, std::size_t first_right) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& line : rows) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string border = "+";
  for (const auto width : widths) border += std::string(width + 2, '-') + '+';
  border += '\n';
  std::string text = border;
  for (const auto& line : rows) {
    const bool heading = &line == &rows.front();
    text += '|';
    for (std::size_t i = 0; i < line.size(); ++i) {
      text += i < first_right || heading ? fmt::format(" {:<{}} |", line[i], widths[i])
                                         : fmt::format(" {:>{}} |", line[i], widths[i]);
    }
    text += '\n';
    if (heading) text += border;
  }
  return text + border;
}

int show_ipam(store::Store& store, const IpamShow& words, Voice voice) {
  if (!words.ip.empty()) return show_ip(store, words.ip, voice);
  if (words.blocks) return show_usage(store, true, voice);
  if (words.borrowed) return show_borrowed(store);
  if (words.configuration) return show_configuration(store);
  return show_usage(store, false, voice);
}

}  // namespace weft::ctl
