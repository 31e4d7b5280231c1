#include "ctl/filter.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include <fmt/core.h>

namespace weft::ctl {

namespace {

constexpr std::size_t max_line = std::size_t{256} << 20;

/// Waits until a descriptor that does not block has something. @return false: errno is another matter
bool wait_for(int fd, short events) {
  if (errno == EINTR) return true;
  if (errno != EAGAIN) return false;
  pollfd wanted{.fd = fd, .events = events, .revents = 0};
  ::poll(&wanted, 1, -1);
  return true;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    if (n > 0)
      text.remove_prefix(static_cast<std::size_t>(n));
    else if (!wait_for(fd, POLLOUT))
      return false;
  }
  return true;
}

std::string error_line(const schema::Value* id, std::string_view error) {
  schema::Object answer;
  if (id) answer.set("id", *id);
  answer.set("ok", false);
  answer.set("error", error);
  return schema::to_json(std::move(answer));
}

}  // namespace

std::string answer_line(std::string_view line, const Answerer& answerer) {
  const auto question = schema::parse_json(line);
  if (!question) return error_line(nullptr, question.error().message);
  const auto* object = question->as_object();
  if (!object) return error_line(nullptr, "not a JSON object");
  const auto* id = object->find("id");
  auto answered = answerer(*object);
  if (!answered) return error_line(id, answered.error().message);
  schema::Object answer;
  if (id) answer.set("id", *id);
  for (auto& [name, value] : *answered) answer.set(name, std::move(value));
  return schema::to_json(std::move(answer));
}

int run_filter(int in, int out, const Answerer& answerer) {
  std::string buffer;  // of lines not yet answered
  std::size_t searched = 0;
  bool too_long = false;  // the line in the buffer was cut
  const auto answer = [&](std::string_view line) {
    const std::string text = std::exchange(too_long, false)
                                 ? error_line(nullptr, fmt::format("a line has at most {} bytes", max_line))
                                 : answer_line(line, answerer);
    return write_all(out, text + '\n');
  };
  while (true) {
    std::size_t start = 0;
    for (auto end = buffer.find('\n', searched); end != std::string::npos; end = buffer.find('\n', start)) {
      if (!answer(std::string_view(buffer).substr(start, end - start))) return 1;
      start = end + 1;
    }
    buffer.erase(0, start);
    if (buffer.size() > max_line) {
      buffer.clear();
      too_long = true;
    }
    if (buffer.empty()) buffer.shrink_to_fit();
    searched = buffer.size();
    constexpr std::size_t chunk = std::size_t{64} << 10;
    buffer.resize(searched + chunk);
    const auto n = ::read(in, buffer.data() + searched, chunk);
    buffer.resize(searched + (n > 0 ? static_cast<std::size_t>(n) : 0));
    if (n == 0) break;
    if (n < 0 && !wait_for(in, POLLIN)) {
      fmt::print(stderr, "reading standard input: {}\n", errno_error(errno, "read").message);
      return 1;
    }
  }
  return (buffer.empty() && !too_long) || answer(buffer) ? 0 : 1;
}

void add_filter(cli::Command& parent, const std::string& name, const std::string& help, Answerer answerer) {
  parent.sub(name, help).run([answerer = std::move(answerer)] {
    return run_filter(STDIN_FILENO, STDOUT_FILENO, answerer);
  });
}

}  // namespace weft::ctl
