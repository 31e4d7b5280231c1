#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ipam/check.h"

/// Collecting what nobody uses any more: addresses without a user, handles without addresses. A single look is not
/// enough: an address is taken before its endpoint is written. Whoever collects looks twice, some time apart or while
/// the store is locked, and collects what both times was the same.
namespace weft::ipam {

struct Leaks {
  std::map<net::Ip, Claim> addresses;              // with handle and sequence number
  std::map<std::string, store::Revision> handles;  // none of their addresses is left

  bool operator==(const Leaks&) const = default;
};

Leaks leaks_of(const CheckReport& report);
/// Without addresses whose handle has others that are in use: somebody will release that handle as a whole.
Leaks whole_handles(Leaks leaks, const CheckReport& report);
/// What is in both and did not change between them.
Leaks common(const Leaks& earlier, const Leaks& later);

struct Collected {
  std::size_t addresses = 0;
  std::size_t free_already = 0;
  std::size_t handles = 0;
  std::size_t handles_changed = 0;  // or gone: left alone
  std::vector<Error> errors;        // what was not released because of them was left alone
};
/// Releases them, each only if it still is what was found.
Collected collect(Ipam& ipam, const Leaks& leaks);

}  // namespace weft::ipam
