#include "agent/stages.h"

#include <fmt/core.h>

#include <chrono>

#include "base/log.h"

namespace weft::agent {

namespace {

metrics::Histogram& stage(const char* name) {
  return metrics::histogram("weft_change_seconds",
                            "Time that changes took on a part of their way from the store to the kernel.",
                            {{"stage", name}});
}

using Time = table::Passage::Time;

/// Measures a part of the way. @return it in milliseconds, for people
std::string measured(metrics::Histogram& histogram, Time from, Time to) {
  const double seconds = std::chrono::duration<double>(to - from).count();
  histogram.observe(seconds);
  return fmt::format("{:.3f}", seconds * 1000);
}

}  // namespace

Stages::Stages()
    : decode_(stage("decode")),
      graph_queue_(stage("graph_queue")),
      graph_(stage("graph")),
      dataplane_queue_(stage("dataplane_queue")),
      policy_(stage("policy")),
      routes_(stage("routes")),
      total_(stage("total")) {}

void Stages::on(std::int64_t revision, const table::Passage& passage) {
  if (!passage.set()) return;
  const auto& p = passage;
  const auto decode = measured(decode_, p.received, p.decoded);
  const auto graph_queue = measured(graph_queue_, p.decoded, p.computing);
  const auto graph = measured(graph_, p.computing, p.computed);
  const auto dataplane_queue = measured(dataplane_queue_, p.computed, p.applying);
  const auto policy = measured(policy_, p.applying, p.ruled);
  const auto routes = measured(routes_, p.ruled, p.in_force);
  const auto total = measured(total_, p.received, p.in_force);
  log::debug("change in force", {{"revision", revision},
                                 {"ms", total},
                                 {"decode", decode},
                                 {"graph_queue", graph_queue},
                                 {"graph", graph},
                                 {"dataplane_queue", dataplane_queue},
                                 {"policy", policy},
                                 {"routes", routes}});
}

}  // namespace weft::agent
