#pragma once

#include <cstdint>

#include "metrics/metrics.h"
#include "table/passage.h"

namespace weft::agent {

/// How long changes took on each part of their way from the store to the kernel: the histograms
/// weft_change_seconds{stage}, and a line in the log at debug that names the revision.
///
/// Owner: the agent's main thread.
class Stages {
 public:
  Stages();
  /// @param revision  of the store: everything up to it is in force
  void on(std::int64_t revision, const table::Passage& passage);

 private:
  metrics::Histogram &decode_, &graph_queue_, &graph_, &dataplane_queue_, &policy_, &routes_, &total_;
};

}  // namespace weft::agent
