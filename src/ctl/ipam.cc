#include "ctl/ipam.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/core.h>

#include "ipam/check.h"
#include "ipam/ipam.h"
#include "ipam/usage.h"

namespace weft::ctl {
namespace {

int complain(const Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  return 1;
}

std::vector<std::string> row(std::string grouping, const ipam::Fill& fill) {
  const auto whole = [](double n) { return n < 1e15 ? fmt::format("{:.0f}", n) : fmt::format("{:.4e}", n); };
  return {std::move(grouping),
          net::to_string(fill.cidr),
          whole(fill.total),
          share(fill.in_use, fill.total),
          share(fill.reserved, fill.total),
          share(fill.free(), fill.total)};
}

int show_ip(store::Store& store, const std::string& text) {
  const auto ip = within(net::Ip::parse(text), "--ip");
  if (!ip) return complain(ip.error());
  const auto holder = ipam::Ipam(store).holder(*ip);
  if (!holder) return complain(holder.error());
  if (!*holder) {
    fmt::print("IP {} is not assigned to anybody\n", text);
    return 0;
  }
  const auto& who = **holder;
  fmt::print("IP {} is {}\n", text, who.released_at ? "cooling down since " + *who.released_at : "in use");
  fmt::print("Block: {} ({})\n", net::to_string(who.block), who.affinity.value_or("no affinity"));
  if (!who.handle.empty()) fmt::print("Handle: {}\n", who.handle);
  if (!who.attributes.empty()) fmt::print("Attributes:\n");
  for (const auto& [key, value] : who.attributes) fmt::print("  {}: {}\n", key, value);
  return 0;
}

}  // namespace

std::string share(double part, double whole) {
  const std::string number = part < 1e15 ? fmt::format("{:.0f}", part) : fmt::format("{:.4e}", part);
  return fmt::format("{} ({:.0f}%)", number, whole > 0 ? std::floor(100 * part / whole + 0.5) : 0);
}

std::string boxed(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& line : rows) {
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string border = "+";
  for (const auto width : widths) border += std::string(width + 2, '-') + '+';
  border += '\n';
  std::string text = border;
  for (const auto& line : rows) {
    text += '|';
    for (std::size_t i = 0; i < line.size(); ++i) text += fmt::format(" {:<{}} |", line[i], widths[i]);
    text += '\n';
    if (&line == &rows.front()) text += border;
  }
  return text + border;
}

int show_ipam(store::Store& store, const IpamWords& words) {
  if (!words.ip.empty()) return show_ip(store, words.ip);
  const auto pools = ipam::usage(store);
  if (!pools) return complain(pools.error());
  std::vector<std::vector<std::string>> rows = {
      {"GROUPING", "CIDR", "IPS TOTAL", "IPS IN USE", "IPS RESERVED", "IPS FREE"}};
  for (const auto& pool : *pools) {
    rows.push_back(row("IP Pool", pool.fill));
    if (!words.blocks) continue;
    for (const auto& block : pool.blocks) rows.push_back(row("Block", block));
  }
  fmt::print("{}", boxed(rows));
  return 0;
}

int check_ipam(store::Store& store) {
  const auto report = ipam::check(store);
  if (!report) return complain(report.error());
  fmt::print("Looked at {} blocks, {} affinities, {} handles, {} endpoints; {} addresses are assigned.\n",
             report->blocks, report->affinities, report->handles, report->endpoints, report->addresses);
  for (const auto& problem : report->problems) fmt::print("{}: {}\n", problem.object, problem.text);
  for (const auto& leak : report->leaked) {
    std::string attributes;
    for (const auto& [key, value] : leak.attributes) attributes += fmt::format(" {}={}", key, value);
    fmt::print("leaked: {} in block {}, handle {}{}\n", net::to_string(leak.ip), net::to_string(leak.block),
               leak.handle.empty() ? "none" : leak.handle, attributes);
  }
  if (report->problems.empty() && report->leaked.empty()) {
    fmt::print("Nothing is wrong.\n");
    return 0;
  }
  fmt::print("{} problem{}, {} leaked address{}.\n", report->problems.size(), report->problems.size() == 1 ? "" : "s",
             report->leaked.size(), report->leaked.size() == 1 ? "" : "es");
  return 1;
}

}  // namespace weft::ctl
