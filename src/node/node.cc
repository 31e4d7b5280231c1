#include "node/node.h"

#include <fmt/core.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "base/resident.h"
#include "base/strings.h"
#include "loop/loop.h"
#include "node/registration.h"
#include "node/state.h"
#include "store/embedded.h"
#include "store/etcd/open.h"

namespace weft::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr seconds store_retry{1};
constexpr seconds address_poll{60};

/// The private etcd of a standalone node. Its port is chosen once and kept in a file, so that clients find it again.
class OwnStore {
 public:
  OwnStore(loop::Loop& loop, const std::string& state_folder) : loop_(loop), folder_(state_folder) {}

  Result<std::string> start() {
    TRY(make_directories(folder_, 0700));
    store::EmbeddedOptions options{.data = folder_ + "/etcd", .ends_with_parent = true};
    const std::string port_file = folder_ + "/etcd.endpoint";
    if (const auto known = read_file(port_file)) {
      const std::string_view endpoint = trim(*known);
      options.port =
          static_cast<std::uint16_t>(std::atoi(std::string(endpoint.substr(endpoint.rfind(':') + 1)).c_str()));
    }
    etcd_ = TRY(store::Embedded::start(options));
    TRY(write_file_atomic(port_file, etcd_->endpoint() + "\n"));
    watch_ = loop_.on_fd(etcd_->pidfd(), EPOLLIN, [this](std::uint32_t) { ended(); });
    log::info("standalone: etcd of our own", {{"pid", etcd_->pid()}, {"endpoint", etcd_->endpoint()}});
    return etcd_->endpoint();
  }

 private:
  void ended() {
    log::error("standalone: etcd ended and is started again");
    watch_.reset();
    etcd_.reset();
    retry_ = loop_.after(milliseconds(100), [this] {
      if (const auto started = start(); !started) {
        log::error("standalone: etcd does not start", {{"reason", started.error().message}});
        retry_ = loop_.after(seconds(5), [this] { ended(); });
      }
    });
  }

  loop::Loop& loop_;
  std::string folder_;
  std::unique_ptr<store::Embedded> etcd_;
  loop::SourcePtr watch_, retry_;
};

/// What must be said to the store, on a thread of its own: the store may be slow or away for long, and what runs must
/// go on running.
class Registrar {
 public:
  /// @param first  called on the loop's thread after the first attempt; an error is one that trying again cannot mend
  Registrar(const Options& options, loop::Loop& loop, std::function<void(Result<>)> first)
      : options_(options),
        loop_(loop),
        first_(std::move(first)),
        thread_([this](std::stop_token stop) { work(stop); }) {}

 private:
  void work(const std::stop_token& stop) {
    auto store = options_.open_store ? options_.open_store(options_.store) : store::open(options_.store);
    if (!store) return tell(std::unexpected(store.error()));
    bool said = false;
    while (!stop.stop_requested()) {
      const auto node = start_of_day(**store, options_.name, options_.settings);
      const bool may_pass = !node && (node.error().code == Code::unavailable || node.error().code == Code::timeout);
      if (!node && !may_pass) return tell(std::unexpected(node.error()));
      tell({});
      if (node) break;
      if (!said) log::warning("waiting for the store", {{"reason", node.error().message}});
      said = true;
      sleep(store_retry, stop);
    }
    if (stop.stop_requested()) return;
    log::info("node is registered", {{"node", options_.name}, {"store", (*store)->describe()}});
    install_cni();
    follow_address(**store, stop);
  }

  /// An address that is found rather than told may change while we run.
  void follow_address(store::Store& store, const std::stop_token& stop) {
    using Kind = AddressSetting::Kind;
    const auto& settings = options_.settings;
    if (settings.ipv4.kind != Kind::autodetect && settings.ipv6.kind != Kind::autodetect) return;
    while (sleep(address_poll, stop)) {
      const auto node = register_node(store, options_.name, settings, {});
      if (!node) log::warning("address of the node not looked up", {{"reason", node.error().message}});
    }
  }

