#include "cni/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "base/fd.h"

namespace weft::cni {

namespace {

using Deadline = std::chrono::steady_clock::time_point;

Result<> wait_for(int fd, short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return fail(Code::timeout, "no answer in time");
    pollfd waiting{fd, events, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(left));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail_errno(errno, "poll");
  }
}

Result<> send_all(int fd, std::string_view text, Deadline deadline) {
  while (!text.empty()) {
    const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      TRY(wait_for(fd, POLLOUT, deadline));
    } else if (errno != EINTR) {
      return fail_errno(errno, "write");
    }
  }
  return {};
}

Result<std::string> receive_all(int fd, Deadline deadline) {
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got == 0) return text;
    if (got > 0) {
      text.append(buffer, static_cast<std::size_t>(got));
      if (text.size() > max_document) return fail(Code::invalid, "the answer is too long");
    } else if (errno == EAGAIN) {
      TRY(wait_for(fd, POLLIN, deadline));
    } else if (errno != EINTR) {
      return fail_errno(errno, "read");
    }
  }
}

Result<Answer> exchange(const std::string& path, const Request& request, Deadline deadline) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.empty() || path.size() >= sizeof address.sun_path) return fail(Code::invalid, "not a usable socket path");
  std::memcpy(address.sun_path, path.data(), path.size());
  const Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "socket");
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int number = errno;
    const bool absent = number == ENOENT || number == ECONNREFUSED || number == EAGAIN;
    return absent ? fail(Code::unavailable, "the agent does not listen there") : fail_errno(number, "connect");
  }
  TRY(send_all(fd.get(), to_json(request), deadline));
  shutdown(fd.get(), SHUT_WR);
  const std::string text = TRY(receive_all(fd.get(), deadline));
  if (text.empty()) return fail(Code::unavailable, "the agent closed the connection without an answer");
  return parse_answer(text);
}

}  // namespace

Result<Answer> ask(const std::string& socket, const Request& request, std::chrono::milliseconds limit) {
  return within(exchange(socket, request, std::chrono::steady_clock::now() + limit), socket);
}

}  // namespace weft::cni
