#include "lab/frontend.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <vector>

#include <fmt/core.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/strings.h"
#include "http/server.h"
#include "net/ip.h"

namespace weft::lab {
namespace {

/// One command to redis over a connection of its own (RESP, redis.io/topics/protocol). @return the strings of its
/// answer
Result<std::vector<std::string>> redis(const std::string& host, const std::vector<std::string>& words) {
  const auto ip = TRY(net::Ip::parse(host));
  const Fd fd(::socket(ip.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_storage to{};
  socklen_t size = 0;
  if (ip.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&to);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(6379);
    v4->sin_addr.s_addr = htonl(ip.v4_value());
    size = sizeof *v4;
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&to);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(6379);
    std::copy(ip.bytes().begin(), ip.bytes().end(), v6->sin6_addr.s6_addr);
    size = sizeof *v6;
  }
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), size) != 0) return fail_errno(errno, "redis " + host);
  std::string text = fmt::format("*{}\r\n", words.size());
  for (const auto& word : words) text += fmt::format("${}\r\n{}\r\n", word.size(), word);
  if (::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
    return fail_errno(errno, "redis " + host);

  std::string answer;
  const auto more = [&]() -> Result<> {
    char buffer[4096];
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n <= 0) return fail(Code::unavailable, "redis " + host + ": no answer");
    answer.append(buffer, static_cast<std::size_t>(n));
    return {};
  };
  std::size_t at = 0;
  const auto line = [&]() -> Result<std::string> {
    while (answer.find("\r\n", at) == std::string::npos) TRY(more());
    const auto end = answer.find("\r\n", at);
    std::string found = answer.substr(at, end - at);
    at = end + 2;
    return found;
  };
  const std::string first = TRY(line());
  if (first.starts_with('-')) return fail(Code::internal, "redis " + host + ": " + first.substr(1));
  if (!first.starts_with('*')) return std::vector<std::string>{first.substr(1)};
  std::vector<std::string> items;
  for (int left = std::atoi(first.c_str() + 1); left > 0; --left) {
    const auto length = static_cast<std::size_t>(std::atoi(TRY(line()).c_str() + 1));
    while (answer.size() < at + length + 2) TRY(more());
    items.push_back(answer.substr(at, length));
    at += length + 2;
  }
  return items;
}

http::Response reply(const Result<std::vector<std::string>>& answer) {
  if (!answer) return {.status = 503, .body = answer.error().message + "\n"};
  return {.status = 200, .body = join(*answer, "\n") + "\n"};
}

}  // namespace

int frontend_main(const std::string& leader, const std::string& follower, int port) {
  log::set_part("frontend");
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);
  const auto book = [&](const http::Request& request) {
    if (request.method == "POST") return reply(redis(leader, {"RPUSH", "guestbook", std::string(trim(request.body))}));
    return reply(redis(follower, {"LRANGE", "guestbook", "0", "-1"}));
  };
  auto server = http::Server::start({.host = "0.0.0.0", .port = port}, {{"/", book}});
  if (!server) {
    log::error("cannot serve", {{"reason", server.error().message}});
    return 1;
  }
  int signal = 0;
  ::sigwait(&ends, &signal);
  return 0;
}

}  // namespace weft::lab
