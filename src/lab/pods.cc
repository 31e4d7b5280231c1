#include "lab/pods.h"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <thread>

#include <fmt/core.h>

#include "api/profile.h"
#include "api/workload_endpoint.h"
#include "base/file.h"
#include "base/strings.h"
#include "client/resources.h"
#include "lab/spaces.h"
#include "net/port.h"

namespace weft::lab {
namespace {

std::string pod_file(const Lab& lab, const PodState& pod, std::string_view suffix) {
  return lab.file(fmt::format("nodes/{}/pods/{}_{}{}", pod.node, pod.namespace_, pod.name, suffix));
}

std::pair<std::string, std::string> split_name(std::string_view full_name) {
  const auto slash = full_name.find('/');
  if (slash == std::string_view::npos) return {"default", std::string(full_name)};
  return {std::string(full_name.substr(0, slash)), std::string(full_name.substr(slash + 1))};
}

bool is_label(std::string_view text) {
  const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= 63 && alnum(text.front()) && alnum(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return alnum(c) || c == '-' || c == '.'; });
}

std::string random_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

/// Runs one verb of every plug-in of the node's network configuration, as a runtime does (CNI spec 1.0, section 4).
struct Runtime {
  const Lab& lab;
  const NodeState& node;
  const PodState& pod;
  std::string arguments;
  schema::Object cni_arguments;

  Result<schema::Value> run(const std::string& verb, schema::Value result) const {
    const std::string path(network_configuration);
    const auto text = read_file(Lab::file_of(node, path));
    if (!text)
      return fail(Code::unavailable,
                  fmt::format("{} has no network configuration {} yet; is the node up?", node.name, path));
    const auto list = TRY(within(schema::parse_json(*text), path));
    const auto* plugins = list.at("plugins") ? list.at("plugins")->as_array() : nullptr;
    if (!plugins || plugins->empty()) return fail(Code::invalid, path + ": no plugins");
    std::vector<const schema::Value*> order;
    for (const auto& plugin : *plugins) order.push_back(&plugin);
    if (verb == "DEL") std::ranges::reverse(order);
    for (const auto* plugin : order) {
      const auto answer = TRY(run_one(verb, *plugin, list, result));
      if (verb == "ADD") result = answer;
    }
    return result;
  }

  Result<schema::Value> run_one(const std::string& verb, const schema::Value& plugin, const schema::Value& list,
                                const schema::Value& result) const {
    schema::Object config = *plugin.as_object();
    config.set("name", list.text("name"));
    config.set("cniVersion", list.text("cniVersion"));
    if (!result.is_null()) config.set("prevResult", result);
    if (!cni_arguments.empty()) config.set("args", schema::Object{{"cni", cni_arguments}});
    Spawn what;
    what.inside = node.init;
    what.argv = {"/opt/cni/bin/" + std::string(plugin.text("type"))};
    what.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                        "CNI_COMMAND=" + verb,
                        "CNI_CONTAINERID=" + pod.container,
                        "CNI_NETNS=/run/netns/" + pod.container,
                        "CNI_IFNAME=eth0",
                        "CNI_PATH=/opt/cni/bin",
                        "CNI_ARGS=" + arguments};
    const auto finished = TRY(lab::run(what, schema::to_json(config)));
    const auto answer = schema::parse_json(finished.out);
    if (!finished.good()) {
      const std::string name = fmt::format("{} of {}", verb, plugin.text("type"));
      if (!answer) return fail(Code::internal, fmt::format("{}: {} {}", name, finished.how(), finished.err));
      const auto* code = answer->at("code");
      const bool later = code && code->as_int() && *code->as_int() == 11;
      const auto details = answer->text("details");
      return fail(later ? Code::unavailable : Code::internal,
                  fmt::format("{}: error {}: {}{}{}", name, code ? schema::to_json(*code) : "?", answer->text("msg"),
                              details.empty() ? "" : ": ", details));
    }
    return verb == "ADD" ? answer : Result<schema::Value>(schema::Value());
  }
};

