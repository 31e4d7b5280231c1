#pragma once

#include <string>
#include <vector>

#include "api/metadata.h"
#include "api/policy.h"

namespace weft::api {

struct ProfileSpec {
  std::vector<Rule> ingress;
  std::vector<Rule> egress;
  Labels labels_to_apply;
  schema::Extra extra;
  bool operator==(const ProfileSpec&) const = default;
};

/// Labels and last-resort rules shared by endpoints: namespaces (kns.*), service accounts (ksa.*), networks.
struct Profile {
  Metadata metadata;
  ProfileSpec spec;
  schema::Extra extra;
  auto key() const { return metadata.name; }
  bool operator==(const Profile&) const = default;
};

}  // namespace weft::api
