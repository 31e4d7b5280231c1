#pragma once

#include <string>
#include <vector>

#include "policy/oracle.h"

namespace weft::policy {

/// Where a packet comes from or goes to.
struct Party {
  enum class Kind { endpoint, node, outside };
  Kind kind = Kind::outside;
  const api::WorkloadEndpoint* endpoint = nullptr;  // of Kind::endpoint; null: an interface without one in force
  std::string node;                                 // that the endpoint is on, or that it is
};

/// What a packet meets on its way, end to end (dataplane 2.18): everything that is asked, in this order. All must
/// allow.
struct Journey {
  struct Place {
    enum class Where { source_check, egress, to_node, ingress } where = Where::egress;
    const api::WorkloadEndpoint* endpoint = nullptr;
    Verdict verdict;
  };
  std::vector<Place> places;
  bool masqueraded = false;  // it leaves with an address of the node, by natOutgoing of its pool

  bool allowed() const;
  /// The first place that denies; null when all allow.
  const Place* denied() const;
};

/// Whether the node gives a packet that it forwards an address of its own: it comes from a pool with natOutgoing and
/// goes to none (dataplane 2.12).
bool masquerades(const Cluster& cluster, const std::string& node, const Packet& packet);

Journey follow(const Oracle& oracle, const Party& from, const Party& to, const Packet& packet);

}  // namespace weft::policy
