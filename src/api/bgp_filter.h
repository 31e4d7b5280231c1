#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/metadata.h"
#include "api/types.h"

namespace weft::api {

/// Lengths of prefixes, both ends included.
struct PrefixLengths {
  std::optional<int> min;
  std::optional<int> max;
  schema::Extra extra;
  bool operator==(const PrefixLengths&) const = default;
};

struct FilterCommunities {
  std::vector<std::string> values;  // exactly one
  schema::Extra extra;
  bool operator==(const FilterCommunities&) const = default;
};

struct AddCommunity {
  std::string value;
  schema::Extra extra;
  bool operator==(const AddCommunity&) const = default;
};
struct PrependAsPath {
  std::vector<AsNumber> prefix;  // 1..10
  schema::Extra extra;
  bool operator==(const PrependAsPath&) const = default;
};
struct SetPriority {
  std::optional<int> value;
  schema::Extra extra;
  bool operator==(const SetPriority&) const = default;
};
/// What is done to an accepted route: exactly one member is given.
struct FilterOperation {
  std::optional<AddCommunity> add_community;
  std::optional<PrependAsPath> prepend_as_path;
  std::optional<SetPriority> set_priority;
  schema::Extra extra;
  bool operator==(const FilterOperation&) const = default;
};

/// A rule for routes; what is given must match, the first rule that matches decides.
struct BgpFilterRule {
  std::string cidr;  // with match_operator
  std::optional<PrefixLengths> prefix_length;
  std::string source;          // RemotePeers
  std::string interface;       // with * for any characters
  std::string match_operator;  // Equal, NotEqual, In, NotIn
  std::string peer_type;       // eBGP, iBGP
  std::optional<FilterCommunities> communities;
  std::vector<AsNumber> as_path_prefix;
  std::optional<int> priority;
  std::string action;  // Accept, Reject
  std::vector<FilterOperation> operations;
  schema::Extra extra;
  bool operator==(const BgpFilterRule&) const = default;
};

struct BgpFilterSpec {
  std::vector<BgpFilterRule> export_v4;
  std::vector<BgpFilterRule> import_v4;
  std::vector<BgpFilterRule> export_v6;
  std::vector<BgpFilterRule> import_v6;
  schema::Extra extra;
  bool operator==(const BgpFilterSpec&) const = default;
};

/// Which routes are sent to peers and taken from them; BGPPeers name filters.
struct BgpFilter {
  Metadata metadata;
  BgpFilterSpec spec;
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const BgpFilter&) const = default;
};

}  // namespace weft::api
