#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/policy.h"
#include "api/selector.h"
#include "plan/policy.h"

namespace weft::graph {

/// A set that rules mention: what is in it.
struct SetDefinition {
  plan::SetId id;
  struct Port {
    net::Protocol protocol;
    std::string name;
    bool operator==(const Port&) const = default;
  };
  std::optional<api::Selector> selector;  // nullopt: nothing is in it
  std::optional<Port> port;               // given: addresses with this port, instead of addresses
  std::string note;                       // for people
  bool operator==(const SetDefinition& other) const { return id == other.id; }  // the id is a hash of all of it
};

/// The sets that one policy or profile needs.
struct Needs {
  std::string owner;  // "policy GlobalNetworkPolicy//x", "profile kns.default"
  std::map<plan::SetId, SetDefinition> sets;
  const std::string& key() const { return owner; }
  bool operator==(const Needs&) const = default;
};

/// Rules as the dataplane takes them.
struct Rules {
  std::vector<plan::Rule> ingress;
  std::vector<plan::Rule> egress;
  std::map<plan::SetId, SetDefinition> sets;
  std::vector<std::string> unsupported;  // "ingress[0].destination.services: …"
};

/// @param policy_namespace  empty for global policies and profiles
/// @return an error that names rule and field when a rule has no clear meaning
Result<Rules> compile(const std::vector<api::Rule>& ingress, const std::vector<api::Rule>& egress,
                      std::string_view policy_namespace);

}  // namespace weft::graph
