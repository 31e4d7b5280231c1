#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "api/metadata.h"
#include "net/cidr.h"

namespace weft::api {

/// Prefixes, of which some are written as bare addresses.
class NetList {
 public:
  NetList() = default;
  NetList(std::vector<net::Cidr> nets) : nets_(std::move(nets)) {}
  NetList(std::initializer_list<net::Cidr> nets) : nets_(nets) {}

  operator const std::vector<net::Cidr>&() const { return nets_; }
  auto begin() const { return nets_.begin(); }
  auto end() const { return nets_.end(); }
  bool empty() const { return nets_.empty(); }
  std::size_t size() const { return nets_.size(); }
  const net::Cidr& operator[](std::size_t i) const { return nets_[i]; }
  const net::Cidr& front() const { return nets_.front(); }
  void push_back(const net::Cidr& net, bool bare = false);
  void clear() { *this = {}; }
  bool is_bare(std::size_t i) const { return i < bare_.size() && bare_[i]; }
  bool operator==(const NetList&) const = default;

 private:
  std::vector<net::Cidr> nets_;
  std::vector<bool> bare_;  // no longer than to the last that is
};

struct NetworkSetSpec {
  NetList nets;
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
