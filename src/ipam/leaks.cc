#include "ipam/leaks.h"

#include <set>

#include "api/codec.h"

namespace weft::ipam {

Leaks leaks_of(const CheckReport& report) {
  Leaks leaks;
  for (const Allocation& each : report.leaked) {
    const auto handle = each.handle.empty() ? std::nullopt : std::optional(each.handle);
    leaks.addresses[each.ip] = {.ip = each.ip, .handle = handle, .sequence = each.sequence};
  }
  for (const auto& handle : report.leaked_handles) leaks.handles[handle.id] = handle.revision;
  return leaks;
}

Leaks whole_handles(Leaks leaks, const CheckReport& report) {
  std::set<std::string> used;
  for (const Allocation& each : report.allocations)
    if (!each.users.empty()) used.insert(each.handle);
  std::erase_if(leaks.addresses,
                [&](const auto& leak) { return leak.second.handle && used.contains(*leak.second.handle); });
  return leaks;
}

Leaks common(const Leaks& earlier, const Leaks& later) {
  Leaks both = later;
  std::erase_if(both.addresses, [&](const auto& leak) {
    const auto before = earlier.addresses.find(leak.first);
    return before == earlier.addresses.end() || before->second != leak.second;
  });
  std::erase_if(both.handles, [&](const auto& handle) {
    const auto before = earlier.handles.find(handle.first);
    return before == earlier.handles.end() || before->second != handle.second;
  });
  return both;
}

Collected collect(Ipam& ipam, const Leaks& leaks) {
  Collected collected;
  std::vector<Claim> claims;
  for (const auto& [ip, claim] : leaks.addresses) claims.push_back(claim);
  auto released = ipam.release_what_fits(claims);
  if (released) {
    collected.addresses = released->released.size();
    collected.free_already = released->unallocated.size();
    collected.errors = std::move(released->errors);
  } else {
    collected.errors.push_back(released.error());
  }
  for (const auto& [id, revision] : leaks.handles) {
    const auto removed = ipam.store().remove(api::handle_path(id), revision);
    if (removed)
      ++collected.handles;
    else if (removed.error().code == Code::conflict || removed.error().code == Code::not_found)
      ++collected.handles_changed;
    else
      collected.errors.push_back(removed.error());
  }
  return collected;
}

}  // namespace weft::ipam
