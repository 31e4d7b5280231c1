#include "node/supervisor.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/file.h"
#include "base/log.h"

namespace weft::node {

using std::chrono::steady_clock;
using std::chrono::system_clock;

namespace {
constexpr std::chrono::milliseconds file_poll{20};

void to_stderr(std::string_view name, std::string_view line) {
  std::string text(name);
  text += " | ";
  text += line;
  text += '\n';
  log::put(text);
}
}  // namespace

std::chrono::milliseconds Backoff::after_run(steady_clock::duration ran) {
  if (ran >= good) next_ = first;
  return std::exchange(next_, std::min(next_ * 2, longest));
}

struct Supervisor::Kept {
  Program program;
  Row row;
  Backoff backoff;
  steady_clock::time_point started;
  std::unique_ptr<loop::Child> child;
  loop::SourcePtr timer;
};

Supervisor::Supervisor(loop::Loop& loop, std::vector<Program> programs, Options options)
    : loop_(loop), options_(std::move(options)) {
  if (!options_.line) options_.line = to_stderr;
  for (auto& program : programs) {
    auto& kept = kept_.emplace_back();
    kept.program = std::move(program);
    kept.row.name = kept.program.name;
    kept.row.state = "stopped";
    kept.row.since = system_clock::now();
  }
}

Supervisor::~Supervisor() = default;

void Supervisor::start() {
  for (auto& kept : kept_) launch(kept);
}

void Supervisor::set_state(Kept& kept, std::string state) {
  kept.row.pid = kept.child ? kept.child->pid() : 0;
  kept.row.state = std::move(state);
  kept.row.since = system_clock::now();
  if (options_.changed) options_.changed(rows());
}

void Supervisor::launch(Kept& kept) {
  kept.timer.reset();
  if (!kept.program.needs_file.empty() && !file_exists(kept.program.needs_file)) {
    if (kept.row.state != "waiting") set_state(kept, "waiting");
    kept.timer = loop_.after(file_poll, [this, &kept] { launch(kept); });
    return;
  }
  const auto line = [this, &kept](std::string_view text) { options_.line(kept.program.name, text); };
  Command command = kept.program.command;
  if (kept.program.prepare) kept.program.prepare(command);
  auto child =
      loop::Child::start(loop_, std::move(command),
                         {.out = line, .err = line, .ended = [this, &kept](int status) { ended(kept, status); }});
  if (!child) {
    log::error("program does not start", {{"program", kept.program.name}, {"reason", child.error().message}});
    retry(kept, {}, child.error().message);
    return;
  }
  kept.child = std::move(*child);
  kept.started = steady_clock::now();
  log::info("program started", {{"program", kept.program.name}, {"pid", kept.child->pid()}});
  set_state(kept, "running");
}

void Supervisor::ended(Kept& kept, int status) {
  kept.child.reset();
  kept.row.last_end = describe_status(status);
  if (stopping_) {
    log::info("program ended", {{"program", kept.program.name}, {"how", kept.row.last_end}});
    set_state(kept, "stopped");
    check_done();
    return;
  }
  retry(kept, steady_clock::now() - kept.started, kept.row.last_end);
}

void Supervisor::retry(Kept& kept, steady_clock::duration ran, std::string why) {
  const auto delay = kept.backoff.after_run(ran);
  ++kept.row.restarts;
  kept.row.last_end = std::move(why);
  log::warning("program ended and is started again", {{"program", kept.program.name},
                                                      {"how", kept.row.last_end},
                                                      {"in_ms", delay.count()},
                                                      {"restarts", kept.row.restarts}});
  set_state(kept, "backoff");
  kept.timer = loop_.after(delay, [this, &kept] { launch(kept); });
}

void Supervisor::forward(int signal) {
  for (auto& kept : kept_)
    if (kept.child) kept.child->signal(signal);
}

void Supervisor::stop(std::function<void()> done) {
  stopping_ = true;
  done_ = std::move(done);
  for (auto& kept : kept_) {
    kept.timer.reset();
    if (!kept.child) {
      set_state(kept, "stopped");
      continue;
    }
    const bool asked = kept.program.ask_end && kept.program.ask_end();
    if (asked)
      kept.child->stop(options_.grace, 0);
    else if (kept.program.ask_end)
      kept.child->signal(SIGKILL);
    else
      kept.child->stop(options_.grace);
  }
  loop_.post([this] { check_done(); });
}

void Supervisor::check_done() {
  const auto runs = [](const Kept& kept) { return kept.child != nullptr; };
  if (std::any_of(kept_.begin(), kept_.end(), runs)) return;
  if (const auto done = std::exchange(done_, nullptr)) done();
}

std::vector<Row> Supervisor::rows() const {
  std::vector<Row> rows;
  for (const auto& kept : kept_) rows.push_back(kept.row);
  return rows;
}

}  // namespace weft::node
