#pragma once

#include <string>
#include <vector>

#include "ctl/report.h"
#include "ipam/check.h"
#include "ipam/leaks.h"
#include "store/store.h"

/// `weft ipam` and `calicoctl ipam`. Each function prints and returns the exit status.
namespace weft::ctl {

struct IpamShow {
  bool blocks = false;         // --show-blocks
  bool borrowed = false;       // --show-borrowed
  bool configuration = false;  // --show-configuration
  std::string ip;              // --ip
};
int show_ipam(store::Store& store, const IpamShow& words, Voice voice);

struct IpamCheck {
  bool all = false;       // --show-all-ips
  bool problems = false;  // --show-problem-ips
  std::string output;     // -o: the report goes to this file
};
/// As calicoctl it is 0 whatever was found, as weft 1 when something is wrong.
int check_ipam(store::Store& store, const IpamCheck& words, Voice voice);

struct IpamRelease {
  std::string ip;                    // --ip
  std::vector<std::string> reports;  // --from-report
  bool force = false;                // --force: the store is not locked, a report is of another version
};
int release_ipam(store::Store& store, const IpamRelease& words, Voice voice);

struct IpamSplit {
  std::string parts;  // a power of two
  std::string cidr;   // --cidr
  std::string name;   // --name
};
/// Replaces a pool by smaller ones of equal size, in one transaction. The store must be locked.
int split_pool(store::Store& store, const IpamSplit& words, Voice voice);

struct IpamConfigure {
  std::string strict_affinity;  // --strictaffinity
  std::string max_blocks;       // --max-blocks-per-host
  std::string persistence;      // --kubevirt-ip-persistence
  int cooldown = -1;            // --ip-cooldown-seconds; negative: stays
};
int configure_ipam(store::Store& store, const IpamConfigure& words, Voice voice);

/// A report of `ipam check -o`, in the format of calicoctl's.
struct LeakReport {
  std::string version, guid;
  store::Revision revision = 0;  // of the ClusterInformation
  ipam::Leaks leaks;
};
std::string to_json(const ipam::CheckReport& report);
Result<LeakReport> parse_report(std::string_view json);

/// A table with boxes around its cells, as calicoctl's. The first row is the heading; cells below it from column
/// `first_right` on are aligned at the right.
std::string boxed(const std::vector<std::vector<std::string>>& rows, std::size_t first_right = SIZE_MAX);
/// "12 (19%)"
std::string share(double part, double whole);

}  // namespace weft::ctl
