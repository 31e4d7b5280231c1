#include "dataplane/dataplane.h"

#include <fmt/core.h>
#include <linux/netlink.h>
#include <sys/epoll.h>

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "base/strings.h"
#include "dataplane/kernel_events.h"
#include "dataplane/ruleset.h"
#include "dataplane/status.h"
#include "dataplane/sysctls.h"
#include "dataplane/targets.h"
#include "dataplane/throttle.h"
#include "loop/loop.h"
#include "metrics/metrics.h"
#include "schema/value.h"

namespace weft::dataplane {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds first_retry{50};
constexpr milliseconds last_retry{5000};
constexpr std::chrono::seconds external_grace{10};  // the CNI plug-in adds routes before the endpoint is known

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

metrics::Counter& repairs(const char* what) {
  return metrics::counter("weft_dataplane_repairs", "Objects of ours that somebody else changed and we put back.",
                          {{"object", what}});
}

void show(const Ruleset::Sizes& sizes) {
  static auto& chains = metrics::gauge("weft_nftables_chains", "Chains in our table.");
  static auto& sets = metrics::gauge("weft_nftables_sets", "Sets and maps in our table.");
  static auto& elements = metrics::gauge("weft_nftables_elements", "Elements of the sets and maps in our table.");
  chains.set(static_cast<double>(sizes.chains));
  sets.set(static_cast<double>(sizes.sets));
  elements.set(static_cast<double>(sizes.elements));
}

/// Refused because the interface went or came down between our look and our write: its event comes, it is no error.
bool in_passing(const Error& error) { return error.code == Code::not_found || error.code == Code::unavailable; }

}  // namespace

void Report::merge(Report later) {
  if (later.revision != 0) revision = later.revision;  // a store restored from older data goes back
  endpoints.merge(std::move(later.endpoints));
  refused = std::move(later.refused);
  ready = later.ready;
  passage.merge(later.passage);
}

struct Dataplane::Inner : KernelEvents::Sink, std::enable_shared_from_this<Dataplane::Inner> {
  Inner(loop::Loop& l, std::function<void(Report)> r) : loop(l), report(std::move(r)) {}

  /// What needs the kernel; made at the first apply, so that a failure is retried like any other.
  struct Kernel {
    kernel::Socket rtnl;
    kernel::Socket netfilter;
    KernelEvents events;
    RouteTarget route_target;
    NeighbourTarget neighbour_target;
    table::Reconciler<kernel::Route> routes;
    table::Reconciler<kernel::Neighbour> neighbours;
    Ruleset ruleset;
    std::string rp_filter = default_rp_filter();
    loop::SourcePtr rtnl_ready;
    loop::SourcePtr ruleset_ready;

    Kernel(Inner& inner, kernel::Socket r, kernel::Socket n, KernelEvents e)
        : rtnl(std::move(r)),
          netfilter(std::move(n)),
          events(std::move(e)),
          route_target(rtnl, netfilter, inner.workloads, inner.links,
                       [&inner](int i) { return inner.external_goes(i); }),
          neighbour_target(rtnl),
          routes(route_target),
          neighbours(neighbour_target) {}
  };

  // --- the apply cycle

  void apply();
  Result<> open();
  Result<> read_links();
  Result<> reread_rows();
  void configure();
  Result<> sync_ruleset();
  Result<> sync_rows();
  void tell(const Result<>& outcome);
  void forget_troubles();
  void look_again_at(const std::string& interface);
  void forget_connections();

  // --- when to apply

  void soon();
  void wake();
  bool different() const;
  void set_timers();

  // --- what the kernel tells

  void link(const kernel::Link& link, bool gone) override;
  void address_gone(const net::Ip& ip) override;
  void route(const kernel::Route& route, bool gone) override;
  void neighbour(const kernel::Neighbour& neighbour, bool gone) override;
  void setting(const kernel::Netconf& setting) override;
  void ruleset(std::uint32_t generation) override;
  void lost_rtnl() override { relink = reread = true; }
  void lost_ruleset() override;

