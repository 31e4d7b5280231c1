#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/process.h"
#include "loop/child.h"
#include "loop/loop.h"

namespace weft::node {

/// One of the programs of a node.
struct Program {
  std::string name;  // agent, confd, bird
  Command command;
  std::string needs_file;                 // started once this file is there; empty: at once
  std::function<void(Command&)> prepare;  // last changes to the command before each start
  std::function<bool()> ask_end;  // asks it to end; when that does not work (false) it is killed. Empty: SIGTERM
};

/// A line of `weft node ps`.
struct Row {
  std::string name;
  int pid = 0;        // 0: not running
  std::string state;  // waiting (for its file), running, backoff, stopped
  int restarts = 0;
  std::chrono::system_clock::time_point since;  // of the state
  std::string last_end;                         // "exit status 1", "killed by SIGKILL"; empty: never ended
  bool operator==(const Row&) const = default;
};

/// How long to wait before a program is started again: nothing is gained by hammering, and much by a quick first try.
class Backoff {
 public:
  static constexpr std::chrono::milliseconds first{20};
  static constexpr std::chrono::milliseconds longest{10'000};
  static constexpr std::chrono::seconds good{10};  // having run so long, it starts from `first` again

  std::chrono::milliseconds after_run(std::chrono::steady_clock::duration ran);

 private:
  std::chrono::milliseconds next_ = first;
};

/// Keeps programs running: starts them in their order, starts again what ends, passes on what they write, line by line.
/// Owner: one object on the loop's thread. Destroying it kills what still runs; end it with stop().
class Supervisor {
 public:
  struct Options {
    /// A line a program wrote. Default: "name | line" on standard error.
    std::function<void(std::string_view name, std::string_view line)> line;
    /// Something in rows() changed.
    std::function<void(const std::vector<Row>&)> changed;
    std::chrono::milliseconds grace{8'000};  // from stop() until SIGKILL
  };

  Supervisor(loop::Loop& loop, std::vector<Program> programs, Options options);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  void start();
  /// Sends a signal to every program that runs.
  void forward(int signal);
  /// Ends all of them and calls `done`. What they leave in the kernel stays.
  void stop(std::function<void()> done);

  std::vector<Row> rows() const;

 private:
  struct Kept;
  void launch(Kept& kept);
  void ended(Kept& kept, int status);
  void retry(Kept& kept, std::chrono::steady_clock::duration ran, std::string why);
  void set_state(Kept& kept, std::string state);
  void check_done();

  loop::Loop& loop_;
  Options options_;
  std::list<Kept> kept_;
  bool stopping_ = false;
  std::function<void()> done_;
};

}  // namespace weft::node
