#include "lab/commands.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include <fmt/core.h>

#include "base/file.h"
#include "base/strings.h"
#include "lab/demo.h"
#include "lab/frontend.h"
#include "lab/lab.h"
#include "lab/logs.h"
#include "lab/ping.h"
#include "lab/pods.h"
#include "lab/spaces.h"
#include "lab/status.h"
#include "lab/wait.h"

namespace weft::lab {
namespace {

/// Variables of all commands; they live as long as the program.
struct Words {
  std::string name = std::getenv("WEFT_LAB") && *std::getenv("WEFT_LAB") ? std::getenv("WEFT_LAB") : "lab";
  Lab::UpOptions up;
  bool no_wait = false;
  std::string subject, component, labels, folder, node, ready;
  PodOptions pod;
  std::vector<std::string> command;
  double timeout = 30;
  bool all = false, follow = false;
  std::string output;
  int ready_fd = -1, go_fd = -1, listener_fd = -1, network_fd = -1, port = 0;
  std::string host, leader, follower;
  DemoOptions demo;
};

int say(const Result<>& outcome) {
  if (outcome) return 0;
  fmt::print(stderr, "weft lab: {}\n", outcome.error().message);
  return outcome.error().code == Code::invalid ? 2 : 1;
}

int with_lab(const Words& words, const std::function<Result<>(Lab&)>& action) {
  auto lab = Lab::find(words.name);
  if (!lab) return say(std::unexpected(lab.error()));
  return say(action(*lab));
}

Result<> wait_and_say(const Lab& lab, double seconds) {
  const auto progress = TRY(wait(lab, std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000))));
  std::string lacks;
  for (const auto& node : progress) {
    if (!node.lacks.empty()) lacks += fmt::format("\n  {}: {}", node.node, join(node.lacks, "; "));
  }
  if (lacks.empty()) return {};
  return fail(Code::timeout, fmt::format("not everything is in force after {} s:{}", seconds, lacks));
}

Result<> up(Words& words) {
  Lab lab(words.name);
  const auto begin = std::chrono::steady_clock::now();
  TRY(lab.up(words.up, [](std::string_view step) { fmt::print(stderr, "starting {}\n", step); }));
  if (!words.no_wait) TRY(wait_and_say(lab, words.timeout));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print("lab \"{}\" is up: {} node{}, {:.1f} s\n", lab.name(), words.up.nodes, words.up.nodes == 1 ? "" : "s",
             took.count());
  return {};
}

/// Runs the command in the namespaces of a node or pod and ends as it ends.
Result<int> exec(const Lab& lab, const std::string& where, const std::vector<std::string>& command) {
  if (command.empty()) return fail(Code::invalid, "exec: what to run comes after --");
  Spawn what;
  NodeState node;
  if (auto found = lab.node(where); found && where.find('/') == std::string::npos) {
    node = *found;
  } else {
    const auto pod = TRY(lab.pod(where));
    node = TRY(lab.node(pod.node));
    what.network = "/run/netns/" + pod.container;
  }
  what.inside = node.init;
  what.argv = command;
  for (char** variable = environ; *variable; ++variable) {
    if (!std::string_view(*variable).starts_with("ETCD")) what.environment.emplace_back(*variable);
  }
  for (const auto& [name, value] : TRY(lab.environment(node))) what.environment.push_back(name + '=' + value);
  what.in = STDIN_FILENO;
  what.out = STDOUT_FILENO;
  what.err = STDERR_FILENO;
  what.die_with_us = true;
  char folder[4096];
  if (::getcwd(folder, sizeof folder)) what.folder = folder;
  return become(TRY(spawn(what)));
}

/// A command of ours that runs against the lab's store with a controller's rights: its words are those of `weft apply`
/// and so on.
Result<int> with_store(const Lab& lab, std::vector<std::string> words) {
  Spawn what;
  what.argv = {own_program()};
  what.argv.insert(what.argv.end(), words.begin(), words.end());
  for (char** variable = environ; *variable; ++variable) what.environment.emplace_back(*variable);
  for (const auto& [name, value] : TRY(lab.environment(std::nullopt))) what.environment.push_back(name + '=' + value);
  what.environment.emplace_back("WEFT_CONTROLLER=true");
  what.in = STDIN_FILENO;
  what.out = STDOUT_FILENO;
  what.err = STDERR_FILENO;
  char folder[4096];
  if (::getcwd(folder, sizeof folder)) what.folder = folder;
  return become(TRY(spawn(what)));
}

int ending(Result<int> outcome) {
  if (outcome) return *outcome;
  const int status = say(std::unexpected(outcome.error()));
  return outcome.error().code == Code::not_found ? 127 : status;
}

