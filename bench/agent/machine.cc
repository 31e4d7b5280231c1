#include "bench/agent/machine.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>

#include <filesystem>
#include <stdexcept>

#include "base/file.h"
#include "cni/client.h"
#include "kernel/link.h"

namespace weft::bench {

namespace {

template <class T>
T or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

kernel::EventSocket events(int protocol, std::vector<int> groups) {
  return or_throw(kernel::EventSocket::open(protocol, groups, 256u << 20));
}

}  // namespace

Result<> leave_the_machine() {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return fail_errno(errno, "unshare (needs root)");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return fail_errno(errno, "mount /");
  for (const char* folder : {"/run", "/var/lib"}) {
    if (::mount("tmpfs", folder, "tmpfs", 0, nullptr) != 0) return fail_errno(errno, folder);
  }
  auto socket = TRY(kernel::Socket::open(NETLINK_ROUTE));
  return kernel::change_link(socket, TRY(kernel::get_link(socket, "lo")).index, {.up = true});
}

// --- etcd

PrivateEtcd::PrivateEtcd(bool disk) {
  folder_ = (disk ? "/var/tmp" : "/dev/shm") + std::string("/weft-bench.XXXXXX");
  if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("mkdtemp " + folder_);
  etcd_ = or_throw(store::Embedded::start({.data = folder_ + "/etcd", .ends_with_parent = true}));
}

PrivateEtcd::~PrivateEtcd() {
  etcd_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

// --- the agent

Agent::Agent(std::string program, const PrivateEtcd& etcd)
    : program_(std::move(program)), endpoint_(etcd.endpoint()), log_(etcd.folder() + "/agent.log") {}
Agent::~Agent() { stop(); }

void Agent::start() {
  const Fd out(::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  std::vector<std::string> env{"DATASTORE_TYPE=etcdv3", "ETCD_ENDPOINTS=" + endpoint_, "NODENAME=n1"};
  for (const char* name : {"WEFT_LOG_LEVEL", "MALLOC_ARENA_MAX"}) {
    if (const char* value = ::getenv(name)) env.push_back(std::string(name) + "=" + value);
  }
  process_ = or_throw(weft::start({.argv = {program_, "agent"},
                                   .env = env,
                                   .ends_with_parent = true,
                                   .end_signal = SIGKILL,
                                   .out = out.get(),
                                   .err = out.get()}));
}

void Agent::stop() {
  if (process_.pid == 0) return;
  ::kill(process_.pid, SIGTERM);
  ::waitpid(std::exchange(process_.pid, 0), nullptr, 0);
}

schema::Value Agent::ask(const std::string& verb, const std::string& words) const {
  const auto answer =
      cni::ask(std::string(cni::default_socket), {.verb = verb, .config = words}, std::chrono::seconds(60));
  return answer ? schema::parse_json(answer->output).value_or(schema::Value()) : schema::Value();
}

bool Agent::ready() const {
  const auto status = ask("status");
  const auto* ready = status.at("ready");
  return ready != nullptr && ready->as_bool() != nullptr && *ready->as_bool();
}

double Agent::cpu_seconds() const {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(process_.pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

double Agent::status_mib(const char* field) const {
  const auto text = read_file(fmt::format("/proc/{}/status", process_.pid)).value_or("");
  const auto at = text.find(field);
  return at == text.npos ? 0 : std::strtod(text.c_str() + at + std::char_traits<char>::length(field), nullptr) / 1024;
}
double Agent::resident_mib() const { return status_mib("VmRSS:"); }
double Agent::peak_mib() const { return status_mib("VmHWM:"); }
std::string Agent::log() const { return read_file(log_).value_or(""); }

// --- the kernel

Observer::Observer()
    : routes_(events(NETLINK_ROUTE, {RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE})),
      rules_(events(NETLINK_NETFILTER, {NFNLGRP_NFTABLES})) {}

void Observer::read(const std::function<void(const Event&)>& each) {
  const auto now = Clock::now();
  for (auto* socket : {&routes_, &rules_}) {
    const auto lost = socket->read([&](const kernel::Event& event) {
      each({.route = socket == &routes_,
            .type = socket == &routes_ ? event.type : event.type & 0xff,
            .payload = {reinterpret_cast<const char*>(event.payload.data()), event.payload.size()},
            .at = now});
    });
    if (or_throw(lost)) throw std::runtime_error("the kernel's events overflowed; nothing can be measured");
  }
}

bool Observer::wait(Clock::duration limit) {
  pollfd fds[] = {{routes_.fd(), POLLIN, 0}, {rules_.fd(), POLLIN, 0}};
  return ::poll(fds, 2, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(limit).count())) > 0;
}

void Observer::forget() {
  read([](const Event&) {});
}

std::optional<Clock::time_point> Observer::until(const std::function<bool(const Event&)>& done, Clock::duration limit) {
  const auto end = Clock::now() + limit;
  std::optional<Clock::time_point> at;
  while (!at) {
    const auto left = end - Clock::now();
    if (left <= Clock::duration::zero() || !wait(left)) return at;
    read([&](const Event& event) {
      if (!at && done(event)) at = event.at;
    });
  }
  return at;
}

Observer::Last Observer::until_quiet(Clock::duration quiet, const std::function<double()>& sample) {
  Last last;
  while (wait(quiet)) {
    std::size_t count = 0;
    read([&](const Event& event) {
      last.at = event.at;
      ++count;
    });
    if (count > 0) last.sample = sample();
    last.events += count;
  }
  return last;
}

}  // namespace weft::bench
