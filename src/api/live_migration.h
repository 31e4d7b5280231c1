#pragma once

#include <optional>
#include <string>
#include <utility>

#include "api/metadata.h"

namespace weft::api {

/// A workload, or with endpoint_id one of its endpoints, as the orchestrator names it.
struct WorkloadIdentifier {
  std::string hostname;
  std::string orchestrator_id;
  std::string workload_id;
  schema::Extra extra;
  bool operator==(const WorkloadIdentifier&) const = default;
};
struct WorkloadEndpointIdentifier {
  std::string hostname;
  std::string orchestrator_id;
  std::string workload_id;
  std::string endpoint_id;
  schema::Extra extra;
  bool operator==(const WorkloadEndpointIdentifier&) const = default;
};

struct LiveMigrationSource {
  std::optional<WorkloadIdentifier> workload;
  std::optional<WorkloadEndpointIdentifier> workload_endpoint;
  schema::Extra extra;
  bool operator==(const LiveMigrationSource&) const = default;
};
struct LiveMigrationTarget {
  std::optional<std::string> selector;
  std::optional<WorkloadEndpointIdentifier> workload_endpoint;
  schema::Extra extra;
  bool operator==(const LiveMigrationTarget&) const = default;
};

struct LiveMigrationSpec {
  std::optional<LiveMigrationSource> source;
  std::optional<LiveMigrationTarget> target;
  schema::Extra extra;
  bool operator==(const LiveMigrationSpec&) const = default;
};

/// A VM that moves from one node to another.
struct LiveMigration {
  Metadata metadata;
  LiveMigrationSpec spec;
  schema::Extra extra;
  auto key() const { return std::pair(metadata.namespace_, metadata.name); }
  bool operator==(const LiveMigration&) const = default;
};

}  // namespace weft::api
