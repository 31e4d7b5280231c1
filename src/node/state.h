#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "node/supervisor.h"

/// What `weft node` leaves in its run folder for `weft node ps` and for a second one that must not start.
namespace weft::node {

struct State {
  std::string node;
  int pid = 0;  // of the supervisor
  std::chrono::system_clock::time_point since;
  std::vector<Row> rows;
  bool operator==(const State&) const = default;
};

std::string to_json(const State& state);
Result<State> parse_state(std::string_view json);

/// Holds the run folder for this process until it is destroyed; makes it when it is not there.
/// @return  Code::exists when a `weft node` has it
Result<Fd> lock_run_folder(const std::string& run_folder);
/// Whether some process holds it.
bool is_locked(const std::string& run_folder);

Result<> save_state(const std::string& run_folder, const State& state);
/// @return  Code::not_found when no `weft node` runs there
Result<State> load_state(const std::string& run_folder);

/// The table of `weft node ps`.
std::string table(const State& state, std::chrono::system_clock::time_point now);

}  // namespace weft::node
