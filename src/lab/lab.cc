#include "lab/lab.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <thread>

#include <fmt/core.h>

#include "api/ip_pool.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/resources.h"
#include "cni/install.h"
#include "lab/fabric.h"
#include "lab/spaces.h"
#include "store/etcd/open.h"

namespace weft::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr const char* labs_folder = "/run/weft-lab";
constexpr std::string_view inside_etcd = "http://172.28.0.1:2379";

bool good_name(std::string_view name) {
  if (name.empty() || name.size() > 30 || name.front() == '-') return false;
  return std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

/// The id of a process that still is the one that was written down.
pid_t read_init(const std::string& folder) {
  const auto text = read_file(folder + "/init");
  if (!text) return 0;
  const auto words = split(trim(*text), ' ');
  if (words.size() != 2) return 0;
  const pid_t pid = std::atoi(words[0].c_str());
  // One that is ending has no namespaces any more; it only waits for what lived in them.
  const bool alive = ::access(fmt::format("/proc/{}/ns/net", pid).c_str(), R_OK) == 0;
  return pid > 1 && alive && start_time(pid) == words[1] ? pid : 0;
}

/// Starts an init and waits until its namespaces are made. @return its id; with `go`, it waits there for a 'g'.
Result<pid_t> start(Spawn what, std::vector<std::string> words, Fd* go) {
  int ready[2], begin[2] = {-1, -1};
  if (::pipe2(ready, O_CLOEXEC) != 0 || (go && ::pipe2(begin, O_CLOEXEC) != 0)) return fail_errno(errno, "pipe");
  Fd ready_read(ready[0]), ready_write(ready[1]), go_read(begin[0]), go_write(begin[1]);
  what.argv = {own_program(), "lab", "init", "--ready-fd", "10"};
  what.descriptors = {{ready_write.get(), 10}};
  if (go) {
    what.argv.insert(what.argv.end(), {"--go-fd", "11"});
    what.descriptors.emplace_back(go_read.get(), 11);
  }
  what.argv.insert(what.argv.end(), words.begin(), words.end());
  what.new_space = what.new_session = true;
  const pid_t pid = TRY(spawn(what));
  ready_write.reset();
  go_read.reset();
  std::string said;
  char buffer[512];
  ssize_t n = 0;
  while ((n = ::read(ready_read.get(), buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR))
    said.append(buffer, n > 0 ? static_cast<std::size_t>(n) : 0);
  if (said != "ok") {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return fail(Code::internal, said.empty() ? "the init ended before its namespaces were made" : said);
  }
  if (go) *go = std::move(go_write);
  return pid;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> list;
  for (char** variable = environ; *variable; ++variable) list.emplace_back(*variable);
  return list;
}

/// The machine's environment without what would lead a node or program to another store or name.
std::vector<std::string> clean_environment() {
  auto list = own_environment();
  std::erase_if(list, [](const std::string& variable) {
    for (const char* prefix : {"ETCD", "FELIX_", "CALICO_", "DATASTORE_TYPE=", "NODENAME=", "IP=", "IP6=", "AS=",
                               "WEFT_", "CNI_", "KUBE", "IP_AUTODETECTION", "IP6_AUTODETECTION", "NO_DEFAULT_POOLS="}) {
      if (variable.starts_with(prefix)) return true;
    }
    return false;
  });
  return list;
}

/// The network configuration's template with addresses of both families for pods.
std::string both_families(std::string_view text) {
  constexpr std::string_view ipam = R"("type": "calico-ipam")";
  std::string out(text);
  const auto at = out.find(ipam);
  CHECK(at != std::string::npos);
  return out.insert(at + ipam.size(), R"(, "assign_ipv4": "true", "assign_ipv6": "true")");
}

/// An etcd takes a moment to start, and the relay in front of it accepts before that.
Result<> wait_for(store::Store& store) {
  const auto end = steady_clock::now() + std::chrono::seconds(20);
  while (true) {
    const auto answer = store.get("/calico/");
    if (answer) return {};
    if (answer.error().code != Code::unavailable || steady_clock::now() > end) return std::unexpected(answer.error());
    std::this_thread::sleep_for(milliseconds(20));
  }
}

Result<Fd> listen_on(std::uint32_t address, std::uint16_t& port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(address);
  where.sin_port = htons(port);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) != 0 || ::listen(fd.get(), 128) != 0)
    return fail_errno(errno, "relay");
  socklen_t size = sizeof where;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&where), &size);
  port = ntohs(where.sin_port);
  return fd;
}

}  // namespace