/// DEL after an ADD that failed, as often as it takes an agent that is being started again to answer.
void give_back(const Runtime& calls) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  while (true) {
    const auto deleted = calls.run("DEL", {});
    if (deleted || deleted.error().code != Code::unavailable || std::chrono::steady_clock::now() > end) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Runtime runtime(const Lab& lab, const NodeState& node, const PodState& pod) {
  return {.lab = lab,
          .node = node,
          .pod = pod,
          .arguments = fmt::format("IgnoreUnknown=1;K8S_POD_NAMESPACE={};K8S_POD_NAME={};K8S_POD_INFRA_CONTAINER_ID={}",
                                   pod.namespace_, pod.name, pod.container),
          .cni_arguments = {}};
}

/// The profiles that Kubernetes' controllers make for a namespace and its default service account (datamodel 4.4).
Result<> ensure_profiles(const Lab& lab, const std::string& namespace_) {
  const std::string known = lab.file("profiles/" + namespace_);
  if (file_exists(known)) return {};
  const auto store = TRY(lab.open_store());
  api::Profile space;
  space.metadata.name = "kns." + namespace_;
  space.spec.ingress = {api::Rule{.action = api::Action::allow}};
  space.spec.egress = {api::Rule{.action = api::Action::allow}};
  space.spec.labels_to_apply = {{"pcns.projectcalico.org/name", namespace_},
                                {"pcns.kubernetes.io/metadata.name", namespace_}};
  api::Profile account;
  account.metadata.name = "ksa." + namespace_ + ".default";
  account.spec.labels_to_apply = {{"pcsa.projectcalico.org/name", "default"}};
  for (auto* profile : {&space, &account}) {
    if (auto made = client::create(*store, *profile); !made && made.error().code != Code::exists)
      return std::unexpected(made.error());
  }
  TRY(make_directories(lab.file("profiles")));
  return write_file_atomic(known, "");
}

Result<schema::Array> parse_ports(const std::vector<std::string>& ports) {
  schema::Array list;
  for (const auto& text : ports) {
    const auto equals = text.find('='), colon = text.find(':');
    if (equals == std::string::npos || equals == 0 || colon == std::string::npos || colon < equals) {
      return fail(Code::invalid, fmt::format("--port {}: NAME=PROTOCOL:PORT, as http=TCP:80", text));
    }
    const auto protocol =
        TRY(within(net::Protocol::parse(text.substr(equals + 1, colon - equals - 1)), "--port " + text));
    const auto port = TRY(within(net::PortRange::parse(text.substr(colon + 1)), "--port " + text));
    if (port.first != port.last) return fail(Code::invalid, fmt::format("--port {}: one port", text));
    list.push_back(schema::Object{{"name", text.substr(0, equals)},
                                  {"protocol", net::to_string(protocol)},
                                  {"port", static_cast<int>(port.first)}});
  }
  return list;
}

Result<NodeState> choose_node(const Lab& lab, const std::string& wanted) {
  if (!wanted.empty()) return lab.node(wanted);
  const auto nodes = TRY(lab.nodes());
  const auto pods = TRY(lab.pods());
  if (nodes.empty()) return fail(Code::not_found, "the lab has no node");
  return *std::ranges::min_element(nodes, {}, [&](const NodeState& node) {
    return std::pair(std::ranges::count(pods, node.name, &PodState::node), node.index);
  });
}

Result<> save(const Lab& lab, const PodState& pod, const schema::Value& result) {
  schema::Array addresses;
  for (const auto& address : pod.addresses) addresses.emplace_back(address);
  const schema::Object object = {{"namespace", pod.namespace_}, {"name", pod.name},       {"node", pod.node},
                                 {"container", pod.container},  {"addresses", addresses}, {"result", result}};
  return write_file_atomic(pod_file(lab, pod, ".json"), schema::to_json(object, 2));
}

void kill_processes(const NodeState& node, const PodState& pod) {
  for (int round = 0; round < 100; ++round) {
    const auto alive = processes_in_network(Lab::file_of(node, "/run/netns/" + pod.container));
    if (alive.empty()) return;
    for (const pid_t pid : alive) ::kill(pid, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Result<> start_command(const Lab& lab, const NodeState& node, const PodState& pod,
                       const std::vector<std::string>& command) {
  const Fd log(::open(pod_file(lab, pod, ".log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  Spawn what;
  what.inside = node.init;
  what.network = "/run/netns/" + pod.container;
  what.argv = command;
  for (char** variable = environ; *variable; ++variable) what.environment.emplace_back(*variable);
  what.out = what.err = log.get();
  what.new_session = true;
  TRY(spawn(what));
  return {};
}

}  // namespace

Result<std::map<std::string, std::string>> parse_labels(std::string_view text) {
  std::map<std::string, std::string> labels;
  for (const auto& part : split(text, ',')) {
    const auto equals = part.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Code::invalid, fmt::format("--labels: \"{}\" is not KEY=VALUE", part));
    labels[part.substr(0, equals)] = part.substr(equals + 1);
  }
  return labels;
}

Result<std::vector<PodState>> Lab::pods() const {
  std::vector<PodState> list;
  for (const auto& node : TRY(nodes())) {
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator(file(fmt::format("nodes/{}/pods", node.name)), error)) {
      if (entry.path().extension() != ".json") continue;
      const auto text = read_file(entry.path());
      if (!text) continue;  // deleted meanwhile
      const auto object = TRY(within(schema::parse_json(*text), entry.path().string()));
      PodState pod{.namespace_ = std::string(object.text("namespace")),
                   .name = std::string(object.text("name")),
                   .node = node.name,
                   .container = std::string(object.text("container")),
                   .addresses = {}};
      if (const auto* addresses = object.at("addresses")) {
        for (const auto& address : *addresses->as_array()) pod.addresses.push_back(*address.as_string());
      }
      list.push_back(std::move(pod));
    }
  }
  std::ranges::sort(list, {}, [](const PodState& pod) { return std::pair(pod.namespace_, pod.name); });
  return list;
}

Result<PodState> Lab::pod(std::string_view full_name) const {
  const auto [namespace_, name] = split_name(full_name);
  for (auto& pod : TRY(pods())) {
    if (pod.namespace_ == namespace_ && pod.name == name) return pod;
  }
  return fail(Code::not_found, fmt::format("no pod {}/{}; `weft lab pod ls` lists them", namespace_, name));
}

Result<PodState> add_pod(const Lab& lab, const PodOptions& options) {
  PodState pod;
  std::tie(pod.namespace_, pod.name) = split_name(options.full_name);
  if (!is_label(pod.namespace_) || !is_label(pod.name)) {
    return fail(Code::invalid, fmt::format("pod \"{}\": NAMESPACE/NAME of lower-case letters, digits, '-' and '.'",
                                           options.full_name));
  }
  if (auto there = lab.pod(pod.full_name()))
    return fail(Code::exists, fmt::format("pod {} is there already, on {}", pod.full_name(), there->node));
  const auto ports = TRY(parse_ports(options.ports));
  if (!options.ip.empty()) TRY(within(net::Ip::parse(options.ip), "--ip"));
  const auto node = TRY(choose_node(lab, options.node));
  pod.node = node.name;
  pod.container = random_id();
  TRY(within(ensure_profiles(lab, pod.namespace_), "profiles of " + pod.namespace_));
  TRY(make_directories(lab.file(fmt::format("nodes/{}/pods", node.name))));

  auto calls = runtime(lab, node, pod);
  if (!options.ip.empty()) calls.arguments += ";IP=" + options.ip;
  if (!options.labels.empty()) {
    schema::Array list;
    for (const auto& [key, value] : options.labels) list.push_back(schema::Object{{"key", key}, {"value", value}});
    calls.cni_arguments.set("labels", list);
  }
  if (!ports.empty()) calls.cni_arguments.set("ports", ports);

  TRY(add_network(node.init, pod.container));
  const auto bring_up = [&]() -> Result<> {
    const auto result = TRY(calls.run("ADD", {}));
    if (const auto* ips = result.at("ips"); ips && ips->as_array()) {
      for (const auto& ip : *ips->as_array()) {
        const auto text = ip.text("address");
        pod.addresses.emplace_back(text.substr(0, text.find('/')));
      }
    }
    TRY(save(lab, pod, result));
    if (!options.command.empty()) TRY(start_command(lab, node, pod, options.command));
    return {};
  };
  if (auto up = bring_up(); !up) {
    kill_processes(node, pod);
    give_back(calls);
    (void)remove_network(node.init, pod.container);
    (void)remove_file(pod_file(lab, pod, ".json"));
    return std::unexpected(std::move(up.error()).within(pod.full_name()));
  }
  return pod;
}

Result<> delete_pod(const Lab& lab, const PodState& pod) {
  const auto node = TRY(lab.node(pod.node));
  kill_processes(node, pod);
  TRY(within(runtime(lab, node, pod).run("DEL", {}), pod.full_name()));
  TRY(within(remove_network(node.init, pod.container), pod.full_name()));
  TRY(remove_file(pod_file(lab, pod, ".log")));
  return remove_file(pod_file(lab, pod, ".json"));
}

Result<> check_pod(const Lab& lab, const PodState& pod) {
  const auto node = TRY(lab.node(pod.node));
  const auto text = TRY(read_file(pod_file(lab, pod, ".json")));
  const auto object = TRY(schema::parse_json(text));
  const auto* result = object.at("result");
  TRY(within(runtime(lab, node, pod).run("CHECK", result ? *result : schema::Value()), pod.full_name()));
  return {};
}

Result<> label_pod(const Lab& lab, const PodState& pod, const std::map<std::string, std::string>& labels) {
  const auto name =
      TRY(api::to_name({.node = pod.node, .orchestrator = "k8s", .workload = pod.name, .endpoint = "eth0"}));
  const auto store = TRY(lab.open_store());
  TRY(client::modify<api::WorkloadEndpoint>(
      *store, name,
      [&](api::WorkloadEndpoint& endpoint) -> Result<> {
        std::erase_if(endpoint.metadata.labels,
                      [](const auto& label) { return !label.first.starts_with("projectcalico.org/"); });
        for (const auto& [key, value] : labels) {
          if (key.starts_with("projectcalico.org/"))
            return fail(Code::invalid, fmt::format("--labels: {} is the data model's own", key));
          endpoint.metadata.labels[key] = value;
        }
        return {};
      },
      pod.namespace_));
  return {};
}

}  // namespace weft::lab
