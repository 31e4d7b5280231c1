// The program: one tree of commands. What each does is in its own folder.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include <fmt/core.h>

#include "agent/agent.h"
#include "agent/node_name.h"
#include "agent/status_text.h"
#include "base/env.h"
#include "base/file.h"
#include "base/log.h"
#include "base/program.h"
#include "bgp/status.h"
#include "cli/command.h"
#include "cmd/calicoctl_node.h"
#include "cni/install.h"
#include "cni/protocol.h"
#include "confd/program.h"
#include "ctl/commands.h"
#include "ctl/debug_calc.h"
#include "lab/commands.h"
#include "node/check.h"
#include "node/node.h"
#include "node/uninstall.h"
#include "store/etcd/open.h"

namespace {

using weft::cli::Command;

void log_as_the_environment_says() {
  if (const char* level = std::getenv("WEFT_LOG_LEVEL")) {
    weft::log::Level parsed{};
    if (weft::log::parse_level(level, parsed))
      weft::log::set_level(parsed);
    else
      weft::log::warning("WEFT_LOG_LEVEL is no level; known are trace, debug, info, warning, error, fatal",
                         {{"value", level}});
  }
  if (const char* format = std::getenv("WEFT_LOG_FORMAT"); format && std::string_view(format) == "json")
    weft::log::set_format(weft::log::Format::json);
}

int complain(const weft::Error& error) {
  fmt::print(stderr, "weft: {}\n", error.message);
  return error.code == weft::Code::invalid ? 2 : 1;
}

weft::Result<std::string> node_name(const std::string& flag) {
  return weft::agent::node_name({.flag = flag, .environment = std::getenv});
}

void add_agent(Command& root) {
  static weft::agent::Options options;
  static std::string node, config, output = "json", felix_file = "/etc/calico/felix.cfg";
  static bool dry_run = false;
  auto agent =
      root.sub("agent",
               "Keep this machine as the store asks for it: routes, policy, addresses for CNI.\n\n"
               "Needs nothing but a store and a name, from the environment: DATASTORE_TYPE, ETCD_ENDPOINTS, NODENAME.\n"
               "Settings are Felix's: FELIX_* variables, the file, FelixConfiguration resources.");
  agent.option("--node", node,
               "this node's name (FELIX_FELIXHOSTNAME, NODENAME, /var/lib/calico/nodename, the host's name)");
  agent.option("-c,--config", config, "file that says where the store is (/etc/calico/calicoctl.cfg)");
  agent.option("--felix-config", felix_file, "file with settings (/etc/calico/felix.cfg)");
  agent.option("--socket", options.socket, "unix socket for CNI plug-ins (/run/weft/agent.sock)");
  agent.option("--state", options.state_folder, "folder for what outlives a restart (/var/lib/weft)");
  agent.flag("--dry-run", dry_run, "only print what it would do, as `weft debug calc` does, and touch nothing");
  agent.option("-o,--output", output, "form of a dry run: json");
  agent.run([] {
    const auto begin = []() -> weft::Result<int> {
      if (output != "json") return weft::fail(weft::Code::invalid, "--output: only json is known");
      options.node = TRY(node_name(node));
      weft::store::SettingsSources sources{.felix_environment = true};
      if (!config.empty()) sources.file = config;
      options.store = TRY(weft::store::load_settings(sources));
      options.environment = TRY(weft::agent::read_environment(environ, felix_file));
      if (dry_run) {
        const auto store = TRY(weft::store::open(options.store));
        TRY(weft::ctl::print_calc(*store, options.node, options.environment));
        return 0;
      }
      return weft::agent::run(options);
    };
    const auto status = begin();
    return status ? *status : complain(status.error());
  });
}

void add_node(Command& root) {
  static weft::node::Options options{.open_store = weft::store::open};
  static std::string name, config;
  auto node =
      root.sub("node",
               "Make this machine a node of the cluster and keep its programs running.\n\n"
               "Without a sub-command: registers the node, then runs agent, confd and BIRD until it is stopped.\n"
               "The environment is calico/node's: NODENAME, IP, IP_AUTODETECTION_METHOD, CALICO_IPV4POOL_CIDR, …");
  node.option("--node", name, "this node's name (NODENAME, /var/lib/calico/nodename, the host's name)");
  node.option("-c,--config", config, "file that says where the store is (/etc/calico/calicoctl.cfg)");
  node.flag("--standalone", options.standalone, "without a store: run a private etcd");
  node.run([] {
    const auto begin = []() -> weft::Result<int> {
      options.name = TRY(node_name(name));
      options.settings =
          TRY(weft::node::read_settings([](const std::string& variable) { return weft::env(variable); }));
      weft::store::SettingsSources sources;
      if (!config.empty()) sources.file = config;
      options.store = TRY(weft::store::load_settings(sources));
      return weft::node::run(options);
    };
    const auto status = begin();
    return status ? *status : complain(status.error());
  });
  node.sub("ps", "What runs on this node.").run([] { return weft::node::ps(); });
  node.sub("checksystem",
           "What this machine lacks.\n\nKernel features, forwarding, firewalls of others that would drop pods' "
           "packets, the "
           "MTU pods will have.")
      .run([] { return weft::node::check_system(); });
  static weft::node::UninstallOptions uninstall;
  auto uninstall_ = node.sub("uninstall", "Take away what is ours from kernel and disk.\n\nPods lose their network.");
  uninstall_.flag("--dry-run", uninstall.dry_run, "only say what would be removed");
  uninstall_.run([] { return weft::node::uninstall(uninstall); });
  weft::add_diags(node);
  node.sub("status", "Which revision of the store is in force on this node, and its BGP sessions, as BIRD has them.")
      .run([] {
        int status = 0;
        const auto show = [&](const weft::Result<std::string>& text) {
          if (text)
            fmt::print("{}", *text);
          else
            status = complain(text.error());
        };
        show(weft::agent::ask_status(std::string(weft::cni::default_socket)));
        fmt::print("\n");
        std::fflush(stdout);
        show(weft::bgp::node_status());
        return status;
      });
}

/// The plug-ins lie beside this program in a build, and in lib/cni when installed.
std::string plugin_folder() {
  const std::string program = weft::own_program();
  const std::string folder = program.substr(0, program.rfind('/'));
  return weft::file_exists(folder + "/weft-cni") ? folder : folder + "/../lib/cni";
}

void add_cni(Command& root) {
  static weft::cni::InstallOptions options;
  static std::string node;
  auto cni = root.sub("cni", "What container runtimes need.");
  auto install = cni.sub(
      "install",
      "Write the network configuration and the plug-ins where container runtimes look for them.\n\n"
      "The environment is that of Calico's installer: CNI_NETWORK_CONFIG, CNI_NETWORK_CONFIG_FILE, CNI_CONF_NAME,\n"
      "CNI_MTU, ETCD_ENDPOINTS, … Files that are right already are left alone.");
  install.option("--bin", options.bin_folder, "folder for the plug-ins (/opt/cni/bin)");
  install.option("--net", options.config_folder, "folder for the configuration (/etc/cni/net.d)");
  install.option("--programs", options.programs, "folder that has weft-cni and weft-ipam");
  install.option("--node", node, "this node's name");
  install.run([] {
    const auto begin = []() -> weft::Result<> {
      options.node = TRY(node_name(node));
      if (options.programs.empty()) options.programs = plugin_folder();
      for (const auto& variable : weft::environment()) {
        const auto equals = variable.find('=');
        options.environment[variable.substr(0, equals)] = variable.substr(equals + 1);
      }
      for (const auto& file : TRY(weft::cni::install(options))) fmt::print("wrote {}\n", file);
      return {};
    };
    const auto done = begin();
    return done ? 0 : complain(done.error());
  });
}

/// confd has a command line of its own, with single dashes: its words go to it as they are.
bool is_confd(int argc, char** argv) { return argc > 1 && std::string_view(argv[1]) == "confd"; }

void add_confd(Command& root) {
  root.sub("confd",
           "Render templates as keys change, check them, reload who reads them.\n\nIts command line is confd's: weft "
           "confd -help")
      .run([] { return 0; });
}

void add_version(Command& root) {
  root.sub("version", "Print the version.\n\nNeeds no store.").run([] {
    fmt::print("weft {}\n", WEFT_VERSION);
    return 0;
  });
}

void add_completion(Command& root) {
  auto completion = root.sub("completion", "Print a shell's completion script.");
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    completion.sub(shell, fmt::format("For {0}: source <(weft completion {0})", shell))
        .run([root = root.unowned(), shell] {
          fmt::print("{}", root.completion_script(shell));
          return 0;
        });
  }
}

