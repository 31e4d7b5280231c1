#pragma once

#include <optional>
#include <string>

#include "api/metadata.h"

namespace weft::api {

struct ClusterInformationSpec {
  std::string cluster_guid;  // clusterGUID, 32 hex digits
  std::string cluster_type;  // comma list
  std::string calico_version;
  std::optional<bool> datastore_ready;
  std::string variant;
  schema::Extra extra;
  bool operator==(const ClusterInformationSpec&) const = default;
};

/// Facts about the cluster; one object, "default".
struct ClusterInformation {
  Metadata metadata;
  ClusterInformationSpec spec;
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const ClusterInformation&) const = default;
};

}  // namespace weft::api