  void touch(const Links::Names& names);
  void device_lost(int index);
  bool external_goes(int device) const;
  void log_repairs();

  loop::Loop& loop;
  std::function<void(Report)> report;
  Workloads workloads;
  Links links;
  std::unique_ptr<Kernel> kernel;  // after links and workloads, which it refers to

  plan::Changes waiting;  // for the ruleset, until the kernel is open
  bool ruleset_known = false;
  bool started = false;  // the first changes came
  bool scheduled = false;
  bool relink = true;   // links must be read
  bool reread = false;  // routes and neighbours must be read again
  bool ruleset_dirty = true;
  bool configure_all = true;  // sysctls of all interfaces must be looked at
  bool interfaces_changed = false;
  bool synced = false;  // the ruleset has been in the kernel once
  bool ready = false;
  table::Passage passage;  // of what is not in force yet
  std::int64_t wanted_revision = 0;
  std::int64_t revision = 0;
  std::set<int> configured;                                               // interfaces whose sysctls were set
  std::set<int> unsettled;                                                // of them: somebody else set one since
  std::map<int, Clock::time_point> first_seen;                            // workloads' interfaces
  std::map<decltype(kernel::Route{}.key()), std::string> changed_routes;  // by somebody else: what was found
  std::map<decltype(kernel::Neighbour{}.key()), std::string> changed_neighbours;
  Troubles troubles;
  std::vector<std::string> refused;
  std::map<plan::EndpointId, EndpointStatus> statuses;
  std::map<plan::EndpointId, std::string> went_down;  // were up, are still wanted: what is wrong
  // Endpoints whose interface or state may be another since the last apply; the others cost nothing.
  std::set<plan::EndpointId> touched;
  bool all_touched = false;
  milliseconds retry_after = first_retry;
  loop::SourcePtr retry;
  loop::SourcePtr throttled;
  Throttle repair_throttle{10, milliseconds(100)};
  Throttle arrival_throttle{200, milliseconds(5)};
  std::chrono::seconds route_interval{-1}, nft_interval{-1}, interface_interval{-1};
  loop::SourcePtr route_refresh, nft_refresh, interface_refresh;
  Clock::time_point began = Clock::now();
};

// ---------------------------------------------------------------------------------------------------------------------

void Dataplane::Inner::apply() {
  static auto& seconds = metrics::histogram("felix_int_dataplane_apply_time_seconds", "Time of one apply.");
  static auto& failures = metrics::counter("felix_int_dataplane_failures", "Applies that left something undone.");
  const auto start = Clock::now();
  scheduled = false;
  retry.reset();
  throttled.reset();
  forget_troubles();

  const auto outcome = [&]() -> Result<> {
    TRY(open());                       // events first, so that nothing is missed
    TRY(kernel->events.drain(*this));  // what happened since the last time
    if (relink) TRY(read_links());
    if (reread) TRY(reread_rows());
    configure();          // sysctls of interfaces that are there
    TRY(sync_ruleset());  // closed until here; nothing leads to a pod before its policy
    return sync_rows();   // neighbours, routes, connections
  }();

  tell(outcome);
  if (kernel) forget_connections();  // of addresses that went; nobody waits for that
  seconds.observe(seconds_since(start));
  if (outcome && refused.empty() && !different()) {
    retry_after = first_retry;
    return;
  }
  failures.add();
  retry = loop.after(retry_after, [this] {
    static auto& retries =
        metrics::counter("weft_dataplane_retries", "Applies because an earlier one left something undone.");
    retries.add();
    ruleset_dirty = true;
    apply();
  });
  retry_after = std::min(retry_after * 2, last_retry);
}

