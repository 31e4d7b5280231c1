#pragma once

#include <fmt/core.h>

#include <atomic>
#include <initializer_list>
#include <string>
#include <string_view>

/// Logging to stderr, one line an event: a sentence and fields.
///
///     log::info("policy applied", {{"policy", name}, {"rules", count}});
///
/// As key=value:  2026-11-24T10:00:00.123Z INFO agent: policy applied policy=default/web rules=3
/// As JSON:       {"time":"…","level":"info","part":"agent","message":"policy
/// applied","policy":"default/web","rules":"3"}
namespace weft::log {

enum class Level { trace, debug, info, warning, error, fatal };
enum class Format { text, json };

/// A field: a name and anything fmt can print.
struct Field {
  std::string_view name;
  std::string value;

  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const std::string& v) : name(n), value(v) {}
  Field(std::string_view n, const char* v) : name(n), value(v) {}
  template <class T>
  Field(std::string_view n, const T& v) : name(n), value(fmt::format("{}", v)) {}
};
using Fields = std::initializer_list<Field>;

/// Names as Calico spells them, any case: Trace, Debug, Info, Warning (warn), Error, Fatal (panic, none, critical).
bool parse_level(std::string_view text, Level& level);
std::string_view to_string(Level level);

void set_level(Level level);
Level level();
inline bool enabled(Level l) { return l >= level(); }
void set_format(Format format);
/// The name of the program part in each line: agent, confd, node, …
void set_part(std::string part);

/// Text in front of each line, as "node | " where lines of several processes share a stream.
void set_prefix(std::string prefix);

void write(Level level, std::string_view message, Fields fields);

/// Text as it is: lines with their ends. One write, so that lines of several threads and processes do not mix. Nobody
/// waits long for a reader that does not read: what it does not take is lost, and said to be when it reads again.
void put(std::string_view lines);

inline void trace(std::string_view message, Fields fields = {}) {
  if (enabled(Level::trace)) write(Level::trace, message, fields);
}
inline void debug(std::string_view message, Fields fields = {}) {
  if (enabled(Level::debug)) write(Level::debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  if (enabled(Level::info)) write(Level::info, message, fields);
}
inline void warning(std::string_view message, Fields fields = {}) {
  if (enabled(Level::warning)) write(Level::warning, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  if (enabled(Level::error)) write(Level::error, message, fields);
}

/// One line as it would be written, without the newline; for tests. `time` is already formatted.
std::string format_line(Format format, std::string_view time, Level level, std::string_view part,
                        std::string_view message, Fields fields);

}  // namespace weft::log
