#include "dataplane/sysctls.h"

#include "base/file.h"
#include "kernel/sysctl.h"

namespace weft::dataplane {

namespace {

using Changed = std::vector<std::string>;

Result<> set(Changed& changed, const std::string& name, std::string_view value) {
  if (const auto before = TRY(kernel::write_sysctl(name, value))) changed.push_back(name + " was " + *before);
  return {};
}

/// False when the kernel was started without IPv6.
bool has_ipv6() { return file_exists("/proc/sys/net/ipv6/conf/all"); }

}  // namespace

Result<Changed> configure_interface(const std::string& interface, const plan::Settings& settings,
                                    const std::string& rp_filter) {
  Changed changed;
  const std::string v4 = "net/ipv4/conf/" + interface + "/";
  TRY(set(changed, v4 + "route_localnet", "1"));
  TRY(set(changed, "net/ipv4/neigh/" + interface + "/proxy_delay", "0"));
  TRY(set(changed, v4 + "proxy_arp", "1"));
  TRY(set(changed, v4 + "forwarding", "1"));
  TRY(set(changed, v4 + "rp_filter", settings.spoofing_allowed ? "0" : rp_filter));
  if (!has_ipv6()) return changed;
  const std::string v6 = "net/ipv6/conf/" + interface + "/";
  TRY(set(changed, v6 + "accept_ra", "0"));
  if (!settings.ipv6) return changed;
  TRY(set(changed, v6 + "proxy_ndp", "1"));
  TRY(set(changed, v6 + "forwarding", "1"));
  return changed;
}

Result<Changed> configure_forwarding(const plan::Settings& settings) {
  Changed changed;
  if (!settings.ip_forwarding) return changed;
  TRY(set(changed, "net/ipv4/ip_forward", "1"));
  if (settings.ipv6 && has_ipv6()) TRY(set(changed, "net/ipv6/conf/all/forwarding", "1"));
  return changed;
}

std::string default_rp_filter() { return kernel::read_sysctl("net/ipv4/conf/default/rp_filter").value_or("1"); }

}  // namespace weft::dataplane