void add_pod_commands(cli::Command& lab, Words& w) {
  auto pod =
      lab.sub("pod", "Pods: network namespaces on nodes, networked by the CNI plug-in as a container runtime does it.");

  auto add = pod.sub("add",
                     "Make a pod and start its command in it.\n\nThe last line of the output is its address. Without "
                     "--node it goes where the fewest pods are.");
  add.positional("NS/NAME", w.pod.full_name, "namespace and name; a bare name is in default");
  add.option("--node", w.pod.node, "where");
  add.option("--ip", w.pod.ip, "the address it asks for");
  add.option("--labels", w.labels, "k=v,k=v");
  add.option("--port", w.pod.ports, "a named port, http=TCP:80; may be repeated");
  add.rest(w.pod.command, "what runs in it, after --");
  add.run([&w] {
    return with_lab(w, [&w](Lab& l) -> Result<> {
      w.pod.labels = TRY(parse_labels(w.labels));
      const auto made = TRY(add_pod(l, w.pod));
      fmt::print("pod {} on {}\n", made.full_name(), made.node);
      for (const auto& address : made.addresses) {
        if (&address != &made.addresses.front()) fmt::print("{}\n", address);
      }
      if (!made.addresses.empty()) fmt::print("{}\n", made.addresses.front());
      return {};
    });
  });

  auto label = pod.sub("label", "Replace the labels of a pod.");
  label.positional("NS/NAME", w.subject, "the pod");
  label.option("--labels", w.labels, "k=v,k=v; none: takes all away");
  label.run([&w] {
    return with_lab(
        w, [&w](Lab& l) -> Result<> { return label_pod(l, TRY(l.pod(w.subject)), TRY(parse_labels(w.labels))); });
  });

  auto check = pod.sub("check", "Run the CNI plug-in's CHECK for a pod.");
  check.positional("NS/NAME", w.subject, "the pod");
  check.run([&w] { return with_lab(w, [&w](Lab& l) -> Result<> { return check_pod(l, TRY(l.pod(w.subject))); }); });

  auto del = pod.sub("del", "End a pod.");
  del.positional("NS/NAME", w.subject, "the pod");
  del.run([&w] { return with_lab(w, [&w](Lab& l) -> Result<> { return delete_pod(l, TRY(l.pod(w.subject))); }); });

  auto ls = pod.sub("ls", "List the pods.");
  ls.option("-o,--output", w.output, "json");
  ls.run([&w] { return with_lab(w, [&w](Lab& l) { return list_pods(l, w.output == "json"); }); });
}

void add_node_commands(cli::Command& lab, Words& w) {
  auto node = lab.sub("node", "Nodes: network, mount and process namespaces in which `weft node` runs.");
  auto add = node.sub("add", "Add a node.");
  add.positional("NAME", w.subject, "its name");
  add.run([&w] {
    return with_lab(w, [&w](Lab& l) -> Result<> {
      TRY(l.add_node(w.subject));
      return wait_and_say(l, w.timeout);
    });
  });
  auto rm =
      node.sub("rm",
               "Take a node away, with everything that runs on it, as if its power failed.\n\nIts pods are gone with "
               "it; what they hold in the store stays, as it does on a cluster, until the node is deleted there.");
  rm.positional("NAME", w.subject, "the node");
  rm.run([&w] { return with_lab(w, [&w](Lab& l) -> Result<> { return l.remove_node(TRY(l.node(w.subject))); }); });
  auto restart = node.sub("restart", "Stop and start `weft node` on a node; pods and routes stay.");
  restart.positional("NAME", w.subject, "the node");
  restart.run([&w] {
    return with_lab(w, [&w](Lab& l) -> Result<> {
      TRY(l.restart_node(TRY(l.node(w.subject))));
      return wait_and_say(l, w.timeout);
    });
  });
  auto kill = node.sub("kill", "Kill a component of a node with SIGKILL; its supervisor starts it again.");
  kill.positional("NAME", w.subject, "the node");
  kill.positional("COMPONENT", w.component, "agent, bird, confd or all", false);
  kill.run([&w] {
    return with_lab(w, [&w](Lab& l) -> Result<> {
      for (const pid_t pid : TRY(l.kill_component(TRY(l.node(w.subject)), w.component.empty() ? "all" : w.component)))
        fmt::print("killed {}\n", pid);
      return {};
    });
  });
}

void add_internal_commands(cli::Command& lab, Words& w) {
  auto init = lab.sub("init", "Started by `up`.");
  init.hidden();
  init.option("--folder", w.folder, "")
      .option("--node", w.node, "")
      .option("--ready-fd", w.ready_fd, "")
      .option("--go-fd", w.go_fd, "");
  init.run([&w] { return init_main(w.name, w.folder, w.node, w.ready_fd, w.go_fd); });
  init.option("--name", w.name, "");
  auto relay = lab.sub("relay", "Started by `up`.");
  relay.hidden();
  relay.option("--listener-fd", w.listener_fd, "")
      .option("--network-fd", w.network_fd, "")
      .option("--host", w.host, "")
      .option("--port", w.port, "");
  relay.run([&w] { return relay_main(w.listener_fd, w.network_fd, w.host, w.port); });
}

}  // namespace

