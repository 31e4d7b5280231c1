#pragma once

#include <map>
#include <string>

#include "schema/schema.h"

namespace weft::api {

using Labels = std::map<std::string, std::string>;

/// metadata of a resource. `resource_version` is the key's revision in decimal; never part of the stored value.
struct Metadata {
  std::string name;
  std::string generate_name;
  std::string namespace_;  // empty for cluster-scoped kinds
  std::string resource_version;
  std::string uid;
  std::string creation_timestamp;  // RFC 3339, UTC, seconds
  Labels labels;
  Labels annotations;
  schema::Extra extra;

  bool operator==(const Metadata&) const = default;
};

}  // namespace weft::api