Result<> Dataplane::Inner::open() {
  if (kernel) return {};
  auto fresh = std::make_unique<Kernel>(*this, TRY(kernel::Socket::open(NETLINK_ROUTE)),
                                        TRY(kernel::Socket::open(NETLINK_NETFILTER)), TRY(KernelEvents::open()));
  fresh->rtnl_ready = loop.on_fd(fresh->events.rtnl_fd(), EPOLLIN, [this](auto) { wake(); });
  fresh->ruleset_ready = loop.on_fd(fresh->events.ruleset_fd(), EPOLLIN, [this](auto) { wake(); });
  fresh->ruleset.on(std::exchange(waiting, {}));
  kernel = std::move(fresh);
  return {};
}

Result<> Dataplane::Inner::read_links() {
  const auto list = TRY(kernel::list_links(kernel->rtnl));
  std::map<int, bool> up;
  for (const auto& link : list) up.emplace(link.index, link.up);
  for (const auto& [index, link] : links.all()) {
    const auto it = up.find(index);
    if (it == up.end() || !it->second) device_lost(index);
  }
  std::erase_if(configured, [&](int index) { return !up.contains(index); });
  std::erase_if(first_seen, [&](const auto& seen) { return !up.contains(seen.first); });
  touch(links.read(list));
  relink = false;
  return {};
}

/// Reads what is present and remembers what somebody else changed.
Result<> Dataplane::Inner::reread_rows() {
  static auto& seconds = metrics::histogram("felix_route_table_resync_seconds", "Time of reading all our routes.");
  const auto start = Clock::now();
  auto& rows = kernel->routes.rows();
  const auto before = rows.present();
  rows.found_all(TRY(kernel->route_target.read()));
  for (const auto& change : rows.changes()) {
    const auto was = before.find(change.key);
    const bool settled = !ready                ? false
                         : was == before.end() ? !change.after
                                               : change.after && was->second == *change.after;
    if (settled) changed_routes.emplace(change.key, change.before ? to_string(*change.before) : "nothing");
  }
  kernel->neighbours.reread();
  seconds.observe(seconds_since(start));
  reread = false;
  return {};
}

void Dataplane::Inner::configure() {
  const auto& settings = workloads.settings();
  if (configure_all) {
    const auto changed = configure_forwarding(settings);
    if (!changed)
      refused.push_back("forwarding: " + changed.error().message);
    else if (ready && !changed->empty()) {
      repairs("sysctl").add(static_cast<double>(changed->size()));
      log::warning("forwarding was turned off by somebody else; it is on again", {{"found", join(*changed, ", ")}});
    }
  }
  for (const int index : unsettled) {
    if (const auto* link = links.find(index)) look_again_at(link->name);
  }
  const auto look_at = [&](const plan::Endpoint& endpoint) {
    const auto* link = links.find(endpoint.interface);
    if (link == nullptr || !workloads.is_workload(link->name)) return;
    if (!configure_all && configured.contains(link->index) && !unsettled.contains(link->index)) return;
    const auto changed = configure_interface(endpoint.interface, settings, kernel->rp_filter);
    if (changed) {
      const bool again = !configured.insert(link->index).second;
      if (again && !changed->empty()) {
        repairs("sysctl").add(static_cast<double>(changed->size()));
        log::info("settings of an interface were changed by somebody else; repaired",
                  {{"interface", link->name}, {"found", join(*changed, ", ")}});
      }
    } else if (!in_passing(changed.error())) {
      troubles.interfaces[endpoint.interface] = changed.error().message;
      refused.push_back("interface " + endpoint.interface + ": " + changed.error().message);
    }
  };
  if (configure_all || all_touched) {
    for (const auto& [id, endpoint] : workloads.endpoints()) look_at(endpoint);
  } else {
    for (const auto& id : touched) {
      const auto it = workloads.endpoints().find(id);
      if (it != workloads.endpoints().end()) look_at(it->second);
    }
  }
  configure_all = false;
  unsettled.clear();
  interfaces_changed = false;
}