/// The manual, from the same description as --help.
void add_man(Command& root) {
  static std::vector<std::string> words;
  static std::string folder;
  auto man = root.sub("man",
                      "Print the manual page of a command.\n\n"
                      "  weft man get | man -l -\n  weft man -o /usr/share/man/man1      all pages, a file each");
  man.positional("COMMAND", words, "which command; none: weft itself");
  man.option("-o,--output", folder, "folder: write the pages of all commands into it");
  man.run([root = root.unowned()] {
    if (folder.empty()) {
      const std::string page = root.man_page(words);
      if (page.empty()) return complain({weft::Code::invalid, "there is no such command"});
      fmt::print("{}", page);
      return 0;
    }
    const auto write = [&]() -> weft::Result<> {
      TRY(weft::make_directories(folder));
      for (const auto& [name, page] : root.man_pages()) TRY(weft::write_file_atomic(folder + '/' + name, page));
      return {};
    };
    const auto written = write();
    return written ? 0 : complain(written.error());
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view path = argc > 0 ? argv[0] : "weft", called = path.substr(path.rfind('/') + 1);
  if (called == "calicoctl" || called.starts_with("kubectl-calico"))
    return weft::ctl::calicoctl(called == "calicoctl" ? "calicoctl" : "kubectl-calico", weft::add_calicoctl_node)
        .parse_and_run(argc, argv);
  log_as_the_environment_says();
  if (is_confd(argc, argv)) return weft::confd::main(argc - 1, argv + 1);
  auto root = Command::root(
      "weft", "Layer-3 networking and network policy for containers, VMs and hosts; speaks Calico's data model.");
  weft::ctl::add_commands(root);
  add_node(root);
  add_agent(root);
  add_confd(root);
  add_cni(root);
  weft::lab::add_commands(root);
  add_version(root);
  add_completion(root);
  add_man(root);
  return root.parse_and_run(argc, argv);
}
