#pragma once

#include <optional>
#include <string>

#include "api/metadata.h"
#include "api/policy.h"

namespace weft::api {

struct TierSpec {
  std::optional<double> order;           // absent: after every ordered tier
  std::optional<Action> default_action;  // Deny (also when absent) or Pass
  schema::Extra extra;
  bool operator==(const TierSpec&) const = default;
};

/// A group of policies evaluated together.
struct Tier {
  Metadata metadata;
  TierSpec spec;
  std::string status;  // as JSON text; "{}" when absent: always written
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const Tier&) const = default;
};

}  // namespace weft::api