  void install_cni() const {
    Command command = programs_of(options_).front().command;
    command.argv = {command.argv[0], "cni", "install"};
    const auto done = weft::run(command);
    if (!done)
      log::error("CNI plug-ins not installed", {{"reason", done.error().message}});
    else if (!done->ok())
      log::error("CNI plug-ins not installed", {{"reason", trim(done->err)}});
  }

  void tell(Result<> outcome) {
    if (!first_) return;
    loop_.post([first = std::exchange(first_, nullptr), outcome = std::move(outcome)] { first(outcome); });
  }

  /// @return false when we are to stop
  bool sleep(seconds duration, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, duration, [] { return false; });
    return !stop.stop_requested();
  }

  const Options& options_;
  loop::Loop& loop_;
  std::function<void(Result<>)> first_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

Result<> check_options(const Options& options) {
  if (options.name.empty()) return fail(Code::invalid, "the node has no name");
  if (!options.store.has_endpoint() && !options.standalone)
    return fail(Code::invalid, "no store: set ETCD_ENDPOINTS, or run with --standalone for an etcd of this node's own");
  if (options.store.has_endpoint() && options.standalone)
    return fail(Code::invalid,
                "--standalone, and " + options.store.etcd_endpoints.from + " names a store: one or the other");
  return {};
}

Result<> prepare_folders(const Options& options) {
  const auto folder_of = [](const std::string& path) { return path.substr(0, path.rfind('/')); };
  TRY(make_directories(folder_of(options.nodename_file)));
  TRY(write_file_atomic(options.nodename_file, options.name));
  TRY(make_directories(folder_of(options.bird_config)));
  return make_directories(folder_of(options.bird_socket));
}

Result<> run_until_stopped(Options options) {
  TRY(check_options(options));
  const Fd lock = TRY(lock_run_folder(options.run_folder));
  TRY(prepare_folders(options));

  loop::Loop loop;
  Result<> outcome;
  std::optional<Supervisor> supervisor;
  bool stopping = false;
  const auto stop = [&] {
    if (std::exchange(stopping, true)) return;
    if (supervisor)
      supervisor->stop([&] { loop.stop(); });
    else
      loop.stop();
  };
  // Before any thread starts, so that all of them have these signals blocked.
  const auto on_term = loop.on_signal(SIGTERM, stop);
  const auto on_int = loop.on_signal(SIGINT, stop);
  const auto on_hup = loop.on_signal(SIGHUP, [&] {
    if (supervisor) supervisor->forward(SIGHUP);
  });

  OwnStore own_store(loop, options.state_folder);
  if (options.standalone) {
    options.store.etcd_endpoints = {.value = TRY(own_store.start()), .from = "--standalone"};
  }

  State state{.node = options.name, .pid = ::getpid(), .since = system_clock::now(), .rows = {}};
  const auto save = [&](const std::vector<Row>& rows) {
    state.rows = rows;
    if (const auto saved = save_state(options.run_folder, state); !saved)
      log::warning("state not written", {{"reason", saved.error().message}});
  };
  save({});
  supervisor.emplace(loop, programs_of(options), Supervisor::Options{.line = {}, .changed = save});
  Registrar registrar(options, loop, [&](Result<> first) {
    if (stopping) return;
    if (first) return supervisor->start();
    outcome = first;
    stop();
  });
  const auto settled = loop.after(std::chrono::seconds(5), unmap_program_pages);
  loop.run();
  log::info("node stops; pods, routes and policy stay as they are");
  return outcome;
}

}  // namespace

int run(const Options& options) {
  ::signal(SIGPIPE, SIG_IGN);  // a log that nobody reads any more is no reason to end
  log::set_prefix("node | ");
  log::info("node starts", {{"node", options.name}});
  const auto outcome = run_until_stopped(options);
  if (outcome) return 0;
  log::error("node cannot go on", {{"reason", outcome.error().message}});
  return 1;
}

int ps(const std::string& run_folder) {
  const auto state = load_state(run_folder);
  if (!state) {
    fmt::print(stderr, "{}\n", state.error().message);
    return 1;
  }
  fmt::print("{}", table(*state, system_clock::now()));
  return 0;
}

}  // namespace weft::node
