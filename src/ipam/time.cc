#include <ctime>

#include <fmt/core.h>

#include "ipam/block.h"

namespace weft::ipam {

namespace {

std::tm utc(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  const auto value = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&value, &parts);
  return parts;
}

std::string format(const char* pattern, Time time) {
  const std::tm parts = utc(time);
  char text[32];
  return {text, std::strftime(text, sizeof text, pattern, &parts)};
}

}  // namespace

std::string to_rfc3339(Time time) { return format("%Y-%m-%dT%H:%M:%SZ", time); }

std::string to_go_time(Time time) {
  std::string text = format("%Y-%m-%d %H:%M:%S", time);
  const auto nanoseconds = (time - std::chrono::floor<std::chrono::seconds>(time)).count();
  if (nanoseconds != 0) {
    text += fmt::format(".{:09}", nanoseconds);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text + " +0000 UTC";
}

std::optional<Time> from_rfc3339(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  if (*rest == '.') {
    ++rest;
    while (*rest >= '0' && *rest <= '9') ++rest;
  }
  int offset = 0;  // seconds east of UTC
  if (*rest == '+' || *rest == '-') {
    int hours = 0, minutes = 0, used = 0;
    if (std::sscanf(rest + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 || rest[1 + used] != '\0') return std::nullopt;
    offset = (hours * 60 + minutes) * 60 * (*rest == '-' ? -1 : 1);
  } else if ((*rest != 'Z' && *rest != 'z') || rest[1] != '\0') {
    return std::nullopt;
  }
  // Nanoseconds in 64 bits reach 292 years either way; Go's zero time, year 1, lies outside.
  const std::int64_t seconds = std::int64_t{timegm(&parts)} - offset;
  constexpr auto most = std::chrono::floor<std::chrono::seconds>(Time::max().time_since_epoch()).count();
  if (seconds > most || seconds < -most) return std::nullopt;
  return Time(std::chrono::seconds(seconds));
}

}  // namespace weft::ipam
