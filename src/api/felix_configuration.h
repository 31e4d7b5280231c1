#pragma once

#include <string>

#include "api/metadata.h"
#include "schema/value.h"

namespace weft::api {

/// Settings of the agents: "default", "node.<name>", or any other name with spec.nodeSelector. The members of spec are
/// those of the parameter table (api/felix_parameter.h); they are kept as written.
struct FelixConfiguration {
  Metadata metadata;
  schema::Object spec;
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const FelixConfiguration&) const = default;
};

}  // namespace weft::api
