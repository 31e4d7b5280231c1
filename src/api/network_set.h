#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/metadata.h"
#include "net/cidr.h"

namespace weft::api {

struct NetworkSetSpec {
  std::vector<net::Cidr> nets;
  schema::Extra extra;
  bool operator==(const NetworkSetSpec&) const = default;
};

/// Addresses outside the cluster that selectors of all namespaces can match.
struct GlobalNetworkSet {
  Metadata metadata;
  NetworkSetSpec spec;
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const GlobalNetworkSet&) const = default;
};

/// Addresses outside the cluster that belong to a namespace.
struct NetworkSet {
  Metadata metadata;
  NetworkSetSpec spec;
  schema::Extra extra;
  auto key() const { return std::pair(metadata.namespace_, metadata.name); }
  bool operator==(const NetworkSet&) const = default;
};

}  // namespace weft::api