net::Ip NodeState::address() const {
  return net::Cidr::parse(fabric_v4)->ip().plus(static_cast<std::uint64_t>(10 + index));
}
net::Ip NodeState::address_v6() const {
  return net::Cidr::parse(fabric_v6)->ip().plus(static_cast<std::uint64_t>(0x10 + index));
}

Lab::Lab(std::string name)
    : name_(std::move(name)), folder_(std::string(labs_folder) + '/' + name_), init_(read_init(folder_)) {}

Result<Lab> Lab::find(const std::string& name) {
  if (!good_name(name))
    return fail(Code::invalid, fmt::format("lab name \"{}\": lower-case letters, digits and '-', at most 30", name));
  Lab lab(name);
  if (!lab.is_up()) return fail(Code::not_found, fmt::format("lab \"{}\" is not up; `weft lab up` starts it", name));
  return lab;
}

std::vector<std::string> Lab::names() {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(labs_folder, error)) {
    if (entry.is_directory()) found.push_back(entry.path().filename());
  }
  std::ranges::sort(found);
  return found;
}

std::string Lab::file(std::string_view relative) const {
  return fmt::format("/proc/{}/root{}/{}", init_, folder_, relative);
}
std::string Lab::file_of(const NodeState& node, std::string_view path) {
  return fmt::format("/proc/{}/root{}", node.init, path);
}

Result<> Lab::up(const UpOptions& options, const std::function<void(std::string_view)>& progress) {
  if (!good_name(name_))
    return fail(Code::invalid, fmt::format("lab name \"{}\": lower-case letters, digits and '-', at most 30", name_));
  if (::geteuid() != 0) return fail(Code::denied, "a lab needs root: it makes network namespaces");
  if (is_up()) return fail(Code::exists, fmt::format("lab \"{}\" is up already; `weft lab down` ends it", name_));
  if (options.nodes < 1 || options.nodes > 200)
    return fail(Code::invalid, fmt::format("--nodes {}: from 1 to 200", options.nodes));
  std::vector<std::string> pools = options.pools;
  if (pools.empty()) {
    pools.emplace_back("10.65.0.0/16");
    if (options.ipv6) pools.emplace_back("fd65::/112");
  }
  for (const auto& pool : pools) TRY(within(net::Cidr::parse(pool), "--pool"));

  const auto bring_up = [&]() -> Result<> {
    TRY(start_init());
    TRY(change_state([&](schema::Object& state) -> Result<> {
      state.set("name", name_);
      state.set("ipv6", options.ipv6);
      state.set("nodes", schema::Array{});
      return {};
    }));
    TRY(start_fabric());
    progress("etcd");
    TRY(start_store(options.etcd));
    const auto store = TRY(open_store());
    TRY(wait_for(*store));
    TRY(client::ensure_initialized(*store));
    int number = 0;
    for (const auto& pool : pools) {
      const auto cidr = *net::Cidr::parse(pool);
      api::IpPool object;
      object.metadata.name = fmt::format("lab-pool{}", number == 0 ? "" : fmt::format("-{}", number + 1));
      ++number;
      object.spec.cidr = cidr;
      object.spec.nat_outgoing = cidr.family() == net::Family::v4;
      if (auto created = client::create(*store, object); !created && created.error().code != Code::exists)
        return std::unexpected(created.error());
    }
    progress("nodes");
    std::vector<std::pair<std::string, int>> wanted;
    for (int i = 1; i <= options.nodes; ++i) wanted.emplace_back(fmt::format("node{}", i), i);
    return start_nodes(wanted);
  };
  auto done = bring_up();
  if (!done) (void)down();
  return done;
}

Result<> Lab::start_init() {
  TRY(make_directories(folder_, 0700));
  Spawn what;
  what.environment = clean_environment();
  init_ = TRY(within(start(what, {"--name", name_, "--folder", folder_}, nullptr), "lab init"));
  const auto began = start_time(init_);
  if (!began) return fail(Code::internal, "lab init ended");
  return write_file_atomic(folder_ + "/init", fmt::format("{} {}\n", init_, *began));
}

