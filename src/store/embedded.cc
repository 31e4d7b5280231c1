#include "store/embedded.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "base/env.h"
#include "base/file.h"
#include "base/strings.h"

namespace weft::store {

namespace {

using Clock = std::chrono::steady_clock;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

Result<Address> address_of(const std::string& text, std::uint16_t port) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.size = sizeof *v6;
  } else {
    return fail(Code::invalid, fmt::format("{}: not an IP address", text));
  }
  return address;
}

Result<std::uint16_t> free_port(const std::string& on) {
  Address address = TRY(address_of(on, 0));
  const Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address.storage), address.size) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.size) != 0) {
    return fail_errno(errno, fmt::format("a free port on {}", on));
  }
  // sin_port and sin6_port lie at the same place.
  return ntohs(reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port);
}

std::string url(std::string_view scheme, const std::string& address, std::uint16_t port) {
  return address.find(':') == std::string::npos ? fmt::format("{}://{}:{}", scheme, address, port)
                                                : fmt::format("{}://[{}]:{}", scheme, address, port);
}

/// Whether GET /health there says that all is well.
bool is_healthy(const std::string& address, std::uint16_t port) {
  const auto to = address_of(address, port);
  if (!to) return false;
  const Fd fd(::socket(to->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to->storage), to->size) != 0) return false;
  constexpr std::string_view request = "GET /health HTTP/1.0\r\n\r\n";
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return false;
  std::string reply;
  for (char buffer[1024];;) {
    pollfd wait{.fd = fd.get(), .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, 1000) != 1) break;
    const auto n = ::recv(fd.get(), buffer, sizeof buffer, 0);
    if (n <= 0) break;
    reply.append(buffer, static_cast<std::size_t>(n));
  }
  return reply.find("\"true\"") != std::string::npos;
}

bool wait_end(int pidfd, std::chrono::milliseconds patience) {
  pollfd wait{.fd = pidfd, .events = POLLIN, .revents = 0};
  int n = 0;
  do n = ::poll(&wait, 1, static_cast<int>(patience.count()));
  while (n < 0 && errno == EINTR);
  return n == 1;
}

void signal_pidfd(int pidfd, int signal) { ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0); }

/// What the log says went wrong.
std::string complaint(const std::string& log) {
  const auto text = read_file(log);
  if (!text) return "no log";
  const auto lines = split(*text, '\n');
  for (const auto* mark :
       {"\"level\":\"fatal\"", "\"level\":\"panic\"", "not defined", "\"level\":\"error\"", "rror"}) {
    for (const auto& line : lines) {
      if (line.find(mark) != std::string::npos) return line;
    }
  }
  return lines.empty() || lines.front().empty() ? "nothing in its log" : lines.front();
}

Result<Process> launch(const EmbeddedOptions& options, std::uint16_t port, std::uint16_t peer_port,
                       std::uint16_t health_port) {
  const bool tls = !options.cert_file.empty();
  const std::string clients = url(tls ? "https" : "http", options.address, port);
  const std::string peers = url("http", options.address, peer_port);
  Command command;
  command.argv = {options.program,
                  "--name=weft",
                  "--data-dir=" + options.data,
                  "--listen-client-urls=" + clients,
                  "--advertise-client-urls=" + clients,
                  "--listen-peer-urls=" + peers,
                  "--initial-advertise-peer-urls=" + peers,
                  "--initial-cluster=weft=" + peers,
                  "--auto-compaction-mode=periodic",
                  "--auto-compaction-retention=1h",
                  "--snapshot-count=10000",
                  "--logger=zap",
                  "--log-level=warn"};
  if (tls) {
    command.argv.push_back("--cert-file=" + options.cert_file);
    command.argv.push_back("--key-file=" + options.key_file);
    command.argv.push_back("--listen-metrics-urls=" + url("http", options.address, health_port));
    if (!options.ca_file.empty()) {
      command.argv.push_back("--trusted-ca-file=" + options.ca_file);
      command.argv.push_back("--client-cert-auth");
    }
  }
  command.argv.insert(command.argv.end(), options.more.begin(), options.more.end());
  // etcd takes ETCD_* variables for flags; ours name somebody else's store.
  command.env.emplace();
  for (auto& entry : environment()) {
    if (!entry.starts_with("ETCD_")) command.env->push_back(std::move(entry));
  }
  command.own_group = true;
  command.own_session = options.own_session;
  command.ends_with_parent = options.ends_with_parent;
  const Fd log(::open(options.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!log) return fail_errno(errno, options.log);
  command.out = command.err = log.get();
  return start(command);
}

}  // namespace

