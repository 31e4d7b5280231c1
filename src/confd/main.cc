#include <fmt/core.h>
#include <signal.h>

#include <cstdio>
#include <functional>
#include <thread>

#include "base/env.h"
#include "base/file.h"
#include "base/log.h"
#include "base/program.h"
#include "base/resident.h"
#include "base/strings.h"
#include "confd/program.h"
#include "store/etcd/open.h"
#include "store/settings.h"

namespace weft::confd {
namespace {

constexpr int exit_usage = 2;

/// Flags, then the environment and file that calicoctl knows, then confd's own default.
Result<std::unique_ptr<store::Store>> open_store(const Settings& settings) {
  store::SettingsSources sources;
  const auto set = [](store::Setting& setting, const std::string& value, const char* flag) {
    if (!value.empty()) setting = {value, flag};
  };
  set(sources.flags.etcd_endpoints, join(settings.nodes, ","), "-node");
  set(sources.flags.etcd_ca_cert_file, settings.client_ca_keys, "-client-ca-keys");
  set(sources.flags.etcd_cert_file, settings.client_cert, "-client-cert");
  set(sources.flags.etcd_key_file, settings.client_key, "-client-key");
  set(sources.flags.etcd_username, settings.username, "-username");
  set(sources.flags.etcd_password, settings.password, "-password");
  if (!settings.calico_config.empty()) sources.file = settings.calico_config;
  auto found = TRY(store::load_settings(sources));
  if (!found.has_endpoint()) found.etcd_endpoints = {"http://127.0.0.1:2379", "confd's default"};
  return store::open(found);
}

std::string node_name(const Settings& settings) {
  if (!settings.node_name.empty()) return settings.node_name;
  if (std::string name = env_or("NODENAME", ""); !name.empty()) return name;
  if (const auto file = read_file("/var/lib/calico/nodename"); file && !trim(*file).empty())
    return std::string(trim(*file));
  char name[HOST_NAME_MAX + 1] = {};
  gethostname(name, sizeof name - 1);
  return to_lower(name);
}

Result<std::vector<Resource>> resources_of(const Settings& settings, const std::string& confdir,
                                           const std::string& node) {
  auto resources = TRY(load_resources({.confdir = confdir, .prefix = settings.prefix, .node_name = node}));
  for (const auto& error : resources.bad) log::error("resource is left out", {{"error", error.message}});
  if (settings.onetime && !resources.bad.empty()) return std::unexpected(resources.bad.front());
  if (resources.good.empty()) log::warning("there are no template resources", {{"confdir", confdir}});
  return std::move(resources.good);
}

/// Once: waits a while for the backend to have read the store.
int run_once(Program& program, Backend& backend) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < end) {
    const auto ready = backend.read({"/calico/bird"});
    if (ready || ready.error().code != Code::unavailable) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return program.process_all() == 0 ? 0 : 1;
}

Result<int> run_with(const Settings& settings) {
  ::signal(SIGPIPE, SIG_IGN);  // a log that nobody reads any more is no reason to end
  loop::Loop loop;
  // Signals first: threads that start later must not get them.
  const auto stop = [&] { loop.stop(); };
  const auto terminate = loop.on_signal(SIGTERM, stop);
  const auto interrupt = loop.on_signal(SIGINT, stop);
  std::function<void()> reread = [] {};
  const auto hang_up = loop.on_signal(SIGHUP, [&] { reread(); });

  const auto store = TRY(open_store(settings));
  const bool calico = settings.backend == "calico";
  const std::string node = node_name(settings);
  const std::string confdir = !settings.confdir.empty() ? settings.confdir : calico ? own_confdir() : "/etc/confd";
  const auto backend =
      calico ? calico_backend(*store, {node, env_or("CALICO_ROUTER_ID", ""), env_or("WEFT_BGP_SECRETS", ""),
                                       env_or("FELIX_INTERFACEPREFIX", "")})
             : store_backend(*store);
  log::info("started", {{"backend", settings.backend}, {"confdir", confdir}, {"store", store->describe()}});

  auto program = std::make_unique<Program>(loop, *backend, settings, TRY(resources_of(settings, confdir, node)));
  if (settings.onetime) return calico ? run_once(*program, *backend) : program->process_all() == 0 ? 0 : 1;
  // SIGHUP: conf.d is read again, and everything rendered.
  reread = [&] {
    auto resources = resources_of(settings, confdir, node);
    if (!resources) return log::error("conf.d cannot be read again", {{"error", resources.error().message}});
    program.reset();
    program = std::make_unique<Program>(loop, *backend, settings, std::move(*resources));
    program->start();
  };
  program->start();
  const auto settled = loop.after(std::chrono::seconds(5), unmap_program_pages);
  loop.run();
  log::info("stopped");
  return 0;
}

}  // namespace

std::string own_confdir() {
  const std::string program = own_program();
  const std::string beside = program.substr(0, program.rfind('/') + 1) + "../share/weft/confd";
  return file_exists(beside + "/conf.d") ? beside : "/usr/share/weft/confd";
}

int main(int argc, char** argv) {
  const auto settings = parse_flags(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  if (!settings) {
    fmt::print(stderr, "confd: {}\n{}", settings.error().message, usage());
    return exit_usage;
  }
  if (settings->help) {
    fmt::print("{}", usage());
    return 0;
  }
  if (settings->version) {
    fmt::print("confd of weft {}\n", WEFT_VERSION);
    return 0;
  }
  log::set_part("confd");
  if (log::Level level; !settings->log_level.empty()) {
    if (!log::parse_level(settings->log_level, level)) {
      fmt::print(stderr, "confd: -log-level: \"{}\" is no level\n", settings->log_level);
      return exit_usage;
    }
    log::set_level(level);
  }
  const auto status = run_with(*settings);
  if (!status) {
    log::error("cannot run", {{"error", status.error().message}});
    return 1;
  }
  return *status;
}

}  // namespace weft::confd
