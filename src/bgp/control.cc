#include "bgp/control.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/strings.h"

namespace weft::bgp {
namespace {

constexpr std::size_t largest_reply = 64 << 20;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool has_code(std::string_view line) {
  return line.size() >= 5 && is_digit(line[0]) && is_digit(line[1]) && is_digit(line[2]) && is_digit(line[3]) &&
         (line[4] == ' ' || line[4] == '-');
}

Result<> wait_for(int fd, short events, std::chrono::steady_clock::time_point end) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail(Code::timeout, "BIRD does not answer");
    pollfd poll_fd{fd, events, 0};
    const int ready = ::poll(&poll_fd, 1, static_cast<int>(left.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail_errno(errno, "poll");
  }
}

std::string_view after(std::string_view text, std::string_view start) {
  return text.starts_with(start) ? text.substr(start.size()) : std::string_view();
}

/// The word at the front, and the blanks after it, are taken off.
std::string take_word(std::string_view& text) {
  const auto end = std::min(text.find(' '), text.size());
  std::string word(text.substr(0, end));
  text.remove_prefix(end);
  while (text.starts_with(' ')) text.remove_prefix(1);
  return word;
}

}  // namespace

Result<Reply> take_reply(std::string_view& text) {
  Reply reply;
  std::string_view rest = text;
  while (true) {
    const auto newline = rest.find('\n');
    if (newline == rest.npos) return fail(Code::unavailable, "the reply is not complete");
    const std::string_view line = rest.substr(0, newline);
    rest.remove_prefix(newline + 1);
    if (line.starts_with('+')) continue;  // something that happened meanwhile, not part of the reply
    if (has_code(line)) {
      const int code = (line[0] - '0') * 1000 + (line[1] - '0') * 100 + (line[2] - '0') * 10 + (line[3] - '0');
      reply.push_back({code, std::string(line.substr(5))});
      if (line[4] == ' ') break;
    } else if (line.starts_with(' ') && !reply.empty()) {
      reply.push_back({reply.back().code, std::string(line.substr(1))});
    } else {
      return fail(Code::invalid, fmt::format("no reply of BIRD: \"{}\"", line.substr(0, 60)));
    }
  }
  text = rest;
  return reply;
}

std::string to_string(const Reply& reply) {
  std::string text;
  for (std::size_t i = 0; i < reply.size(); ++i)
    text += fmt::format("{:04}{}{}\n", reply[i].code, i + 1 < reply.size() ? '-' : ' ', reply[i].text);
  return text;
}

Result<Control> Control::connect(const std::string& socket, std::chrono::milliseconds timeout) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path)
    return fail(Code::invalid, socket + ": the path is too long for a socket");
  std::memcpy(address.sun_path, socket.data(), socket.size());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == ECONNREFUSED || errno == ENOENT)
      return fail(Code::not_found, fmt::format("BIRD does not listen on {}", socket));
    return fail_errno(errno, socket);
  }
  Control control(std::move(fd), timeout);
  TRY(within(control.receive(), socket));  // "0001 BIRD 2.0.12 ready."
  return control;
}

Result<Reply> Control::receive() {
  const auto end = std::chrono::steady_clock::now() + timeout_;
  while (true) {
    std::string_view text = buffer_;
    auto reply = take_reply(text);
    if (reply || reply.error().code != Code::unavailable) {
      buffer_.erase(0, buffer_.size() - text.size());
      return reply;
    }
    if (buffer_.size() > largest_reply) return fail(Code::exhausted, "BIRD's reply does not end");
    TRY(wait_for(fd_.get(), POLLIN, end));
    char chunk[65536];
    const auto got = ::read(fd_.get(), chunk, sizeof chunk);
    if (got == 0) return fail(Code::unavailable, "BIRD closed its control socket");
    if (got < 0 && errno != EAGAIN && errno != EINTR) return fail_errno(errno, "control socket");
    if (got > 0) buffer_.append(chunk, static_cast<std::size_t>(got));
  }
}

Result<Reply> Control::ask(std::string_view command) {
  const auto end = std::chrono::steady_clock::now() + timeout_;
  std::string line = std::string(command) + "\n";
  std::string_view rest = line;
  while (!rest.empty()) {
    TRY(wait_for(fd_.get(), POLLOUT, end));
    const auto sent = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return fail_errno(errno, "control socket");
    if (sent > 0) rest.remove_prefix(static_cast<std::size_t>(sent));
  }
  Reply reply = TRY(receive());
  for (const auto& one : reply) {
    if (one.code >= 8000) return fail(Code::invalid, fmt::format("BIRD: {}: {}", command, one.text));
  }
  return reply;
}

Result<> configure(const std::string& socket) {
  Control control = TRY(Control::connect(socket));
  TRY(control.ask("configure"));
  return {};
}

Status parse_status(const Reply& reply) {
  Status status;
  for (const auto& [code, text] : reply) {
    if (code == 1000) status.version = after(text, "BIRD ");
    if (code == 13) status.message = text;
    if (code != 1011) continue;
    if (const auto id = after(text, "Router ID is "); !id.empty()) status.router_id = id;
    if (const auto time = after(text, "Last reboot on "); !time.empty()) status.last_boot = time;
    if (const auto time = after(text, "Last reconfiguration on "); !time.empty()) status.last_configured = time;
  }
  return status;
}

Result<Status> show_status(Control& control) { return parse_status(TRY(control.ask("show status"))); }

std::string_view Protocol::detail(std::string_view wanted) const {
  for (const auto& [name_, value] : details) {
    if (name_ == wanted) return value;
  }
  return {};
}

std::vector<Protocol> parse_protocols(const Reply& reply) {
  std::vector<Protocol> protocols;
  for (const auto& [code, text] : reply) {
    if (code == 1002) {
      std::string_view rest = text;
      Protocol protocol;
      for (std::string* field : {&protocol.name, &protocol.kind, &protocol.table, &protocol.state, &protocol.since})
        *field = take_word(rest);
      while (!rest.empty()) {  // columns are filled up with blanks
        const std::string word = take_word(rest);
        if (!word.empty()) protocol.info += (protocol.info.empty() ? "" : " ") + word;
      }
      protocols.push_back(std::move(protocol));
    } else if (code == 1006 && !protocols.empty()) {
      const auto colon = text.find(':');
      if (colon == text.npos) {
        if (const auto remark = trim(text); !remark.empty()) protocols.back().remarks.emplace_back(remark);
        continue;
      }
      protocols.back().details.emplace_back(trim(std::string_view(text).substr(0, colon)),
                                            trim(std::string_view(text).substr(colon + 1)));
    }
  }
  return protocols;
}

Result<std::vector<Protocol>> show_protocols(Control& control) {
  return parse_protocols(TRY(control.ask("show protocols all")));
}

}  // namespace weft::bgp