Result<> Dataplane::Inner::sync_ruleset() {
  if (!ruleset_dirty) return {};
  auto outcome = kernel->ruleset.sync([this](bool on) { return kernel->events.hear_ruleset(on); });
  if (const auto& found = kernel->ruleset.found(); !found.empty()) {
    repairs("nftables").add();
    log::warning("our nftables table was changed by somebody else; repaired", {{"found", found}});
  }
  if (!outcome) {
    troubles.everything = "nftables: " + outcome.error().message;
    // Once our chains are there, what is new is closed, and routes may go on; before that they must not.
    if (!synced) return fail(outcome.error().code, troubles.everything);
    refused.push_back(troubles.everything);
    return {};
  }
  for (const auto& one : *outcome) {
    troubles.objects[one.object] = one.error.message;
    refused.push_back(one.object + ": " + one.error.message);
  }
  synced = true;
  passage.ruled = Clock::now();
  show(kernel->ruleset.sizes());
  ruleset_dirty = !outcome->empty();
  revision = wanted_revision;
  return {};
}

Result<> Dataplane::Inner::sync_rows() {
  auto rows = workloads.take(links);
  auto& routes = kernel->routes;
  auto& neighbours = kernel->neighbours;
  if (ready && workloads.settings().remove_external_routes && !rows.routes.empty())
    TRY(reread_rows());  // grace is over
  for (const auto& ip : rows.left) kernel->route_target.leave(ip);
  routes.rows().want(std::move(rows.routes));
  neighbours.rows().want(std::move(rows.neighbours));
  log_repairs();

  (void)TRY(neighbours.sync());
  (void)TRY(routes.sync());

  const auto trouble = [&](const net::Cidr& dst, const std::string& what, const Error& error) {
    const auto planned = workloads.routes().find(dst);
    const std::string interface = planned == workloads.routes().end() ? "" : planned->second.interface;
    if (in_passing(error)) {
      troubles.passing.insert(interface);
      return;
    }
    refused.push_back(what + ": " + error.message);
    troubles.interfaces[interface] = refused.back();
  };
  for (const auto& one : routes.refused()) {
    trouble(std::get<1>(one.key), "route " + to_string(std::get<1>(one.key)), one.error);
  }
  for (const auto& one : neighbours.refused()) {
    const auto ip = std::get<1>(one.key);
    trouble(net::Cidr::host(ip), "neighbour " + to_string(ip), one.error);
  }
  static auto& count = metrics::gauge("felix_route_table_num_routes", "Routes we want in the kernel.");
  count.set(static_cast<double>(routes.rows().wanted().size()));
  return {};
}

void Dataplane::Inner::tell(const Result<>& outcome) {
  if (!outcome) {
    refused.push_back(outcome.error().message);
    log::warning("apply failed; will be tried again", {{"error", outcome.error().message}});
  }
  for (const auto& what : refused) log::debug("refused by the kernel; will be tried again", {{"what", what}});
  static auto& gauge = metrics::gauge("weft_dataplane_refused", "What the kernel refuses at present.");
  gauge.set(static_cast<double>(refused.size()));

  if (outcome && synced && !ready) {
    ready = true;
    const double took = seconds_since(began);
    metrics::gauge("felix_int_dataplane_initial_resync_time_seconds", "From the first input to the first full apply.")
        .set(took);
    log::info("first apply complete", {{"endpoints", workloads.endpoints().size()},
                                       {"routes", workloads.routes().size()},
                                       {"seconds", fmt::format("{:.3f}", took)}});
  }
  if (!outcome && troubles.everything.empty()) troubles.everything = outcome.error().message;
  Report out;
  out.revision = revision;
  out.refused = refused;
  out.ready = ready;
  if (outcome && revision == wanted_revision && passage.set()) {
    passage.in_force = Clock::now();
    out.passage = std::exchange(passage, {});
  }
  for (const auto& [interface, why] : troubles.interfaces) look_again_at(interface);
  for (const auto& interface : troubles.passing) look_again_at(interface);
  if (all_touched || !troubles.objects.empty() || !troubles.everything.empty()) {
    for (const auto& [id, status] : statuses) touched.insert(id);
    for (const auto& [id, endpoint] : workloads.endpoints()) touched.insert(id);
  }
  all_touched = false;
  for (const auto& id : std::exchange(touched, {})) {
    const auto endpoint = workloads.endpoints().find(id);
    const auto it = statuses.find(id);
    if (endpoint == workloads.endpoints().end()) {
      if (it == statuses.end()) continue;
      out.endpoints.drop(id);
      statuses.erase(it);
      went_down.erase(id);
      continue;
    }
    auto status = status_of(endpoint->second, links.find(endpoint->second.interface), troubles);
    if (it != statuses.end() && it->second == status) continue;
    if (it != statuses.end() && it->second.state == EndpointStatus::State::up) went_down.emplace(id, status.message);
    // Said when it is up again: mostly it is a pod that goes.
    if (const auto lost = went_down.find(id); lost != went_down.end() && status.state == EndpointStatus::State::up) {
      repairs("endpoint").add();
      log::info("an endpoint is up again", {{"endpoint", to_string(id)}, {"found", lost->second}});
      went_down.erase(lost);
    }
    out.endpoints.put(status);
    statuses.insert_or_assign(id, std::move(status));
  }
  report(std::move(out));
}

