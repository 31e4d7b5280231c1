#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

/// `weft node uninstall`: takes away what Weft put into kernel and disk.
namespace weft::node {

struct UninstallOptions {
  bool dry_run = false;
  std::string root;  // in front of every path, for tests
  std::string run_folder = "/run/weft";
};

/// One thing of ours that is there.
struct Remainder {
  std::string what;  // "table inet weft", "route 10.65.0.1/32 dev cali… proto 80", "file /etc/…"
  std::function<Result<>()> remove;
};

/// Everything of ours in this network namespace and below `root`: our nftables table, routes of protocol 80 and, where
/// our BIRD ran, of BIRD's, workload interfaces (their pods lose their network), files and folders. A file that others
/// may have put there too (a plug-in under /opt/cni/bin) counts only when it is a copy of ours.
Result<std::vector<Remainder>> find_remainders(const UninstallOptions& options);

/// Finds, prints and, unless `dry_run`, removes. What cannot be removed is said and does not hold up the rest.
/// @return  exit status: 1 when something is left, or when `weft node` runs
int uninstall(const UninstallOptions& options);

}  // namespace weft::node
