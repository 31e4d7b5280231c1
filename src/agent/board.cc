#include "agent/board.h"

#include <fmt/core.h>

#include "base/log.h"
#include "metrics/metrics.h"

namespace weft::agent {

void Board::on(dataplane::Report report) {
  {
    const std::lock_guard lock(mutex_);
    if (report.revision != 0) state_.revision = report.revision;
    state_.ready = state_.ready || report.ready;
    state_.refused = std::move(report.refused);
    table::apply(state_.endpoints, std::move(report.endpoints), [](const auto&, const auto*, const auto*) {});
  }
  changed_.notify_all();
}

void Board::on(table::Delta<plan::Unsupported> unsupported) {
  static auto& count = metrics::gauge("weft_unsupported", "Objects that are not, or not wholly, put into force.");
  const std::lock_guard lock(mutex_);
  table::apply(state_.unsupported, std::move(unsupported), [](const auto& object, const auto*, const auto* now) {
    if (now)
      log::warning("not put into force", {{"object", object}, {"reason", now->reason}});
    else
      log::info("nothing is left out any more", {{"object", object}});
  });
  count.set(static_cast<double>(state_.unsupported.size()));
}

Board::State Board::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

bool Board::ready() const {
  const std::lock_guard lock(mutex_);
  return state_.ready;
}

std::int64_t Board::revision() const {
  const std::lock_guard lock(mutex_);
  return state_.revision;
}

Result<> Board::wait(std::int64_t revision, std::chrono::steady_clock::time_point deadline) const {
  std::unique_lock lock(mutex_);
  const auto reached = [&] { return closed_ || (state_.ready && state_.revision >= revision); };
  if (!changed_.wait_until(lock, deadline, reached)) {
    return fail(Code::timeout, fmt::format("revision {} is not in force yet: the kernel has {}{}", revision,
                                           state_.revision, state_.ready ? "" : ", the first apply is not done"));
  }
  if (closed_) return fail(Code::canceled, "the agent is stopping");
  return {};
}

Result<> Board::wait_up(const plan::EndpointId& id, std::int64_t revision,
                        std::chrono::steady_clock::time_point deadline) const {
  TRY(wait(revision, deadline));
  std::unique_lock lock(mutex_);
  const auto found = [&]() -> const dataplane::EndpointStatus* {
    const auto it = state_.endpoints.find(id);
    return it == state_.endpoints.end() ? nullptr : &it->second;
  };
  const auto up = [&] {
    const auto* status = found();
    return closed_ || (status && status->state == dataplane::EndpointStatus::State::up);
  };
  if (changed_.wait_until(lock, deadline, up)) {
    if (closed_) return fail(Code::canceled, "the agent is stopping");
    return {};
  }
  const auto* status = found();
  return fail(Code::timeout, fmt::format("endpoint {}: {}", plan::to_string(id),
                                         !status                   ? "not known to this node's agent"
                                         : status->message.empty() ? "its interface is not up"
                                                                   : status->message));
}

void Board::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace weft::agent
