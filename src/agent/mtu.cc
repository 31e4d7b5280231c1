#include "agent/mtu.h"

#include <linux/netlink.h>

#include <algorithm>

#include "api/pattern.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "kernel/link.h"

namespace weft::agent {

Result<std::uint32_t> host_mtu(const std::string& interface_pattern) {
  auto socket = TRY(kernel::Socket::open(NETLINK_ROUTE));
  const auto pattern = TRY(within(api::Pattern::parse(interface_pattern), "MTUIfacePattern " + interface_pattern));
  std::uint32_t smallest = 0;
  for (const auto& link : TRY(kernel::list_links(socket))) {
    if (!link.up || link.mtu == 0 || !pattern.finds(link.name)) continue;
    smallest = smallest == 0 ? link.mtu : std::min(smallest, link.mtu);
  }
  return smallest == 0 ? 1460 : smallest;
}

namespace {

Result<> write(const std::string& file, std::uint32_t mtu) {
  const std::string text = std::to_string(mtu);
  if (const auto there = read_file(file); there && trim(*there) == text) return {};
  if (const auto slash = file.rfind('/'); slash != std::string::npos && slash > 0)
    TRY(make_directories(file.substr(0, slash)));
  return write_file_atomic(file, text);
}

}  // namespace

void MtuFile::follow(const std::string& interface_pattern) {
  if (interface_pattern == pattern_) return;
  pattern_ = interface_pattern;
  refresh();
}

void MtuFile::refresh() {
  const auto mtu = host_mtu(pattern_);
  const auto done = mtu ? write(file_, *mtu) : std::unexpected(mtu.error());
  const std::string complaint = done ? "" : done.error().message;
  if (!complaint.empty() && complaint != complaint_) log::warning("MTU file not written", {{"reason", complaint}});
  complaint_ = complaint;
}

}  // namespace weft::agent
