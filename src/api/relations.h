#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/kinds.h"
#include "net/cidr.h"

/// Rules between objects (datamodel 4.2, 4.3, 4.5): other objects decide whether one may be written or removed. Rules
/// of one object alone are in its description.
namespace weft::api {

/// The other objects. Mostly a store; client/objects.cc.
class Others {
 public:
  virtual ~Others() = default;
  virtual Result<bool> has(const Kind& kind, std::string_view name) = 0;
  virtual Result<std::vector<Object>> list(const Kind& kind) = 0;
  virtual Result<std::vector<net::Cidr>> blocks() = 0;  // of IPAM
};

enum class Change { create, update, remove };

struct Relation {
  std::string_view kind;  // whose objects it is about: "IPPool"
  std::vector<Change> changes;
  std::string_view path;  // "spec.cidr"
  std::string_view rule;  // in words, for the reference
  /// What is wrong, all of it. Without a path of its own a problem is about `path` and what is there. `before` is there
  /// for an update.
  Result<std::vector<schema::Problem>> (*broken)(const Object& object, const Object* before, Others& others);
};

const std::vector<Relation>& relations();

/// Everything wrong with a change; ten of the others that break one rule are named. An error only when the others
/// cannot be read.
Result<std::vector<schema::Problem>> check_relations(Change change, const Object& object, const Object* before,
                                                     Others& others);
/// Whether any rule looks at this change of this kind, and at what was before.
bool has_relations(Change change, const Kind& kind);

}  // namespace weft::api
