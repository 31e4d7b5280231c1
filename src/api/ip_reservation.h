#pragma once

#include <string>
#include <vector>

#include "api/metadata.h"
#include "net/cidr.h"

namespace weft::api {

struct IpReservationSpec {
  std::vector<std::string> reserved_cidrs;  // as written; host bits may be set
  schema::Extra extra;
  bool operator==(const IpReservationSpec&) const = default;
};

/// Addresses of pools that are not given out unless asked for by address.
struct IpReservation {
  Metadata metadata;
  IpReservationSpec spec;
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const IpReservation&) const = default;
};

}  // namespace weft::api
