#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weft::api {

/// A key by its parts: what lies in the store and what only the stream of a syncer has (datamodel 1.3, 1.4).
struct Key {
  std::string type;                           // "Resource", "BlockAffinity", "HostConfig", …: see key.cc
  std::map<std::string, std::string> fields;  // all of the type: {"host", "node1"}, {"cidr", "10.65.0.0/26"}
  bool operator==(const Key&) const = default;
};

/// A key of that type: fields that it does not have are left out, absent ones are empty, prefixes lose their host bits.
/// @return an error for an unknown type and for a `cidr` that is none
Result<Key> key_of(std::string_view type, const std::map<std::string, std::string>& fields);
/// The key's text. Errors name the field that is missing.
Result<std::string> path_of(const Key& key);
/// What Calico's readers take a text for. nullopt: for no key; IPAMConfig, IPAMHost and affinities of the type virtual
/// are only written. Parts may be empty.
std::optional<Key> parse_key(std::string_view path);

/// Names as segments of keys: % is %25, / is %2f.
std::string escape_segment(std::string_view text);
std::string unescape_segment(std::string_view text);

}  // namespace weft::api
