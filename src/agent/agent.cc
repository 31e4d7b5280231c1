#include "agent/agent.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <memory>
#include <set>
#include <thread>

#include <fmt/core.h>

#include "agent/board.h"
#include "agent/heap.h"
#include "agent/mtu.h"
#include "agent/questions.h"
#include "agent/socket.h"
#include "agent/stages.h"
#include "agent/status_files.h"
#include "agent/status_keys.h"
#include "agent/web.h"
#include "base/env.h"
#include "base/log.h"
#include "base/resident.h"
#include "base/strings.h"
#include "client/sync.h"
#include "cni/server.h"
#include "dataplane/dataplane.h"
#include "graph/graph.h"
#include "graph/settings.h"
#include "loop/loop.h"
#include "metrics/metrics.h"
#include "store/etcd/open.h"
#include "table/mailbox.h"

namespace weft::agent {
namespace {

/// What the main thread wants to know of the plan and of what the dataplane reached.
struct News {
  table::Delta<plan::Endpoint> endpoints;
  std::optional<plan::Settings> settings;
  dataplane::Report report;
  void merge(News later) {
    endpoints.merge(std::move(later.endpoints));
    if (later.settings) settings = std::move(later.settings);
    report.merge(std::move(later.report));
  }
};

/// Blocks, affinities and BGP are not the agent's.
std::set<std::string_view> followed_kinds() {
  return {"Node",
          "IPPool",
          "Tier",
          "GlobalNetworkPolicy",
          "NetworkPolicy",
          "GlobalNetworkSet",
          "NetworkSet",
          "Profile",
          "WorkloadEndpoint",
          "HostEndpoint",
          "FelixConfiguration",
          "ClusterInformation"};
}

/// Of pods' interfaces: the first of FELIX_INTERFACEPREFIX (datamodel 6.2).
std::string interface_prefix(const std::map<std::string, std::string>& environment) {
  const auto it = environment.find("interfaceprefix");
  const auto prefixes = it == environment.end() ? std::vector<std::string>() : split(it->second, ',');
  return prefixes.empty() || trim(prefixes.front()).empty() ? "cali" : std::string(trim(prefixes.front()));
}

metrics::Gauge& depth_of(const char* queue) {
  return metrics::gauge("weft_queue_depth", "What was sent to a part of the agent and waits for it.",
                        {{"queue", queue}});
}

void show(const graph::Graph::Sizes& sizes) {
  const auto show = [](metrics::Gauge& gauge, std::size_t value) { gauge.set(static_cast<double>(value)); };
  static auto& items = metrics::gauge("weft_cluster_items", "Endpoints and network sets of the cluster.");
  static auto& groups = metrics::gauge("weft_label_groups", "Groups of them that no selector can tell apart.");
  static auto& policies = metrics::gauge("felix_cluster_num_policies", "Policies of the cluster.");
  static auto& local = metrics::gauge("felix_active_local_endpoints", "Workload endpoints of this node.");
  static auto& active = metrics::gauge("felix_active_local_policies", "Policies that apply to endpoints of this node.");
  static auto& sets = metrics::gauge("felix_active_local_selectors", "Sets that rules in force on this node mention.");
  static auto& members = metrics::gauge("weft_set_members", "Members of those sets.");
  show(items, sizes.items);
  show(groups, sizes.label_groups);
  show(policies, sizes.policies);
  show(local, sizes.local_endpoints);
  show(active, sizes.local_policies);
  show(sets, sizes.sets);
  show(members, sizes.members);
}

void name_thread(const char* name) { ::prctl(PR_SET_NAME, name); }

/// LogSeverityScreen, unless WEFT_LOG_LEVEL was set by who started this process.
void log_level(const plan::AgentSettings& settings) {
  if (!env_or("WEFT_LOG_LEVEL", "").empty()) return;
  log::Level level = log::Level::fatal;
  if (settings.log_severity.empty() || log::parse_level(settings.log_severity, level)) log::set_level(level);
}

/// As many descriptors as we may have: each request takes one.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int run(const Options& options) {
  log::set_part("agent");
  raise_descriptor_limit();
  heap::expect_much();
  ::signal(SIGPIPE, SIG_IGN);  // a log that nobody reads any more is no reason to end
  loop::Loop main;             // signals first: threads that start later inherit the mask
  const auto on_term = main.on_signal(SIGTERM, [&] { main.stop(); });
  const auto on_int = main.on_signal(SIGINT, [&] { main.stop(); });
  const auto on_hup =
      main.on_signal(SIGHUP, [] { log::info("SIGHUP: settings are followed live, there is nothing to read again"); });

  // The socket first: a second agent on this machine ends here, before it touches anything.
  std::function<std::string(std::string_view)> answer;
  auto socket = Socket::open(main, options.socket, [&](std::string_view request) { return answer(request); });
  if (!socket) {
    log::error("no socket for requests", {{"reason", socket.error().message}});
    return 1;
  }
  auto opened = store::open(options.store);
  if (!opened) {
    log::error("no store", {{"reason", opened.error().message}});
    return 1;
  }
  const auto store = std::move(*opened);
  log::info("agent starts", {{"node", options.node}, {"store", store->describe()}});

