#include "base/log.h"

#include <poll.h>
#include <unistd.h>

#include <cctype>
#include <chrono>
#include <ctime>
#include <mutex>

namespace weft::log {
namespace {

std::atomic<Level> current_level{Level::info};
std::atomic<Format> current_format{Format::text};
std::mutex part_mutex;
std::string current_part;
std::string current_prefix;

std::string now() {
  timespec ts{};
  ::clock_gettime(CLOCK_REALTIME, &ts);
  tm utc{};
  ::gmtime_r(&ts.tv_sec, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, ts.tv_nsec / 1000000);
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
          out += c;
        }
    }
  }
}

void append_value(std::string& out, std::string_view text) {
  bool plain = !text.empty();
  for (const char c : text) {
    if (c == ' ' || c == '"' || c == '=' || c == '\\' || static_cast<unsigned char>(c) < 0x20) plain = false;
  }
  if (plain) {
    out += text;
    return;
  }
  out += '"';
  append_escaped(out, text);
  out += '"';
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += out.size() > 1 ? ",\"" : "\"";
  append_escaped(out, name);
  out += "\":\"";
  append_escaped(out, value);
  out += '"';
}

constexpr int patience_ms = 1000;

}  // namespace

bool parse_level(std::string_view text, Level& level) {
  std::string lower;
  for (const char c : text) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower == "trace")
    level = Level::trace;
  else if (lower == "debug")
    level = Level::debug;
  else if (lower == "info")
    level = Level::info;
  else if (lower == "warning" || lower == "warn")
    level = Level::warning;
  else if (lower == "error")
    level = Level::error;
  else if (lower == "fatal" || lower == "panic" || lower == "critical" || lower == "none")
    level = Level::fatal;
  else
    return false;
  return true;
}

std::string_view to_string(Level level) {
  switch (level) {
    case Level::trace: return "TRACE";
    case Level::debug: return "DEBUG";
    case Level::info: return "INFO";
    case Level::warning: return "WARNING";
    case Level::error: return "ERROR";
    case Level::fatal: return "FATAL";
  }
  return "INFO";
}

void set_level(Level level) { current_level = level; }
Level level() { return current_level.load(std::memory_order_relaxed); }
void set_format(Format format) { current_format = format; }
void set_part(std::string part) {
  const std::lock_guard lock(part_mutex);
  current_part = std::move(part);
}

void set_prefix(std::string prefix) {
  const std::lock_guard lock(part_mutex);
  current_prefix = std::move(prefix);
}

std::string format_line(Format format, std::string_view time, Level level, std::string_view part,
                        std::string_view message, Fields fields) {
  std::string line;
  if (format == Format::json) {
    std::string lower;
    for (const char c : to_string(level)) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    line = '{';
    append_member(line, "time", time);
    append_member(line, "level", lower);
    if (!part.empty()) append_member(line, "part", part);
    append_member(line, "message", message);
    for (const auto& field : fields) append_member(line, field.name, field.value);
    return line + '}';
  }
  line = fmt::format("{} {} ", time, to_string(level));
  if (!part.empty()) line += fmt::format("{}: ", part);
  append_escaped(line, message);
  for (const auto& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    append_value(line, field.value);
  }
  return line;
}

void put(std::string_view lines) {
  static std::atomic<unsigned> lost{0};
  pollfd ready{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, lost == 0 ? patience_ms : 0) == 0) {
    ++lost;
    return;
  }
  std::string text;
  if (const unsigned count = lost.exchange(0); count > 0) {
    text = format_line(current_format, now(), Level::warning, "", "lines of this log were lost", {{"count", count}});
    lines = text.append(1, '\n').append(lines);
  }
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, lines.data(), lines.size());
}

void write(Level level, std::string_view message, Fields fields) {
  std::string part, line;
  {
    const std::lock_guard lock(part_mutex);
    part = current_part;
    line = current_prefix;
  }
  line += format_line(current_format, now(), level, part, message, fields);
  line += '\n';
  put(line);
}

}  // namespace weft::log
