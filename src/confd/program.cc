#include "confd/program.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace weft::confd {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds quiet{30};  // changes that come together are rendered together
constexpr milliseconds shortest_retry{1'000};
constexpr milliseconds longest_retry{60'000};

}  // namespace

struct Program::Task {
  Resource resource;
  loop::SourcePtr timer;  // the next try, when one is due
  milliseconds retry = shortest_retry;
  std::unique_ptr<Backend::Subscription> subscription;
};

Program::Program(loop::Loop& loop, Backend& backend, Settings settings, std::vector<Resource> resources)
    : loop_(loop), backend_(backend), settings_(std::move(settings)), renderer_(settings_.render) {
  for (auto& resource : resources) {
    tasks_.push_back(std::make_unique<Task>());
    tasks_.back()->resource = std::move(resource);
  }
}

Program::~Program() {
  for (auto& task : tasks_) task->subscription.reset();  // nothing more is posted
}

int Program::process_all() {
  return static_cast<int>(
      std::count_if(tasks_.begin(), tasks_.end(), [&](const auto& task) { return !process(*task); }));
}

void Program::start() {
  if (settings_.watch) {
    for (auto& task : tasks_) {
      Task* one = task.get();
      task->subscription = backend_.watch(task->resource.keys, [this, one, alive = std::weak_ptr(alive_)] {
        loop_.post([this, one, alive] {
          if (alive.expired()) return;
          one->retry = shortest_retry;
          schedule(*one, quiet);
        });
      });
    }
    return;
  }
  process_all();
  timer_ = loop_.every(settings_.interval, [this] { process_all(); });
}

void Program::schedule(Task& task, milliseconds delay) {
  task.timer = loop_.after(delay, [this, &task] {
    // The source that is calling must live until it returned.
    const auto running = std::move(task.timer);
    if (process(task)) {
      task.retry = shortest_retry;
      return;
    }
    schedule(task, task.retry);
    task.retry = std::min(task.retry * 2, longest_retry);
  });
}

bool Program::process(Task& task) {
  auto keys = backend_.read(task.resource.keys);
  auto outcome =
      keys ? renderer_.process(task.resource, *keys) : Result<Outcome>(std::unexpected(std::move(keys.error())));
  if (outcome) {
    if (*outcome == Outcome::changed) ++changes_;
    return true;
  }
  ++errors_;
  log::error("resource failed",
             {{"resource", task.resource.name}, {"error", outcome.error().message}, {"errors", errors_}});
  return false;
}

}  // namespace weft::confd
