#include "cmd/calicoctl_node.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include <fmt/core.h>

#include "api/types.h"
#include "base/program.h"
#include "bgp/status.h"
#include "ctl/access.h"
#include "ctl/diags.h"
#include "net/cidr.h"
#include "node/check.h"
#include "node/settings.h"
#include "store/settings.h"

namespace weft {
namespace {

int needs_root() {
  if (::geteuid() == 0) return 0;
  fmt::print("Need super user privileges: Operation not permitted\n");
  return 1;
}

int collect(const std::string& folder) {
  if (const int status = needs_root(); status != 0) return status;
  const auto archive = ctl::collect_diagnostics(folder, "/tmp");
  if (!archive) return ctl::complain(archive.error());
  fmt::print("\nDiags saved to {}\n", *archive);
  return 0;
}

int show_status() {
  if (const int status = needs_root(); status != 0) return status;
  const auto text = bgp::node_status();
  if (!text) {
    fmt::print(stderr, "Calico process is not running.\n");
    return 1;
  }
  fmt::print("Calico process is running.\n\n{}", *text);
  return 0;
}

/// What calico/node would be started with; ours is started with the same environment.
struct Run {
  ctl::Access access;
  std::string ip, ip6, as, name, method = "first-found", method6 = "first-found", log_folder = "/var/log/calico",
                                 image = "quay.io/calico/node:latest", backend = "bird", felix_config;
  bool dry_run = false, init_system = false, no_pools = false;
};

Result<> check_address(const std::string& option, const std::string& word, net::Family family) {
  if (word.empty() || word == "autodetect" || word == "none") return {};
  const auto address = net::Address::parse(word);
  if (!address) return fail(Code::invalid, "Error executing command: invalid IP address specified: " + word);
  if (address->ip.family() == family) return {};
  return fail(Code::invalid, "error executing command: " + option + " is wrong IP version");
}

/// What can be told before the node starts, in calicoctl's words.
Result<> check(const Run& words) {
  TRY(check_address("--ip", words.ip, net::Family::v4));
  TRY(check_address("--ip6", words.ip6, net::Family::v6));
  if (!words.as.empty() && !api::parse_as_number(words.as))
    return fail(Code::invalid, "Error executing command: invalid AS Number specified: " + words.as);
  for (const auto& method : {words.method, words.method6}) {
    if (!node::parse_method(method))
      return fail(Code::invalid, "error executing command: invalid IP autodetection method: " + method);
  }
  return {};
}

int run_node(const Run& words) {
  if (const auto good = check(words); !good) return ctl::complain(good.error());
  if (words.backend != "bird" && words.backend != "none")
    return ctl::complain({Code::invalid, "--backend: bird or none"});
  if (!words.felix_config.empty() && words.felix_config != "/etc/calico/felix.cfg")
    return ctl::complain({Code::unsupported, "--felix-config: a node of weft reads /etc/calico/felix.cfg"});
  std::map<std::string, std::string> variables = {{"IP_AUTODETECTION_METHOD", words.method},
                                                  {"IP6_AUTODETECTION_METHOD", words.method6},
                                                  {"IP", words.ip},
                                                  {"IP6", words.ip6},
                                                  {"AS", words.as},
                                                  {"NODENAME", words.name},
                                                  {"CALICO_NETWORKING_BACKEND", words.backend}};
  if (words.no_pools) variables["NO_DEFAULT_POOLS"] = "true";
  std::erase_if(variables, [](const auto& variable) { return variable.second.empty(); });
  std::vector<std::string> argv = {own_program(), "node"};
  if (words.access.config != store::default_settings_file) argv.insert(argv.end(), {"--config", words.access.config});
  if (words.dry_run) {
    fmt::print("Use the following command to start the node:\n\n");
    for (const auto& [name, value] : variables) fmt::print("{}={} ", name, value);
    for (const auto& word : argv) fmt::print("{} ", word);
    fmt::print("\n");
    return 0;
  }
  if (const int status = needs_root(); status != 0) return status;
  for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  argv[0] = "weft";
  std::vector<char*> pointers;
  for (auto& word : argv) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv(own_program().c_str(), pointers.data());
  return ctl::complain(errno_error(errno, own_program()));
}

void add_run(cli::Command& node) {
  static Run words;
  auto run = node.sub("run",
                      "Make this machine a node and keep its programs running\n\n"
                      "Runs `weft node` with the environment that the options say. No container is started:\n"
                      "--node-image is accepted and not used.");
  run.example("  calicoctl node run --ip autodetect --ip-autodetection-method can-reach=192.0.2.1");
  run.option("--ip", words.ip, "IPv4 address of this node.");
  run.option("--ip6", words.ip6, "IPv6 address of this node.");
  run.option("--as", words.as, "AS number of this node.");
  run.option("--name", words.name, "Name of this node.");
  run.option("--ip-autodetection-method", words.method, "How the IPv4 address is found.");
  run.option("--ip6-autodetection-method", words.method6, "How the IPv6 address is found.");
  run.option("--log-dir", words.log_folder, "Folder for logs; they go to the standard error.");
  run.option("--node-image", words.image, "Not used.");
  run.option("--backend", words.backend, "What routes: bird or none.");
  run.option("--felix-config", words.felix_config, "File with Felix' settings.");
  run.flag("--dryrun", words.dry_run, "Only print the command.");
  run.flag("--init-system", words.init_system, "It is started by an init system.");
  run.flag("--no-default-ippools", words.no_pools, "Make no pools.");
  ctl::add_access(run, words.access);
  run.run([] { return run_node(words); });
}

}  // namespace

void add_diags(cli::Command& node) {
  static std::string folder = "/var/log/calico";
  auto diags = node.sub("diags",
                        "Collect what is needed to find out what is wrong with this machine\n\n"
                        "Routes, rules, nftables, BGP sessions, the agent's state, journal and logs, in one archive.");
  diags.option("--log-dir", folder, "Folder with logs.");
  diags.run([] { return collect(folder); });
}

void add_calicoctl_node(cli::Command& root) {
  auto node = root.sub("node", "This machine as a node\n\nCommands about the machine they run on.");
  auto status =
      node.sub("status", "Show whether the node runs, and its BGP sessions\n\nShows the sessions as BIRD has them.");
  status.run(show_status);
  add_diags(node);
  static std::string kernel_config;
  auto check = node.sub("checksystem", "Show what this machine lacks to be a node\n\nAsks the kernel itself.");
  check.option("-f,--kernel-config", kernel_config, "Not needed: the kernel is asked.");
  check.run([] { return node::check_system(); });
  add_run(node);
}

}  // namespace weft
