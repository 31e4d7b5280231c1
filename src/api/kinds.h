#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/metadata.h"
#include "base/result.h"
#include "schema/description.h"

/// The kinds of resources as a list, for what treats them all alike: the command line, completion, the reference.
namespace weft::api {

struct Kind {
  std::string_view name;                  // "IPPool"
  std::string_view plural;                // "ippools", as in keys
  std::vector<std::string_view> aliases;  // other names on the command line, lower case: "ipp", "pool", "pools"
  bool namespaced = false;
  bool is_protected = false;  // users may not write it (ClusterInformation)
  bool is_internal = false;   // calicoctl does not know it

  const schema::Schema& (*schema)();  // names and flags above are its
  std::shared_ptr<void> (*make)();    // an empty object of the kind
  Metadata& (*metadata)(void* object);
  Result<> (*read)(std::string_view json, void* object);  // as from_json
  std::string (*stored)(const void* object);              // as to_json

  std::string list_kind() const { return std::string(name) + "List"; }
};

const std::vector<Kind>& kinds();
/// By kind, list kind, plural, lower-case singular or alias, whatever the case; nullptr when there is none.
const Kind* find_kind(std::string_view name);

/// An object of some kind.
struct Object {
  const Kind* kind = nullptr;
  std::shared_ptr<void> data;

  Metadata& metadata() const { return kind->metadata(data.get()); }
  std::string path() const;
  std::string stored() const { return kind->stored(data.get()); }
  schema::Value value() const;  // as `get -o yaml` shows it
};

/// A document as a user wrote it: kind, strict reading. Defaults and validation are the caller's: see below.
/// @param problems  everything wrong with it; the object holds what could be read
/// @return an error when the document names no known kind
Result<Object> read_document(schema::Value document, std::vector<schema::Problem>& problems);
/// From the store, with defaults of reading and the revision.
Result<Object> read_stored(const Kind& kind, std::string_view json, std::string_view revision);
void set_defaults(const Object& object);
inline void set_defaults(Object& object) { set_defaults(std::as_const(object)); }  // not codec.h's, for one kind
std::vector<schema::Problem> validate(const Object& object);
std::vector<schema::Problem> validate_update(const Object& before, const Object& after);

std::string prefix_of(const Kind& kind);
std::string path_of(const Kind& kind, const Metadata& metadata);

}  // namespace weft::api