  // Channels, each with its direction.
  table::Mailbox<api::Changes> api_rows;  // sync -> graph
  Board board;                            // dataplane -> whoever waits
  StatusFiles files;
  bool first_report = true;
  Stages stages;
  Web web(board);
  const auto first = graph::Settings(options.node, options.environment).settle().agent;  // before the store answers
  const bool had_endpoints = has_status_files(first.status_path_prefix);
  log_level(first);
  web.serve(first);
  MtuFile mtu(options.mtu_file);
  mtu.follow(first.mtu_interfaces);
  StatusKeys keys(*store, options.node);
  table::Mailbox<News>* news_box = nullptr;
  table::Mailbox<News> news([&] {  // graph, dataplane -> main
    main.post([&] {
      auto what = news_box->poll();
      if (!what) return;
      if (what->settings) {
        const auto& s = what->settings->agent;
        log_level(s);
        web.serve(s);
        mtu.follow(s.mtu_interfaces);
        files.move_to(s.status_path_prefix);
        keys.set({.enabled = s.endpoint_reporting,
                  .region = s.openstack_region,
                  .delay = s.endpoint_reporting_delay,
                  .interval = s.reporting_interval,
                  .ttl = s.reporting_ttl});
      }
      stages.on(what->report.revision, what->report.passage);
      files.on(what->endpoints);
      files.on(what->report.endpoints);
      keys.on(what->report.endpoints);
      if (what->report.ready && std::exchange(first_report, false)) {
        files.remove_stale();
        heap::give_back();  // of the first plan all rows were under way at once; from here on few are
        unmap_program_pages();
      }
    });
  });
  news_box = &news;

  // The dataplane: its loop, its thread, the kernel.
  loop::Loop dataplane_loop;
  dataplane::Dataplane* dataplane = nullptr;
  table::Mailbox<plan::Changes>* plan_box = nullptr;
  table::Mailbox<plan::Changes> plan_rows([&] {  // graph -> dataplane
    dataplane_loop.post([&] {
      if (auto changes = plan_box->poll(); changes && dataplane) dataplane->on(std::move(*changes));
    });
  });
  plan_box = &plan_rows;
  std::jthread dataplane_thread([&] {
    name_thread("dataplane");
    dataplane::Dataplane plane(dataplane_loop, [&](dataplane::Report report) {
      News what;
      what.report = report;
      news.send(std::move(what));
      board.on(std::move(report));
    });
    web.set_state("dataplane", [&] { return plane.debug(); }, &dataplane_loop);
    dataplane_loop.post([&] {
      dataplane = &plane;
      if (auto changes = plan_box->poll()) plane.on(std::move(*changes));
    });
    dataplane_loop.run();
    web.set_state("dataplane", {}, nullptr);
  });

  std::jthread graph_thread([&](std::stop_token stop) {
    name_thread("graph");
    // A store that holds no cluster although there was one is not followed. A new one may be without.
    using NeedsCluster = graph::Graph::Options::NeedsCluster;
    graph::Graph graph(options.node, options.environment,
                       {.needs_cluster = had_endpoints ? NeedsCluster::always : NeedsCluster::once_seen});
    std::string held;
    for (api::Changes in; api_rows.take(in, stop);) {
      const bool in_sync = in.in_sync;
      auto passage = in.passage;
      passage.computing = std::chrono::steady_clock::now();
      plan::Changes out = graph.on(std::move(in));
      passage.computed = std::chrono::steady_clock::now();
      out.passage = passage;
      show(graph.sizes());
      if (in_sync && std::exchange(held, graph.held()) != graph.held()) {
        if (graph.held().empty())
          log::info("the store is ready, changes are followed again");
        else
          log::warning("changes are held back, what is in the kernel stays", {{"reason", graph.held()}});
      }
      if (out.revision == 0) continue;
      News what;
      what.endpoints = out.endpoints;
      what.settings = out.settings;
      news.send(std::move(what));
      board.on(out.unsupported);
      plan_rows.send(std::move(out));
    }
  });

  auto sync = std::make_unique<client::Sync>(*store, followed_kinds(),
                                             [&](api::Changes changes) { api_rows.send(std::move(changes)); });

  // What others ask: CNI plug-ins, `weft lab wait`, people.
  cni::Server cni(
      {.node = options.node,
       .store = *store,
       .state_folder = options.state_folder,
       .wait = [&](const plan::EndpointId& id, store::Revision revision,
                   std::chrono::steady_clock::time_point deadline) { return board.wait_up(id, revision, deadline); },
       .ready = [&]() -> Result<> {
         if (board.ready()) return {};
         return fail(Code::unavailable, "the agent is starting: the store's state is not in the kernel yet");
       },
       .interface_prefix = interface_prefix(options.environment),
       .mtu_file = options.mtu_file});
  const Questions questions(options.node, board, *sync);
  answer = [&](std::string_view text) -> std::string {  // on the socket's threads
    const auto request = cni::parse_request(text);
    if (!request) return cni::to_json(cni::Answer{.code = 6, .output = request.error().message});
    if (request->plugin.empty()) return cni::to_json(questions.answer(*request));
    return cni::to_json(cni.handle(*request));
  };
  web.before_metrics([&] {
    static auto& for_graph = depth_of("graph");
    static auto& for_dataplane = depth_of("dataplane");
    static auto& for_socket = depth_of("socket");
    for_graph.set(static_cast<double>(api_rows.depth()));
    for_dataplane.set(static_cast<double>(plan_rows.depth()));
    for_socket.set(static_cast<double>((*socket)->waiting()));
  });
  const auto retry = main.every(std::chrono::seconds(10), [&] {
    files.retry();
    web.retry();
    mtu.refresh();
  });

  main.run();

  // Downwards: no new questions, no waiting, no new rows; the kernel keeps what it has.
  log::info("agent stops; what is in the kernel stays");
  web.before_metrics({});
  board.close();
  socket->reset();
  sync.reset();
  graph_thread.request_stop();
  graph_thread.join();
  dataplane_loop.stop();
  dataplane_thread.join();
  return 0;
}

}  // namespace weft::agent
