#include "cni/server.h"

#include <algorithm>
#include <mutex>

#include "api/cluster_information.h"
#include "api/codec.h"
#include "api/profile.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/resources.h"
#include "cni/error.h"
#include "cni/journal.h"
#include "cni/pod_link.h"
#include "cni/result.h"
#include "cni/workload.h"
#include "ipam/ipam.h"

namespace weft::cni {

namespace {

using Steady = std::chrono::steady_clock;

/// Where an error has a CNI code of its own, it travels with it.
struct Refusal {
  int code = own_error;
  std::string message;
};
using Outcome = std::expected<std::string, Refusal>;  // what is printed

std::unexpected<Refusal> refuse(int code, std::string message) {
  return std::unexpected(Refusal{code, std::move(message)});
}
std::unexpected<Refusal> refuse(const Error& error) { return refuse(code_for(error), error.message); }

bool is_store_away(const Error& error) { return error.code == Code::unavailable || error.code == Code::timeout; }

/// One holder of a name at a time.
class Turnstile {
 public:
  void enter(const std::string& name) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return busy_.insert(name).second; });
  }
  void leave(const std::string& name) {
    {
      const std::lock_guard lock(mutex_);
      busy_.erase(name);
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> busy_;
};
class Turn {
 public:
  Turn(Turnstile& turnstile, std::string name) : turnstile_(turnstile), name_(std::move(name)) {
    turnstile_.enter(name_);
  }
  ~Turn() { turnstile_.leave(name_); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Turnstile& turnstile_;
  std::string name_;
};

/// A request taken apart.
struct Job {
  const Request& request;
  NetworkConfig config;
  PodArgs args;
  Workload workload;  // not of GC and STATUS
};

/// What an ADD has found or been given.
struct Given {
  std::vector<ipam::Assigned> addresses;  // of our own IPAM; the block is the address itself for others
  std::vector<net::Cidr> routes;          // what the container reaches through us
  std::vector<AddResult::Route> shown;    // routes of the result
  net::Mac mac;
  store::Revision revision = 0;
};

std::vector<net::Ip> ips_of(std::span<const ipam::Assigned> addresses) {
  std::vector<net::Ip> ips;
  for (const auto& each : addresses) ips.push_back(each.ip);
  return ips;
}

bool is_our_ipam(const NetworkConfig& config) {
  return config.ipam_type.empty() || config.ipam_type == "calico-ipam" || config.ipam_type == "weft-ipam";
}

std::vector<net::Cidr> default_routes(std::span<const ipam::Assigned> addresses) {
  std::vector<net::Cidr> routes;
  for (const auto& each : addresses) {
    const net::Cidr route = each.ip.is_v4() ? net::Cidr() : *net::Cidr::parse("::/0");
    if (std::find(routes.begin(), routes.end(), route) == routes.end()) routes.push_back(route);
  }
  return routes;
}

/// Another IPAM plug-in's routes; the default ones when it names none, or when the configuration wants them too.
std::vector<net::Cidr> delegated_routes(const NetworkConfig& config, const AddResult& result) {
  std::vector<net::Cidr> routes;
  for (const auto& route : result.routes) routes.push_back(route.dst);
  if (!routes.empty() && !config.include_default_routes) return routes;
  std::vector<ipam::Assigned> addresses;
  for (const auto& each : result.addresses) addresses.push_back({each.address.ip, {}});
  for (const net::Cidr& route : default_routes(addresses))
    if (std::find(routes.begin(), routes.end(), route) == routes.end()) routes.push_back(route);
  return routes;
}

}  // namespace

struct Server::Inner {
  explicit Inner(ServerOptions given)
      : options(std::move(given)),
        store(options.store),
        ipam(store),
        journal(options.state_folder + "/cni-releases.json") {
    worker = std::jthread([this](std::stop_token stop) { work(stop); });
  }

  ServerOptions options;
  store::Store& store;
  ipam::Ipam ipam;
  Journal journal;
  Turnstile turnstile;
  std::mutex mutex;
  std::condition_variable_any wake;
  std::jthread worker;  // does the releases that wait; last, so that it ends first

  // What every request passes first.

  Outcome handle(const Request& request, std::string& version) {
    auto config = NetworkConfig::parse(request.config);
    if (!config) return refuse(decoding_failure, "network configuration: " + config.error().message);
    version = config->version;
    Job job{request, std::move(*config), {}, {}};
    if (request.verb == "STATUS") return status();
    if (!is_network_name(job.config.name)) return refuse(invalid_configuration, "name: must match [a-zA-Z0-9_.-]+");
    if (const auto node = check_node(job.config); !node) return refuse(invalid_configuration, node.error().message);
    if (request.verb == "GC") return collect(job);

    auto args = PodArgs::parse(request.env("CNI_ARGS"));
    if (!args) return refuse(invalid_environment, args.error().message);
    job.args = std::move(*args);
    auto workload = identify(request, job.config, job.args, options.node, options.interface_prefix);
    if (!workload) return refuse(invalid_environment, workload.error().message);
    job.workload = std::move(*workload);

    const Turn turn(turnstile, job.workload.container);
    const bool ipam_only = request.plugin == "ipam";
    if (request.verb == "ADD") return ipam_only ? add_addresses(job) : add(job);
    if (request.verb == "DEL") return remove(job, ipam_only);
    if (request.verb == "CHECK") return ipam_only ? check_addresses(job) : check(job);
    return refuse(invalid_environment, "CNI_COMMAND: unknown verb " + request.verb);
  }

  Result<> check_node(const NetworkConfig& config) const {
    std::string named = config.node_name;
    if (named.empty() && !config.node_name_file.empty() && file_exists(config.node_name_file))
      named = trim(TRY(read_file(config.node_name_file)));
    if (named.empty()) named = config.host_name;
    if (named.empty() || named == options.node) return {};
    return fail(Code::invalid, "nodename: the agent of this node is that of " + options.node + ", not of " + named);
  }

  /// Others than us may be at work in the store (an upgrade, a migration): they say so here.
  Result<> check_datastore() { return writable(store); }
  static Result<> writable(store::Store& where) {
    const auto cluster = client::get<api::ClusterInformation>(where, "default");
    if (!cluster && cluster.error().code == Code::not_found)
      return fail(Code::unavailable, "ClusterInformation default: not there; no node has set the cluster up yet");
    if (!cluster) return std::unexpected(cluster.error());
    if (cluster->spec.datastore_ready.value_or(false)) return {};
    return fail(Code::unavailable, "ClusterInformation default: datastoreReady is false");
  }

  // ADD

  Outcome add(Job& job) {
    const auto begun = Steady::now();
    // A release of this container that still waits would take away what we are about to give.
    if (const auto dropped = journal.drop(job.workload.container, job.workload.interface); !dropped)
      return refuse(dropped.error());
    bool ours_to_undo = false;
    auto given = give(job, ours_to_undo);
    if (!given) {
      if (ours_to_undo && is_store_away(given.error())) undo(job, nullptr);
      return refuse(given.error());
    }
    const auto written = Steady::now();
    auto connected = written;
    const PodLink link = link_of(job, *given);
    const auto in_force = [&]() -> Result<> {
      TRY(connect(link));
      connected = Steady::now();
      if (!options.wait) return {};
      const int seconds = job.config.policy_timeout;
      const auto limit = seconds > 0 ? std::chrono::seconds(seconds) : options.policy_timeout;
      return within(options.wait(job.workload.id(), given->revision, Steady::now() + limit), "policy is not in force");
    }();
    if (!in_force) {
      log::warning("ADD failed and is undone",
                   {{"endpoint", job.workload.endpoint}, {"error", in_force.error().message}});
      // A repeated ADD that fails leaves what the first one made: it is the runtime that has to DEL that.
      if (ours_to_undo) undo(job, &link);
      return refuse(in_force.error());
    }
    const auto ms = [](Steady::duration took) {
      return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()) / 1000;
    };
    log::info("container added", {{"endpoint", job.workload.endpoint},
                                  {"interface", link.host_name},
                                  {"store_ms", ms(written - begun)},
                                  {"link_ms", ms(connected - written)},
                                  {"policy_ms", ms(Steady::now() - connected)}});
    return print(job, *given, link);
  }

  /// Addresses and endpoint, in one transaction.
  /// @param ours_to_undo  whether what it may have written is nobody's if the ADD fails
  Result<Given> give(Job& job, bool& ours_to_undo) {
    const Workload& workload = job.workload;
    Given given;
    given.mac = random_mac();
    // With an interface it may have been added before: what it has is in use.
    const bool repeated = TRY(is_there(workload.host_interface));
    if (!job.config.policy_from_pod && !workload.is_pod()) {
      TRY(check_datastore());
      TRY(ensure_profile(job.config.name));
    }

    // The endpoint with these addresses. At first it is supposed to be new, which the transaction proves; then it is as
    // it is at this moment.
    bool suppose = !repeated;
    const auto endpoint_ops = [&](std::span<const ipam::Assigned> addresses) -> Result<std::vector<store::Op>> {
      const bool supposed = std::exchange(suppose, false);
      std::optional<api::WorkloadEndpoint> current;
      if (!supposed) current = TRY(read_endpoint(workload));
      const bool exists = current.has_value();
      const bool again =
          exists && current->spec.container_id == workload.container && !current->spec.ip_networks.empty();
      if (again) given.mac = net::Mac::parse(current->spec.mac).value_or(given.mac);
      auto endpoint = describe(workload, job.config, given.mac, ips_of(addresses), std::move(current));
      ours_to_undo = !again;
      return std::vector<store::Op>{TRY(exists ? client::update_op(endpoint) : client::create_op(endpoint))};
    };
    const auto first = [&](store::Store& where) {
      ours_to_undo = false;
      return writable(where);
    };

    if (!job.request.ipam.empty()) {
      TRY(check_datastore());
      TRY(within(take_delegated(job, given), "result of the IPAM plug-in"));
      given.revision = TRY(commit_again([&] { return endpoint_ops(given.addresses); }));
      return given;
    }
    auto assigned = assign(job, first, endpoint_ops);
    if (assigned) {
      given.addresses = std::move(assigned->addresses);
      given.revision = assigned->revision;
    } else {
      if (assigned.error().code != Code::exists) return std::unexpected(assigned.error());
      for (const ipam::Holder& held : TRY(ipam.by_handle(workload.handle)))
        given.addresses.push_back({held.ip, held.block});
      if (given.addresses.empty()) return std::unexpected(assigned.error());
      std::sort(given.addresses.begin(), given.addresses.end(),
                [](const auto& a, const auto& b) { return a.ip < b.ip; });
      given.revision = TRY(commit_again([&] { return endpoint_ops(given.addresses); }));
    }
    for (const auto& each : given.addresses) given.shown.push_back({each.block, std::nullopt});
    given.routes = default_routes(given.addresses);
    return given;
  }

  Result<ipam::Assignment> assign(const Job& job, const ipam::Precondition& first, const ipam::AlsoWrite& also) {
    const Workload& workload = job.workload;
    ipam::Owner owner{workload.handle,
                      {{"node", options.node}, {"timestamp", ipam::to_go_time(Clock::system().wall())}}};
    if (workload.is_pod()) {
      owner.attributes["namespace"] = workload.namespace_;
      owner.attributes["pod"] = workload.pod;
    }
    if (job.args.ip)
      return ipam.assign_ips(
          {.node = options.node, .owner = owner, .ips = {*job.args.ip}, .once = true, .first = first, .also = also});
    const NetworkConfig& config = job.config;
    if (!config.assign_ipv4 && !config.assign_ipv6)
      return fail(Code::invalid, "ipam: neither assign_ipv4 nor assign_ipv6 is set");
    return ipam.assign({.node = options.node,
                        .owner = owner,
                        .v4 = {config.assign_ipv4 ? 1 : 0, config.ipv4_pools},
                        .v6 = {config.assign_ipv6 ? 1 : 0, config.ipv6_pools},
                        .namespace_labels = {},
                        .once = true,
                        .first = first,
                        .also = also});
  }

  static Result<> take_delegated(const Job& job, Given& given) {
    const AddResult result = TRY(AddResult::parse(TRY(schema::parse_json(job.request.ipam))));
    if (result.addresses.empty()) return fail(Code::invalid, "ips: none");
    for (const auto& each : result.addresses)
      given.addresses.push_back({each.address.ip, net::Cidr::host(each.address.ip)});
    for (const auto& route : result.routes) given.shown.push_back({route.dst, std::nullopt});
    given.routes = delegated_routes(job.config, result);
    return {};
  }

  /// A network's profile lets its members reach one another and everything else.
  Result<> ensure_profile(const std::string& network) {
    api::Profile profile;
    profile.metadata.name = network;
    profile.spec.ingress = {api::Rule{.action = api::Action::allow, .source = {.selector = "has(" + network + ")"}}};
    profile.spec.egress = {api::Rule{.action = api::Action::allow}};
    profile.spec.labels_to_apply = {{network, ""}};
    const auto created = client::create(store, profile);
    if (!created && created.error().code != Code::exists) return std::unexpected(created.error());
    return {};
  }

  PodLink link_of(const Job& job, const Given& given) const {
    const Workload& workload = job.workload;
    PodLink link{.host_name = workload.host_interface,
                 .pod_name = workload.interface,
                 .netns = workload.netns,
                 .owner = owner_mark(workload.network, workload.container, workload.interface),
                 .mac = given.mac,
                 .addresses = ips_of(given.addresses),
                 .routes = given.routes,
                 .mtu = static_cast<std::uint32_t>(job.config.mtu),
                 .forwarding = job.config.allow_ip_forwarding};
    if (link.mtu == 0) {
      const auto text = read_file(options.mtu_file);
      if (text) link.mtu = static_cast<std::uint32_t>(std::clamp(std::atoi(text->c_str()), 0, 65535));
    }
    return link;
  }

  static std::string print(const Job& job, const Given& given, const PodLink& link) {
    AddResult result;
    result.interfaces = {{link.host_name, {}, {}}, {link.pod_name, to_string(link.mac), link.netns}};
    for (const net::Ip& ip : link.addresses)
      result.addresses.push_back({{ip, net::bits_of(ip.family())}, std::nullopt, 1});
    result.routes = given.shown;
    return to_json(result, job.config.version);
  }

  /// Takes back what an ADD did. What the store does not take now waits in the journal.
  void undo(const Job& job, const PodLink* link) {
    if (link != nullptr) {
      const auto gone = disconnect(*link, false);
      if (!gone)
        log::error("interface of a failed ADD stays",
                   {{"interface", link->host_name}, {"error", gone.error().message}});
    }
    const PendingRelease pending = pending_of(job);
    const auto released = release(pending);
    if (!released) remember(pending, released.error());
  }

  // ADD of the IPAM plug-in alone

  Outcome add_addresses(Job& job) {
    if (const auto dropped = journal.drop(job.workload.container, job.workload.interface); !dropped)
      return refuse(dropped.error());
    std::vector<ipam::Assigned> addresses;
    const auto held = ipam.by_handle(job.workload.handle);
    if (!held) return refuse(held.error());
    for (const ipam::Holder& each : *held) addresses.push_back({each.ip, each.block});
    if (addresses.empty()) {
      auto assigned = assign(job, writable, {});
      if (!assigned) {
        if (is_store_away(assigned.error())) remember(pending_of(job), assigned.error());
        return refuse(assigned.error());
      }
      addresses = std::move(assigned->addresses);
    }
    AddResult result;
    for (const auto& each : addresses) {
      const int length = job.args.ip ? net::bits_of(each.ip.family()) : each.block.length();
      result.addresses.push_back({{each.ip, length}, std::nullopt, std::nullopt});
      result.routes.push_back({each.block, std::nullopt});
    }
    return to_json(result, job.config.version);
  }

  Outcome check_addresses(const Job& job) {
    const auto held = ipam.by_handle(job.workload.handle);
    if (!held) return refuse(held.error());
    if (held->empty()) return refuse(own_error, "handle " + job.workload.handle + ": holds no address");
    return std::string();
  }

  // DEL

  Outcome remove(const Job& job, bool ipam_only) {
    const Workload& workload = job.workload;
    PendingRelease pending = pending_of(job);
    if (ipam_only) {
      pending.endpoint.clear();
    } else {
      // The link first: it goes at once, whether the store answers or not. One that Calico made bears no mark: then the
      // endpoint has to say whose it is.
      const PodLink link{.host_name = workload.host_interface,
                         .pod_name = workload.interface,
                         .netns = workload.netns,
                         .owner = owner_mark(workload.network, workload.container, workload.interface)};
      const auto gone = disconnect(link, false);
      if (!gone) return refuse(gone.error());
      if (!*gone) {
        const auto present = read_endpoint(workload);
        if (present && *present && (*present)->spec.container_id == workload.container) {
          if (const auto unmarked = disconnect(link, true); !unmarked) return refuse(unmarked.error());
        }
      }
    }
    const auto released = release(pending);
    if (!released) {
      if (is_store_away(released.error())) remember(pending, released.error());
      return refuse(released.error());
    }
    if (const auto dropped = journal.drop(workload.container, workload.interface); !dropped)
      return refuse(dropped.error());
    log::info("container removed", {{"endpoint", workload.endpoint}});
    return std::string();
  }

  static PendingRelease pending_of(const Job& job) {
    PendingRelease pending{
        job.workload.container, job.workload.interface, job.workload.endpoint_key, {job.workload.handle}};
    pending.handles.insert(pending.handles.end(), job.workload.old_handles.begin(), job.workload.old_handles.end());
    return pending;
  }

  /// Endpoint and addresses go in one transaction. An endpoint that is another container's by now stays, with what it
  /// has.
  Result<> release(const PendingRelease& pending) {
    const auto read = [&]() -> Result<std::optional<store::Entry>> {
      return pending.endpoint.empty() ? std::optional<store::Entry>() : TRY(store.get(pending.endpoint));
    };
    auto entry = TRY(read());
    std::vector<std::string> handles = pending.handles;
    if (is_foreign(entry, pending)) handles.resize(1);  // those after the first name the pod, not the container
    bool first = true;
    const auto endpoint_ops = [&]() -> Result<std::vector<store::Op>> {
      if (!std::exchange(first, false)) entry = TRY(read());
      if (!entry || is_foreign(entry, pending)) return std::vector<store::Op>{};
      return std::vector<store::Op>{{.kind = store::Op::Kind::remove, .key = entry->key, .expected = entry->revision}};
    };
    TRY(ipam.release_handles(handles, endpoint_ops, writable));
    return {};
  }

  /// Whether it is an endpoint of another container.
  static bool is_foreign(const std::optional<store::Entry>& entry, const PendingRelease& pending) {
    if (!entry) return false;
    const auto endpoint = api::from_json<api::WorkloadEndpoint>(entry->value);
    return endpoint && !endpoint->spec.container_id.empty() && endpoint->spec.container_id != pending.container;
  }

  // Releases that wait

  void remember(const PendingRelease& pending, const Error& why) {
    const auto added = journal.add(pending);
    log::warning("release waits for the store", {{"container", pending.container}, {"error", why.message}});
    if (!added)
      log::error("release cannot be remembered", {{"container", pending.container}, {"error", added.error().message}});
    wake.notify_all();
  }

  void work(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      for (const PendingRelease& pending : journal.all()) {
        if (stop.stop_requested()) return;
        const Turn turn(turnstile, pending.container);
        // An ADD of the container may have taken it back while we waited for our turn.
        const auto still = journal.all();
        if (std::find(still.begin(), still.end(), pending) == still.end()) continue;
        const auto released = release(pending);
        if (!released) {
          log::debug("release still waits", {{"container", pending.container}, {"error", released.error().message}});
          if (is_store_away(released.error())) break;
          continue;
        }
        log::info("release that waited is done", {{"container", pending.container}});
        if (const auto dropped = journal.drop(pending.container, pending.interface); !dropped)
          log::error("journal of releases", {{"error", dropped.error().message}});
      }
      std::unique_lock lock(mutex);
      wake.wait_for(lock, stop, options.release_interval, [] { return false; });
    }
  }

  // CHECK

  Outcome check(const Job& job) {
    const Workload& workload = job.workload;
    if (!job.config.previous) return refuse(invalid_configuration, "prevResult: required for CHECK");
    const auto previous = AddResult::parse(*job.config.previous);
    if (!previous) return refuse(decoding_failure, "prevResult: " + previous.error().message);
    const auto checked = check_all(job, *previous);
    if (!checked)
      return refuse(checked.error().code == Code::unavailable ? try_again_later : own_error,
                    workload.endpoint + ": " + checked.error().message);
    return std::string();
  }

  Result<> check_all(const Job& job, const AddResult& previous) {
    const Workload& workload = job.workload;
    const auto endpoint = TRY(read_endpoint(workload));
    if (!endpoint) return fail(Code::not_found, "there is no WorkloadEndpoint");
    if (endpoint->spec.container_id != workload.container)
      return fail(Code::conflict, "the WorkloadEndpoint is of container " + endpoint->spec.container_id);

    Given given;
    for (const auto& each : previous.addresses) {
      const net::Cidr host = net::Cidr::host(each.address.ip);
      const auto& networks = endpoint->spec.ip_networks;
      if (std::find(networks.begin(), networks.end(), host) == networks.end())
        return fail(Code::conflict, "address " + to_string(each.address.ip) + " is not the WorkloadEndpoint's");
      given.addresses.push_back({each.address.ip, host});
    }
    if (is_our_ipam(job.config)) {
      const auto held = TRY(ipam.by_handle(workload.handle));
      for (const auto& each : given.addresses) {
        if (std::none_of(held.begin(), held.end(), [&](const ipam::Holder& holder) { return holder.ip == each.ip; }))
          return fail(Code::conflict,
                      "address " + to_string(each.ip) + " is not allocated to handle " + workload.handle);
      }
    }
    given.mac = TRY(within(net::Mac::parse(endpoint->spec.mac), "WorkloadEndpoint: mac"));
    given.routes = is_our_ipam(job.config) ? default_routes(given.addresses) : delegated_routes(job.config, previous);
    return inspect(link_of(job, given));
  }

  // GC and STATUS

  Outcome status() {
    const auto able = [&]() -> Result<> {
      TRY(check_datastore());
      if (options.ready) TRY(options.ready());
      return {};
    }();
    if (!able) return refuse(not_available, able.error().message);
    return std::string();
  }

  /// Takes away what containers of this network have that the runtime no longer knows: found by their handles and,
  /// where another plug-in assigned the addresses, by the mark on the node's interface.
  Outcome collect(const Job& job) {
    if (!job.config.valid_attachments)
      return refuse(invalid_configuration, "cni.dev/valid-attachments: required for GC");
    const auto collected = collect_all(job);
    if (!collected) return refuse(collected.error());
    return std::string();
  }

  Result<> collect_all(const Job& job) {
    TRY(check_datastore());
    const auto& valid = *job.config.valid_attachments;
    const auto is_valid = [&](const std::string& container, const std::string& interface) {
      return std::any_of(valid.begin(), valid.end(), [&](const Attachment& each) {
        return each.container == container &&
               (interface.empty() || each.interface.empty() || each.interface == interface);
      });
    };
    // Endpoints of this node and network.
    std::set<std::string> seen;
    for (const auto& endpoint : TRY(client::list<api::WorkloadEndpoint>(store)).items) {
      const auto& spec = endpoint.spec;
      if (spec.node != options.node || spec.container_id.empty() || is_valid(spec.container_id, spec.endpoint))
        continue;
      if (spec.orchestrator != "k8s" && spec.orchestrator != "cni") continue;
      const std::string handle = job.config.name + "." + spec.container_id;
      const PodLink link{.host_name = spec.interface_name,
                         .pod_name = spec.endpoint,
                         .owner = owner_mark(job.config.name, spec.container_id, spec.endpoint)};
      if (!TRY(is_marked(link)) && TRY(ipam.by_handle(handle)).empty()) continue;
      const Turn turn(turnstile, spec.container_id);
      (void)TRY(disconnect(link, false));
      TRY(release({spec.container_id, spec.endpoint, api::path_of(endpoint), {handle}}));
      seen.insert(spec.container_id);
      log::info("container that the runtime forgot is removed", {{"endpoint", endpoint.metadata.name}});
    }
    // Handles without an endpoint.
    const std::string prefix = api::handle_path(job.config.name + ".");
    for (const store::Entry& entry : TRY(store.list(prefix)).entries) {
      const std::string container = entry.key.substr(prefix.size());
      if (seen.contains(container) || is_valid(container, "")) continue;
      const std::string handle = job.config.name + "." + container;
      const auto held = TRY(ipam.by_handle(handle));
      const bool here = !held.empty() && std::all_of(held.begin(), held.end(), [&](const ipam::Holder& each) {
        const auto node = each.attributes.find("node");
        return node != each.attributes.end() && node->second == options.node;
      });
      if (!here) continue;
      const Turn turn(turnstile, container);
      TRY(release({container, {}, {}, {handle}}));
      log::info("addresses that the runtime forgot are released", {{"handle", handle}});
    }
    return {};
  }

  // The store

  Result<std::optional<api::WorkloadEndpoint>> read_endpoint(const Workload& workload) {
    auto endpoint = client::get<api::WorkloadEndpoint>(store, workload.endpoint, workload.namespace_);
    if (endpoint) return std::optional(std::move(*endpoint));
    if (endpoint.error().code == Code::not_found) return std::optional<api::WorkloadEndpoint>{};
    return std::unexpected(endpoint.error());
  }

  /// Commits what `ops` says, anew as often as somebody else writes in between.
  Result<store::Revision> commit_again(const std::function<Result<std::vector<store::Op>>()>& ops) {
    for (int attempt = 0;; ++attempt) {
      const auto written = store.commit(TRY(ops()));
      if (written) return *written;
      const Code code = written.error().code;
      const bool race = code == Code::conflict || code == Code::exists || code == Code::not_found;
      if (!race || attempt >= 100) return std::unexpected(written.error());
    }
  }
};

Server::Server(ServerOptions options) : inner_(std::make_unique<Inner>(std::move(options))) {}
Server::~Server() = default;

Answer Server::handle(const Request& request) {
  std::string version;
  auto outcome = inner_->handle(request, version);
  if (outcome) return {0, std::move(*outcome)};
  log::debug("CNI request refused", {{"verb", request.verb}, {"error", outcome.error().message}});
  return error_answer(version, outcome.error().code, outcome.error().message);
}

std::size_t Server::waiting_releases() const { return inner_->journal.all().size(); }

}  // namespace weft::cni
