#pragma once

#include <string>
#include <vector>

#include "api/metadata.h"
#include "api/types.h"

namespace weft::api {

/// A port of a host endpoint with a name; every member is always written.
struct HostPort {
  std::string name;
  Protocol protocol;
  int port = 0;  // 1..65535
  schema::Extra extra;
  bool operator==(const HostPort&) const = default;
};

struct HostEndpointSpec {
  std::string node;
  std::string interface_name;             // "*": all interfaces of the node; empty: those with expected_ips
  std::vector<std::string> expected_ips;  // addresses
  std::vector<std::string> profiles;
  std::vector<HostPort> ports;
  schema::Extra extra;
  bool operator==(const HostEndpointSpec&) const = default;
};

/// One or all interfaces of a node itself.
struct HostEndpoint {
  Metadata metadata;
  HostEndpointSpec spec;
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const HostEndpoint&) const = default;
};

}  // namespace weft::api
