#include "node/uninstall.h"

#include <fmt/core.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "dataplane/ruleset.h"
#include "kernel/link.h"
#include "kernel/nft.h"
#include "kernel/route.h"
#include "node/state.h"

namespace weft::node {
namespace {

constexpr std::uint8_t our_protocol = 80;
constexpr std::uint8_t bird_protocol = 12;  // RTPROT_BIRD
constexpr std::string_view our_prefix = "cali";

Result<> find_in_kernel(bool bird_ran, std::vector<Remainder>& found) {
  auto netfilter = TRY(kernel::Socket::open(NETLINK_NETFILTER));
  if (TRY(kernel::nft::read(netfilter, "weft")).exists)
    found.push_back({"table inet weft", [] { return dataplane::Ruleset::remove(); }});

  auto socket = TRY(kernel::Socket::open(NETLINK_ROUTE));
  const auto links = TRY(kernel::list_links(socket));
  for (const auto& route : TRY(kernel::list_routes(socket))) {
    if (route.protocol != our_protocol && !(bird_ran && route.protocol == bird_protocol)) continue;
    const auto device =
        std::find_if(links.begin(), links.end(), [&](const auto& link) { return link.index == route.device; });
    found.push_back({fmt::format("route {}{}{} proto {}", route.type == RTN_BLACKHOLE ? "blackhole " : "",
                                 net::to_string(route.dst), device == links.end() ? "" : " dev " + device->name,
                                 route.protocol == our_protocol ? "80" : "bird"),
                     [route]() -> Result<> {
                       auto own = TRY(kernel::Socket::open(NETLINK_ROUTE));
                       return own.request(kernel::delete_route(route));
                     }});
  }
  for (const auto& link : links) {
    if (!link.name.starts_with(our_prefix) || link.kind != "veth") continue;
    found.push_back(
        {fmt::format("interface {} (its pod loses its network)", link.name), [index = link.index]() -> Result<> {
           auto own = TRY(kernel::Socket::open(NETLINK_ROUTE));
           return kernel::delete_link(own, index);
         }});
  }
  return {};
}

bool same_content(const std::string& a, const std::string& b) {
  const auto content = read_file(a);
  return content && content == read_file(b);
}

void find_on_disk(const UninstallOptions& options, std::vector<Remainder>& found) {
  const auto add = [&](const std::string& path) {
    const std::string full = options.root + path;
    std::error_code error;
    if (!std::filesystem::exists(std::filesystem::symlink_status(full, error))) return;
    const bool folder = std::filesystem::is_directory(full, error);
    found.push_back({fmt::format("{} {}", folder ? "folder" : "file", path), [full, path]() -> Result<> {
                       std::error_code failed;
                       std::filesystem::remove_all(full, failed);
                       if (failed) return fail(Code::internal, failed.message());
                       return {};
                     }});
  };
  const std::string plugins = options.root + "/opt/cni/bin/";
  const bool ours = file_exists(plugins + "weft-cni");
  const bool calico_is_ours = ours && same_content(plugins + "calico", plugins + "weft-cni");
  const bool no_calico = !file_exists(plugins + "calico");
  if (ours && (calico_is_ours || no_calico)) add("/etc/cni/net.d/10-calico.conflist");
  if (calico_is_ours) add("/opt/cni/bin/calico");
  if (same_content(plugins + "calico-ipam", plugins + "weft-ipam")) add("/opt/cni/bin/calico-ipam");
  for (const char* path :
       {"/opt/cni/bin/weft-cni", "/opt/cni/bin/weft-ipam", "/etc/calico/confd/config", "/var/run/calico/bird.ctl",
        "/var/run/calico/endpoint-status", "/var/lib/calico/nodename", "/var/lib/calico/mtu", "/var/lib/weft"})
    add(path);
  add(options.run_folder);
}

}  // namespace

Result<std::vector<Remainder>> find_remainders(const UninstallOptions& options) {
  std::vector<Remainder> found;
  TRY(find_in_kernel(file_exists(options.root + options.run_folder + "/bird.ran"), found));
  find_on_disk(options, found);
  return found;
}

int uninstall(const UninstallOptions& options) {
  if (is_locked(options.root + options.run_folder)) {
    fmt::print(stderr, "`weft node` runs here: stop it first\n");
    return 1;
  }
  const auto found = find_remainders(options);
  if (!found) {
    fmt::print(stderr, "{}\n", found.error().message);
    return 1;
  }
  int status = 0;
  for (const auto& remainder : *found) {
    if (options.dry_run) {
      fmt::print("would remove {}\n", remainder.what);
      continue;
    }
    const auto removed = remainder.remove();
    if (removed || removed.error().code == Code::not_found) {
      fmt::print("removed {}\n", remainder.what);
    } else {
      fmt::print(stderr, "{}: {}\n", remainder.what, removed.error().message);
      status = 1;
    }
  }
  if (found->empty()) fmt::print("nothing of Weft's is here\n");
  return status;
}

}  // namespace weft::node
