#include "node/state.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "schema/value.h"

namespace weft::node {

using std::chrono::system_clock;

namespace {

constexpr std::string_view state_file = "/node.json";
constexpr std::string_view lock_file = "/node.lock";

std::int64_t to_number(system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
system_clock::time_point to_time(std::int64_t milliseconds) {
  return system_clock::time_point(std::chrono::milliseconds(milliseconds));
}

std::int64_t number_of(const schema::Value& value, std::string_view name) {
  const auto* member = value.at(name);
  const auto* number = member != nullptr ? member->as_int() : nullptr;
  return number != nullptr ? *number : 0;
}

std::string for_how_long(system_clock::duration duration) {
  const auto seconds = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(duration).count());
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m{}s", seconds / 60, seconds % 60);
  if (seconds < 86400) return fmt::format("{}h{}m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d{}h", seconds / 86400, seconds / 3600 % 24);
}

}  // namespace

std::string to_json(const State& state) {
  schema::Array rows;
  for (const auto& row : state.rows) {
    rows.push_back(schema::Object{{"program", row.name},
                                  {"pid", row.pid},
                                  {"state", row.state},
                                  {"since", to_number(row.since)},
                                  {"restarts", row.restarts},
                                  {"lastEnd", row.last_end}});
  }
  return schema::to_json(schema::Object{
      {"node", state.node}, {"pid", state.pid}, {"since", to_number(state.since)}, {"programs", std::move(rows)}});
}

Result<State> parse_state(std::string_view json) {
  const auto value = TRY(schema::parse_json(json));
  if (value.as_object() == nullptr) return fail(Code::invalid, "must be an object");
  State state{.node = std::string(value.text("node")),
              .pid = static_cast<int>(number_of(value, "pid")),
              .since = to_time(number_of(value, "since")),
              .rows = {}};
  const auto* programs = value.at("programs");
  const auto* rows = programs != nullptr ? programs->as_array() : nullptr;
  if (rows == nullptr) return fail(Code::invalid, "programs: must be a list");
  for (const auto& row : *rows) {
    state.rows.push_back({.name = std::string(row.text("program")),
                          .pid = static_cast<int>(number_of(row, "pid")),
                          .state = std::string(row.text("state")),
                          .restarts = static_cast<int>(number_of(row, "restarts")),
                          .since = to_time(number_of(row, "since")),
                          .last_end = std::string(row.text("lastEnd"))});
  }
  return state;
}

Result<Fd> lock_run_folder(const std::string& run_folder) {
  TRY(make_directories(run_folder));
  const std::string path = run_folder + std::string(lock_file);
  Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return fail_errno(errno, path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return fail(Code::exists, "a `weft node` runs here already (" + path + " is locked)");
    return fail_errno(errno, path);
  }
  return fd;
}

bool is_locked(const std::string& run_folder) {
  const Fd fd(::open((run_folder + std::string(lock_file)).c_str(), O_RDONLY | O_CLOEXEC));
  return fd && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<> save_state(const std::string& run_folder, const State& state) {
  return write_file_atomic(run_folder + std::string(state_file), to_json(state) + "\n");
}

Result<State> load_state(const std::string& run_folder) {
  if (!is_locked(run_folder)) return fail(Code::not_found, "no `weft node` runs here");
  const std::string path = run_folder + std::string(state_file);
  return within(parse_state(TRY(read_file(path))), path);
}

std::string table(const State& state, system_clock::time_point now) {
  constexpr auto line = "{:<9}{:>8}  {:<9}{:>8}{:>10}  {}\n";
  std::string text = fmt::format(line, "PROGRAM", "PID", "STATE", "FOR", "RESTARTS", "LAST END");
  text += fmt::format(line, "node", state.pid, "running", for_how_long(now - state.since), 0, "-");
  for (const auto& row : state.rows) {
    text += fmt::format(line, row.name, row.pid == 0 ? "-" : std::to_string(row.pid), row.state,
                        for_how_long(now - row.since), row.restarts, row.last_end.empty() ? "-" : row.last_end);
  }
  return text;
}

}  // namespace weft::node