/// What was in trouble is looked at again.
void Dataplane::Inner::forget_troubles() {
  for (const auto& [interface, why] : troubles.interfaces) look_again_at(interface);
  for (const auto& interface : troubles.passing) look_again_at(interface);
  all_touched = all_touched || !troubles.objects.empty() || !troubles.everything.empty();
  troubles = {};
  refused.clear();
}

void Dataplane::Inner::look_again_at(const std::string& interface) {
  const auto& endpoints = workloads.endpoints_of(interface);
  touched.insert(endpoints.begin(), endpoints.end());
}

void Dataplane::Inner::forget_connections() {
  if (auto forgot = kernel->route_target.forget(); !forgot) {
    log::warning("connections of addresses that went stay; will be tried again", {{"error", forgot.error().message}});
    refused.push_back(std::move(forgot.error().message));
  }
}

// ---------------------------------------------------------------------------------------------------------------------

void Dataplane::Inner::soon() {
  if (std::exchange(scheduled, true)) return;
  loop.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->scheduled) self->apply();
  });
}

/// The kernel told something. Our own changes are told too and leave nothing different.
void Dataplane::Inner::wake() {
  if (!kernel || !started) return;
  if (auto drained = kernel->events.drain(*this); !drained) {
    log::warning("kernel events", {{"error", drained.error().message}});
    relink = reread = true;
  }
  if (!different() || scheduled || throttled) return;
  // Somebody who keeps changing what is ours must not keep us busy. An interface that comes up is no repair: a
  // container waits for it.
  const auto wait = (interfaces_changed ? arrival_throttle : repair_throttle).take(Clock::now());
  if (wait == milliseconds(0))
    apply();
  else
    throttled = loop.after(wait, [this] { apply(); });
}

bool Dataplane::Inner::different() const {
  return relink || reread || ruleset_dirty || configure_all || interfaces_changed || !unsettled.empty() || !kernel ||
         !kernel->routes.rows().settled() || !kernel->neighbours.rows().settled();
}

void Dataplane::Inner::set_timers() {
  const auto& settings = workloads.settings();
  const auto set = [&](loop::SourcePtr& source, std::chrono::seconds& now, std::chrono::seconds wanted, auto due) {
    if (now == wanted) return;
    now = wanted;
    source.reset();
    if (wanted.count() > 0) source = loop.every(wanted, due);
  };
  set(route_refresh, route_interval, settings.route_refresh, [this] {
    reread = true;
    soon();
  });
  set(nft_refresh, nft_interval, settings.nft_refresh, [this] {
    lost_ruleset();
    soon();
  });
  set(interface_refresh, interface_interval, settings.interface_refresh, [this] {
    relink = configure_all = true;
    soon();
  });
}

// ---------------------------------------------------------------------------------------------------------------------

void Dataplane::Inner::touch(const Links::Names& names) {
  for (const auto& name : names) {
    workloads.touch_interface(name);
    look_again_at(name);
    const auto* link = links.find(name);
    const bool workload = workloads.is_workload(name);
    if (link != nullptr && workload) first_seen.emplace(link->index, Clock::now());
    if (workload || workloads.has_routes(name)) interfaces_changed = true;
  }
}