void add_commands(cli::Command& root) {
  static Words w;
  auto lab = root.sub("lab",
                      "A whole cluster on this machine, in network namespaces.\n\nSeveral labs live side by side: "
                      "--name, or WEFT_LAB in the environment.");
  lab.option("--name", w.name, "which lab (default: $WEFT_LAB, or lab)");

  auto up_ = lab.sub("up", "Start a lab: an etcd and nodes node1…nodeN.");
  up_.option("--nodes", w.up.nodes, "how many (3)");
  up_.option("--pool", w.up.pools, "a pool's CIDR; may be repeated (10.65.0.0/16; with --ipv6 also fd65::/112)");
  up_.flag("--ipv6", w.up.ipv6, "nodes and pods have IPv6 addresses too");
  up_.option("--etcd", w.up.etcd, "endpoint of an etcd outside the lab, http://ADDRESS:PORT");
  up_.flag("--no-wait", w.no_wait, "return before nodes are peered");
  up_.option("--timeout", w.timeout, "seconds to wait for that (30)");
  up_.run([&] { return say(up(w)); });

  lab.sub("down", "End the lab; nothing stays.").run([&] { return say(Lab(w.name).down()); });
  lab.sub("status", "What runs, and which revision is in force where.").run([&] {
    return with_lab(w, [](Lab& l) { return print_status(l); });
  });
  add_node_commands(lab, w);
  add_pod_commands(lab, w);

  auto exec_ = lab.sub("exec", "Run a command on a node or in a pod, as if it were there.");
  exec_.positional("WHERE", w.subject, "a node's name, or NS/NAME of a pod");
  exec_.rest(w.command, "what to run, after --");
  exec_.run([&] {
    auto l = Lab::find(w.name);
    return l ? ending(exec(*l, w.subject, w.command)) : say(std::unexpected(l.error()));
  });

  for (const char* verb : {"apply", "delete"}) {
    auto command = lab.sub(
        verb,
        fmt::format("`weft {}` on the lab's store, with a controller's rights: names as knp.default.x too.", verb));
    command.verbatim(w.command);
    command.run([&, verb] {
      auto l = Lab::find(w.name);
      if (!l) return say(std::unexpected(l.error()));
      std::vector<std::string> words = {verb};
      words.insert(words.end(), w.command.begin(), w.command.end());
      return ending(with_store(*l, words));
    });
  }

  auto env = lab.sub("env",
                     "Print exports with which weft, etcdctl or any client reaches the lab's store.\n\nWithout NODE "
                     "from this machine, over loopback; with it from that node.\n\n  eval \"$(weft lab env)\"");
  env.positional("NODE", w.subject, "a node", false);
  env.run([&] {
    return with_lab(w, [&](Lab& l) -> Result<> {
      std::optional<NodeState> node;
      if (!w.subject.empty()) node = TRY(l.node(w.subject));
      for (const auto& [name, value] : TRY(l.environment(node))) fmt::print("export {}={}\n", name, value);
      return {};
    });
  });

  auto wait_ = lab.sub("wait", "Wait until the store's revision of now is in force on every node.");
  wait_.option("--timeout", w.timeout, "seconds (30)");
  wait_.run([&] { return with_lab(w, [&](Lab& l) { return wait_and_say(l, w.timeout); }); });

  auto ping_ = lab.sub("ping", "Wait, then ping every pod from every node and every pod; print who reached whom.");
  ping_.flag("--all", w.all, "everything (the default)");
  ping_.option("--timeout", w.timeout, "seconds to wait first (30)");
  ping_.run([&] {
    return with_lab(w, [&](Lab& l) -> Result<> {
      TRY(wait_and_say(l, w.timeout));
      const auto matrix = TRY(ping_all(l, std::chrono::milliseconds(1500)));
      fmt::print("{}", to_text(matrix));
      const std::size_t all = matrix.from.size() * matrix.to.size();
      fmt::print("{} of {} reached\n", all - matrix.lost(), all);
      if (matrix.lost() > 0) return fail(Code::unavailable, fmt::format("{} of {} not reached", matrix.lost(), all));
      return {};
    });
  });

  auto logs = lab.sub("logs", "Show what nodes, or the lab's etcd, have logged.");
  logs.positional("NODE", w.subject, "a node, or etcd; none: all nodes", false);
  logs.positional("COMPONENT", w.component, "agent, bird, confd or node", false);
  logs.flag("-f,--follow", w.follow, "go on as more is logged");
  logs.run([&] { return with_lab(w, [&](Lab& l) { return show_logs(l, w.subject, w.component, w.follow); }); });

  auto frontend = lab.sub("frontend", "The guestbook's HTTP server of the demo.");
  frontend.option("--leader", w.leader, "redis to write to").option("--follower", w.follower, "redis to read from");
  w.port = 80;
  frontend.option("--port", w.port, "where to listen (80)");
  frontend.run([&] { return frontend_main(w.leader, w.follower, w.port); });

  add_internal_commands(lab, w);

  auto demo_ = root.sub("demo", "Show the main job on a lab of three nodes, step by step.");
  demo_.flag("--keep", w.demo.keep, "leave the lab running and say what to try");
  demo_.flag("--pause", w.demo.pause, "wait for Enter before each step");
  demo_.run([&] { return demo(w.demo); });
}

}  // namespace weft::lab
