#include <cstdio>

#include <fmt/core.h>

#include "api/cluster_information.h"
#include "base/file.h"
#include "client/resources.h"
#include "ctl/access.h"
#include "ctl/ipam.h"
#include "ipam/ipam.h"

namespace weft::ctl {
namespace {

int release_ip(store::Store& store, const std::string& text, Voice voice) {
  const auto ip = net::Ip::parse(text);
  if (!ip && voice == Voice::calicoctl) {
    fmt::print("Error executing command: invalid IP address specified: {}\n", text);
    return 1;
  }
  if (!ip) return complain(Error(ip.error()).within("--ip"));
  const auto released = ipam::Ipam(store).release({{.ip = *ip, .handle = {}, .sequence = {}}});
  if (!released) return complain(Error(released.error()).within("error"));
  if (!released->unallocated.empty())
    return complain({Code::not_found, fmt::format("IP address {} is not assigned", net::to_string(*ip))});
  fmt::print("Successfully released IP address {}\n", net::to_string(*ip));
  return 0;
}

/// What all reports agree on; each must be of this cluster, one of the moment, and the store locked.
Result<ipam::Leaks> agreed(store::Store& store, const IpamRelease& words) {
  const auto cluster = TRY(client::get<api::ClusterInformation>(store, "default"));
  std::optional<ipam::Leaks> leaks;
  bool current = false;
  for (const std::string& file : words.reports) {
    const auto report = TRY(within(parse_report(TRY(read_file(file))), file));
    // Not even --force helps here: these addresses are others'.
    if (report.guid != cluster.spec.cluster_guid)
      return fail(Code::denied, fmt::format("cluster does not match the provided report ({}): mismatched cluster GUID. "
                                            "Refusing to release",
                                            file));
    if (report.version != WEFT_VERSION) {
      if (!words.force)
        return fail(Code::denied, fmt::format("the provided report ({}) was produced using a different version ({}) of "
                                              "calicoctl. Refusing to release",
                                              file, report.version));
      fmt::print(
          "WARNING: Report was produced using a different version of calicoctl. Ignoring due to --force option\n");
    }
    current = current || std::to_string(report.revision) == cluster.metadata.resource_version;
    leaks = leaks ? ipam::common(*leaks, report.leaks) : report.leaks;
  }
  if (!current)
    return fail(Code::denied,
                "the provided reports are all stale - at least one should be up-to-date. Please generate a new report "
                "while the data store is locked and try again");
  if (cluster.spec.datastore_ready.value_or(true)) {
    if (!words.force)
      return fail(Code::denied, "data store is not locked. Either lock the data store, or re-run with --force");
    fmt::print("WARNING: Data store is not locked. Ignoring due to --force option\n");
  }
  return std::move(*leaks);
}

int release_reported(store::Store& store, const IpamRelease& words) {
  const auto leaks = agreed(store, words);
  if (!leaks) return complain(leaks.error());
  if (!leaks->addresses.empty()) fmt::print("Releasing {} old IPs...\n", leaks->addresses.size());
  ipam::Ipam ipam(store);
  const auto collected = ipam::collect(ipam, *leaks);
  if (leaks->addresses.empty()) fmt::print("Report didn't contain any leaked IPs to clean up.\n");
  for (const Error& error : collected.errors) {
    fmt::print(
        "An error occurred while releasing some IPs: {}.  Problems are often caused by an out-of-date IPAM "
        "report.  Try regenerating the IPAM report and retry.\n",
        error.message);
  }
  if (!leaks->addresses.empty()) fmt::print("Released {} IPs successfully\n", collected.addresses);
  if (collected.free_already > 0)
    fmt::print("{} addresses marked as leaked in the report had already been cleaned up.\n", collected.free_already);
  if (leaks->handles.empty()) {
    fmt::print("Report didn't contain any handles to clean up.\n");
  } else {
    fmt::print("Deleting {} handles...\n", leaks->handles.size());
    fmt::print("Released {} handles; {} skipped; 0 errors.\n", collected.handles, collected.handles_changed);
  }
  fmt::print("You may now unlock the data store.\n");
  return collected.errors.empty() ? 0 : 1;
}

}  // namespace

int release_ipam(store::Store& store, const IpamRelease& words, Voice voice) {
  if (!words.reports.empty()) return release_reported(store, words);
  if (!words.ip.empty()) return release_ip(store, words.ip, voice);
  return voice == Voice::calicoctl ? 0 : complain({Code::invalid, "say --ip or --from-report"});
}

}  // namespace weft::ctl