/// An interface that goes or comes down takes its routes and neighbours with it, and the kernel does not tell.
void Dataplane::Inner::device_lost(int index) {
  const auto lose = [&](auto& rows) {
    std::vector<std::remove_cvref_t<decltype(rows.present().begin()->first)>> keys;
    for (const auto& [key, row] : rows.present()) {
      if (row.device == index) keys.push_back(key);
    }
    for (const auto& key : keys) rows.lost(key);
  };
  lose(kernel->routes.rows());
  lose(kernel->neighbours.rows());
}

void Dataplane::Inner::link(const kernel::Link& link, bool gone) {
  if (gone || !link.up) device_lost(link.index);
  if (gone) {
    configured.erase(link.index);
    unsettled.erase(link.index);
    first_seen.erase(link.index);
  }
  touch(gone ? links.drop(link.index) : links.put(link));
}

void Dataplane::Inner::address_gone(const net::Ip& ip) {
  // Routes that prefer it as source go silently with it.
  const auto& settings = workloads.settings();
  if (settings.device_route_source == ip || settings.device_route_source_v6 == ip) reread = true;
}

void Dataplane::Inner::route(const kernel::Route& route, bool gone) {
  auto& rows = kernel->routes.rows();
  const auto present = rows.present().find(route.key());
  const auto wanted = rows.wanted().find(route.key());
  const bool was_right =
      present != rows.present().end() && wanted != rows.wanted().end() && present->second == wanted->second;
  if (gone) {
    const bool same = present != rows.present().end() && present->second.device == route.device &&
                      present->second.protocol == route.protocol;
    if (same) rows.lost(route.key());
  } else if (kernel->route_target.ours(route)) {
    rows.found(route);
  } else if (present != rows.present().end()) {
    rows.lost(route.key());
  } else {
    return;
  }
  const auto now = rows.present().find(route.key());
  const bool is_right = now != rows.present().end() && wanted != rows.wanted().end() && now->second == wanted->second;
  if (was_right && !is_right) changed_routes.insert_or_assign(route.key(), gone ? "nothing" : to_string(route));
}

void Dataplane::Inner::neighbour(const kernel::Neighbour& neighbour, bool gone) {
  auto& rows = kernel->neighbours.rows();
  const auto key = neighbour.key();
  const auto present = rows.present().find(key);
  const auto wanted = rows.wanted().find(key);
  if (present == rows.present().end() && wanted == rows.wanted().end()) return;  // of all those on the machine
  const bool was_right =
      present != rows.present().end() && wanted != rows.wanted().end() && present->second == wanted->second;
  if (!gone && kernel->neighbour_target.ours(neighbour))
    rows.found(neighbour);
  else if (present != rows.present().end())
    rows.lost(key);
  const auto now = rows.present().find(key);
  if (was_right && (now == rows.present().end() || now->second != wanted->second))
    changed_neighbours.insert_or_assign(key, gone || !neighbour.mac ? "nothing" : to_string(*neighbour.mac));
}

/// Our own writes are told too: only what is wrong counts.
void Dataplane::Inner::setting(const kernel::Netconf& setting) {
  bool wrong = setting.forwarding == false || setting.proxy_neighbours == false;
  if (setting.device == kernel::Netconf::all) {
    configure_all = configure_all || (ready && wrong);
    return;
  }
  if (setting.rp_filter) {
    const bool spoofing = workloads.settings().spoofing_allowed;
    wrong = wrong || std::to_string(*setting.rp_filter) != (spoofing ? "0" : kernel->rp_filter);
  }
  if (wrong && configured.contains(setting.device)) unsettled.insert(setting.device);
}

void Dataplane::Inner::ruleset(std::uint32_t generation) {
  if (static_cast<std::int32_t>(generation - kernel->ruleset.generation()) <= 0) return;  // our own
  lost_ruleset();
}