Result<std::unique_ptr<Embedded>> Embedded::start(EmbeddedOptions options) {
  if (options.log.empty()) options.log = options.data + ".log";
  TRY(within(make_directories(options.data, 0700), "etcd's data folder"));
  const auto deadline = Clock::now() + options.timeout;
  const bool tls = !options.cert_file.empty();
  // A port that was free a moment ago may be somebody else's now; then etcd ends at once and we take others.
  for (int attempt = 1;; ++attempt) {
    const std::uint16_t port = options.port != 0 ? options.port : TRY(free_port(options.address));
    const std::uint16_t peer_port = TRY(free_port(options.address));
    const std::uint16_t health_port = tls ? TRY(free_port(options.address)) : port;
    auto process = launch(options, port, peer_port, health_port);
    if (!process && process.error().code == Code::not_found && options.program == "etcd") {
      options.program = "/usr/bin/etcd";
      process = launch(options, port, peer_port, health_port);
    }
    if (!process && process.error().code == Code::not_found) {
      return fail(Code::not_found,
                  fmt::format("{}: no such program; install the package etcd-server", options.program));
    }
    if (!process) return std::unexpected(std::move(process.error()).within("start etcd"));
    std::unique_ptr<Embedded> etcd(
        new Embedded(*std::move(process), url(tls ? "https" : "http", options.address, port)));
    bool ended = false;
    while (!ended && Clock::now() < deadline) {
      if (is_healthy(options.address, health_port)) {
        // Somebody else's etcd on that port would answer too; ours would not live then.
        ended = wait_end(etcd->pidfd(), std::chrono::milliseconds(0));
        if (!ended) return etcd;
      }
      ended = ended || wait_end(etcd->pidfd(), std::chrono::milliseconds(10));
    }
    etcd->kill();
    std::string why = complaint(options.log);
    if (!ended) return fail(Code::timeout, fmt::format("etcd in {} does not answer: {}", options.data, why));
    const bool port_taken = why.find("address already in use") != std::string::npos;
    if (!port_taken || attempt == 5)
      return fail(Code::unavailable, fmt::format("etcd in {} ended: {}", options.data, why));
    if (options.port != 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

Embedded::~Embedded() { stop(); }

void Embedded::stop(std::chrono::milliseconds patience) {
  if (process_.pid == 0) return;
  signal_pidfd(process_.pidfd.get(), SIGTERM);
  wait_end(process_.pidfd.get(), patience);
  kill();
}

void Embedded::kill() {
  if (process_.pid == 0) return;
  signal_pidfd(process_.pidfd.get(), SIGKILL);
  while (::waitpid(process_.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  process_ = {};
}

pid_t Embedded::detach() {
  const pid_t pid = process_.pid;
  process_ = {};
  return pid;
}

Result<> Embedded::stop_detached(pid_t pid, const std::string& data, std::chrono::milliseconds patience) {
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd && errno == ESRCH) return {};
  if (!pidfd) return fail_errno(errno, fmt::format("etcd, pid {}", pid));
  const auto arguments = read_file(fmt::format("/proc/{}/cmdline", pid));
  if (!arguments) return {};
  const auto parts = split(*arguments, '\0');
  if (std::ranges::find(parts, "--data-dir=" + data) == parts.end()) return {};
  signal_pidfd(pidfd.get(), SIGTERM);
  if (!wait_end(pidfd.get(), patience)) {
    signal_pidfd(pidfd.get(), SIGKILL);
    if (!wait_end(pidfd.get(), patience)) return fail(Code::timeout, fmt::format("etcd, pid {}: does not end", pid));
  }
  ::waitpid(pid, nullptr, WNOHANG);  // when it is our child after all
  return {};
}

}  // namespace weft::store