Result<> Lab::start_fabric() {
  return within(in_network(init_, "", [] { return make_fabric(); }), "fabric");
}

Result<> Lab::start_store(const std::string& outside) {
  const Fd log(::open(file("etcd.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  const Fd here(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  const Fd fabric(::open(fmt::format("/proc/{}/ns/net", init_).c_str(), O_RDONLY | O_CLOEXEC));
  Spawn what;
  what.environment = clean_environment();
  what.inside = init_;
  what.out = what.err = log.get();
  what.new_session = true;
  std::uint16_t port = 0;

  const auto relay = [&](const Fd& listener, const Fd& network, const std::string& host,
                         const std::string& target_port) -> Result<> {
    Spawn passer = what;
    passer.argv = {own_program(), "lab",    "relay", "--listener-fd", "10",       "--network-fd",
                   "11",          "--host", host,    "--port",        target_port};
    passer.descriptors = {{listener.get(), 10}, {network.get(), 11}};
    TRY(within(spawn(passer), "relay"));
    return {};
  };

  if (outside.empty()) {
    const std::string data = fmt::format("{}/etcd", folder_);
    what.argv = {"etcd",
                 "--name",
                 name_,
                 "--data-dir",
                 data,
                 "--listen-client-urls",
                 "http://0.0.0.0:2379",
                 "--advertise-client-urls",
                 std::string(inside_etcd),
                 "--listen-peer-urls",
                 "http://127.0.0.1:2380",
                 "--initial-advertise-peer-urls",
                 "http://127.0.0.1:2380",
                 "--initial-cluster",
                 name_ + "=http://127.0.0.1:2380",
                 "--logger",
                 "zap",
                 "--log-outputs",
                 "stderr"};
    auto started = spawn(what);
    if (!started) {
      return fail(started.error().code, started.error().code == Code::not_found
                                            ? "etcd is not installed: apt-get install etcd-server"
                                            : started.error().message);
    }
    const Fd listener = TRY(listen_on(INADDR_LOOPBACK, port));
    TRY(relay(listener, fabric, "172.28.0.1", "2379"));
    TRY(change_state([&](schema::Object& state) -> Result<> {
      state.set("endpoints", fmt::format("http://127.0.0.1:{}", port));
      return {};
    }));
    return {};
  }

  // An etcd outside: nodes reach it through a listener on the fabric. One endpoint of plain HTTP with an IPv4 address.
  const auto first = split(outside, ',').front();
  const std::string_view rest =
      std::string_view(first).starts_with("http://") ? std::string_view(first).substr(7) : std::string_view();
  const auto colon = rest.rfind(':');
  if (rest.empty() || colon == std::string_view::npos) {
    return fail(Code::invalid,
                fmt::format("--etcd {}: a lab reaches an etcd of its own by http://ADDRESS:PORT", outside));
  }
  Fd listener;
  std::uint16_t inside_port = 2379;
  TRY(in_network(init_, "", [&]() -> Result<> {
    listener = TRY(listen_on(INADDR_ANY, inside_port));
    return {};
  }));
  const std::string host(rest.substr(0, colon));
  TRY(relay(listener, here, host == "localhost" ? "127.0.0.1" : host, std::string(rest.substr(colon + 1))));
  return change_state([&](schema::Object& state) -> Result<> {
    state.set("endpoints", outside);
    return {};
  });
}

Result<> Lab::start_nodes(const std::vector<std::pair<std::string, int>>& wanted) {
  const auto lab_state = TRY(state());
  const bool ipv6 = lab_state.at("ipv6") && *lab_state.at("ipv6") == schema::Value(true);
  std::vector<std::pair<NodeState, Fd>> started;
  for (const auto& [name, index] : wanted) {
    TRY(make_directories(file("nodes/" + name)));
    const Fd log(::open(file("nodes/" + name + "/node.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    Spawn what;
    what.inside = init_;
    what.out = what.err = log.get();
    what.environment = clean_environment();
    for (const char* variable : {"DATASTORE_TYPE=etcdv3", "IP=autodetect", "IP_AUTODETECTION_METHOD=interface=eth0",
                                 "NO_DEFAULT_POOLS=true", "CALICO_NETWORKING_BACKEND=bird", "CLUSTER_TYPE=weft,bgp",
                                 "FELIX_HEALTHENABLED=true", "FELIX_PROMETHEUSMETRICSENABLED=true"}) {
      what.environment.emplace_back(variable);
    }
    what.environment.push_back("NODENAME=" + name);
    what.environment.push_back(fmt::format("ETCD_ENDPOINTS={}", inside_etcd));
    if (ipv6) {
      what.environment.push_back("CNI_NETWORK_CONFIG=" + both_families(cni::default_template()));
      what.environment.emplace_back("IP6=autodetect");
      what.environment.emplace_back("IP6_AUTODETECTION_METHOD=interface=eth0");
    }
    NodeState node{.name = name, .index = index};
    Fd go;
    node.init = TRY(within(start(what, {"--name", name_, "--folder", folder_, "--node", name}, &go), name));
    TRY(within(add_to_fabric(init_, node, ipv6), name));
    started.emplace_back(node, std::move(go));
  }
  TRY(change_state([&](schema::Object& object) -> Result<> {
    auto* list = object.find("nodes")->as_array();
    for (const auto& [node, go] : started) {
      list->push_back(
          schema::Object{{"name", node.name}, {"index", node.index}, {"init", static_cast<std::int64_t>(node.init)}});
    }
    return {};
  }));
  for (const auto& [node, go] : started) {
    if (::write(go.get(), "g", 1) != 1) return fail_errno(errno, node.name);
  }
  return {};
}

Result<> Lab::down() {
  if (init_ > 0) {
    const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, init_, 0)));
    ::kill(init_, SIGKILL);
    // Readable once it has ended, and it ends after everything in its process namespace has; what of that we started
    // ourselves waits for us to look.
    pollfd ended{.fd = process.get(), .events = POLLIN, .revents = 0};
    for (int tries = 0; process && ::poll(&ended, 1, 5) == 0; ++tries) {
      while (::waitpid(-1, nullptr, WNOHANG) > 0) {
      }
      if (tries > 2000) return fail(Code::timeout, fmt::format("lab \"{}\": process {} does not end", name_, init_));
    }
    ::waitpid(init_, nullptr, WNOHANG);
    init_ = 0;
  }
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
  if (error) return fail(Code::internal, fmt::format("{}: {}", folder_, error.message()));
  std::filesystem::remove(labs_folder, error);  // when it was the last
  return {};
}

Result<std::vector<NodeState>> Lab::nodes() const {
  const auto object = TRY(state());
  std::vector<NodeState> list;
  const auto* nodes = object.at("nodes");
  for (const auto& item : *nodes->as_array()) {
    list.push_back({.name = std::string(item.text("name")),
                    .index = static_cast<int>(*item.at("index")->as_int()),
                    .init = static_cast<pid_t>(*item.at("init")->as_int())});
  }
  return list;
}

Result<NodeState> Lab::node(std::string_view name) const {
  std::string known;
  for (auto& node : TRY(nodes())) {
    if (node.name == name) return node;
    known += (known.empty() ? "" : ", ") + node.name;
  }
  return fail(Code::not_found, fmt::format("lab \"{}\" has no node \"{}\"; it has {}", name_, name, known));
}

Result<NodeState> Lab::add_node(const std::string& name) {
  if (!good_name(name))
    return fail(Code::invalid, fmt::format("node name \"{}\": lower-case letters, digits and '-'", name));
  int index = 1;
  for (const auto& node : TRY(nodes())) {
    if (node.name == name) return fail(Code::exists, fmt::format("node \"{}\" is there already", name));
    index = std::max(index, node.index + 1);
  }
  if (index > 240) return fail(Code::exhausted, "the fabric has no address left");
  TRY(start_nodes({{name, index}}));
  return node(name);
}

Result<> Lab::remove_node(const NodeState& node) {
  ::kill(node.init, SIGKILL);
  const auto end = steady_clock::now() + std::chrono::seconds(10);
  while (start_time(node.init) && steady_clock::now() < end) std::this_thread::sleep_for(milliseconds(5));
  TRY(change_state([&](schema::Object& object) -> Result<> {
    std::erase_if(*object.find("nodes")->as_array(),
                  [&](const schema::Value& item) { return item.text("name") == node.name; });
    return {};
  }));
  std::error_code error;
  std::filesystem::remove_all(file("nodes/" + node.name), error);
  return {};
}

Result<> Lab::restart_node(const NodeState& node) {
  const auto before = component(node, "node");
  if (before.empty()) return fail(Code::not_found, fmt::format("{}: `weft node` is not running", node.name));
  for (const pid_t pid : before) ::kill(pid, SIGTERM);
  const auto end = steady_clock::now() + std::chrono::seconds(30);
  while (steady_clock::now() < end) {
    const auto now = component(node, "node");
    if (!now.empty() && now != before) return {};
    std::this_thread::sleep_for(milliseconds(10));
  }
  return fail(Code::timeout,
              fmt::format("{}: `weft node` did not come back; `weft lab logs {}` says why", node.name, node.name));
}

std::vector<pid_t> Lab::component(const NodeState& node, std::string_view wanted) const {
  // A process belongs to the node when it lives in its process namespace.
  struct stat space{};
  std::vector<pid_t> found;
  if (::stat(fmt::format("/proc/{}/ns/pid", node.init).c_str(), &space) != 0) return found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    struct stat its{};
    if (pid <= 0 || ::stat((entry.path() / "ns/pid").c_str(), &its) != 0 || its.st_ino != space.st_ino) continue;
    const auto line = read_file(entry.path() / "cmdline");
    if (!line) continue;
    const auto words = split(*line, '\0');
    if (words.empty()) continue;
    const std::string program = words[0].substr(words[0].rfind('/') + 1);
    const bool match = wanted == "bird"
                           ? program == "bird"
                           : program == "weft" && words.size() > 1 && words[1] == wanted && pid != node.init;
    if (match) found.push_back(pid);
  }
  std::ranges::sort(found);
  return found;
}

Result<std::vector<pid_t>> Lab::kill_component(const NodeState& node, std::string_view which) const {
  std::vector<std::string> parts = {"agent", "confd", "bird"};
  if (which != "all") {
    if (std::ranges::find(parts, which) == parts.end())
      return fail(Code::invalid, fmt::format("component \"{}\": agent, bird, confd or all", which));
    parts = {std::string(which)};
  }
  std::vector<pid_t> killed;
  for (const auto& part : parts) {
    for (const pid_t pid : component(node, part)) {
      if (::kill(pid, SIGKILL) == 0) killed.push_back(pid);
    }
  }
  if (killed.empty()) return fail(Code::not_found, fmt::format("{}: {} is not running", node.name, which));
  return killed;
}

std::string Lab::endpoints() const {
  const auto object = state();
  return object ? std::string(object->text("endpoints")) : std::string();
}

Result<std::unique_ptr<store::Store>> Lab::open_store() const {
  store::Settings settings;
  settings.etcd_endpoints = {endpoints(), "the lab"};
  return store::open(settings);
}

Result<std::vector<std::pair<std::string, std::string>>> Lab::environment(const std::optional<NodeState>& node) const {
  std::vector<std::pair<std::string, std::string>> list = {{"DATASTORE_TYPE", "etcdv3"}, {"ETCDCTL_API", "3"}};
  const std::string where = node ? std::string(inside_etcd) : endpoints();
  list.emplace_back("ETCD_ENDPOINTS", where);
  list.emplace_back("ETCDCTL_ENDPOINTS", where);
  if (node) list.emplace_back("NODENAME", node->name);
  list.emplace_back("WEFT_LAB", name_);
  return list;
}

Result<schema::Value> Lab::state() const {
  const auto text = TRY(read_file(file("lab.json")));
  return within(schema::parse_json(text), "lab.json");
}

Result<> Lab::change_state(const std::function<Result<>(schema::Object&)>& change) const {
  const Fd lock(::open(file("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock || ::flock(lock.get(), LOCK_EX) != 0) return fail_errno(errno, file("lock"));
  schema::Value value = schema::Object{};
  if (file_exists(file("lab.json"))) value = TRY(state());
  TRY(change(*value.as_object()));
  return write_file_atomic(file("lab.json"), schema::to_json(value, 2));
}

}  // namespace weft::lab