void Dataplane::Inner::lost_ruleset() {
  if (kernel) kernel->ruleset.reread();
  ruleset_dirty = true;
}

/// RemoveExternalRoutes spares a new interface for a while, unless we have routes for it.
bool Dataplane::Inner::external_goes(int device) const {
  const auto* link = links.find(device);
  if (link == nullptr) return false;
  if (workloads.has_routes(link->name)) return true;
  const auto seen = first_seen.find(device);
  return seen == first_seen.end() || Clock::now() - seen->second > external_grace;
}

void Dataplane::Inner::log_repairs() {
  const auto& rows = kernel->routes.rows();
  for (const auto& [key, found] : std::exchange(changed_routes, {})) {
    const auto wanted = rows.wanted().find(key);
    const auto present = rows.present().find(key);
    if (wanted == rows.wanted().end()) {
      if (present == rows.present().end()) continue;
      log::info("a route that is not planned appeared; removing it", {{"route", to_string(present->second)}});
    } else {
      if (present != rows.present().end() && present->second == wanted->second) continue;
      log::info("a route was changed by somebody else; repairing it",
                {{"route", to_string(wanted->second)}, {"found", found}});
    }
    repairs("route").add();
  }
  const auto& neighbours = kernel->neighbours.rows();
  for (const auto& [key, found] : std::exchange(changed_neighbours, {})) {
    const auto wanted = neighbours.wanted().find(key);
    const auto present = neighbours.present().find(key);
    if (wanted == neighbours.wanted().end()) continue;
    if (present != neighbours.present().end() && present->second == wanted->second) continue;
    log::info("a neighbour entry was changed by somebody else; repairing it",
              {{"address", to_string(wanted->second.ip)}, {"found", found}});
    repairs("neighbour").add();
  }
}

// ---------------------------------------------------------------------------------------------------------------------

Dataplane::Dataplane(loop::Loop& loop, std::function<void(Report)> report)
    : inner_(std::make_shared<Inner>(loop, std::move(report))) {}
Dataplane::~Dataplane() = default;

void Dataplane::on(plan::Changes changes) {
  static auto& messages = metrics::counter("felix_int_dataplane_messages", "Changes of the plan that came.");
  messages.add();
  auto& in = *inner_;
  if (!std::exchange(in.started, true)) in.began = Clock::now();
  const bool settings = changes.settings && *changes.settings != in.workloads.settings();
  for (const auto& [id, row] : changes.endpoints.rows) in.touched.insert(id);
  in.all_touched = in.all_touched || changes.endpoints.whole;
  in.workloads.on(changes);
  if (settings) {
    in.configure_all = true;
    in.reread = in.reread || in.kernel;  // what is ours may be something else now
  }
  in.set_timers();
  if (changes.revision != 0) in.wanted_revision = changes.revision;
  changes.passage.applying = Clock::now();
  in.passage.merge(changes.passage);
  in.ruleset_dirty = true;
  if (in.kernel)
    in.kernel->ruleset.on(changes);
  else
    in.waiting.merge(std::move(changes));
  in.soon();
}

std::string Dataplane::debug() const {
  const auto& in = *inner_;
  schema::Array endpoints;
  for (const auto& [id, status] : in.statuses) {
    const char* states[] = {"up", "down", "error"};
    endpoints.push_back(schema::Object{{"endpoint", to_string(id)},
                                       {"interface", status.interface},
                                       {"state", states[static_cast<int>(status.state)]},
                                       {"message", status.message}});
  }
  schema::Array routes;
  if (in.kernel) {
    for (const auto& [key, row] : in.kernel->routes.rows().wanted()) routes.push_back(to_string(row));
  }
  schema::Array refused(in.refused.begin(), in.refused.end());
  return to_json(schema::Object{{"revision", in.revision},
                                {"ready", in.ready},
                                {"endpoints", std::move(endpoints)},
                                {"routes", std::move(routes)},
                                {"refused", std::move(refused)}});
}

}  // namespace weft::dataplane
