#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/value.h"

/// A struct is described once; JSON, YAML, defaults, validation, columns and the reference walk the description.
namespace weft::schema {

/// Members of a JSON object that the description does not know, by name, as JSON text. A described struct that has one
/// keeps what a newer writer put there through read, change and write.
using Extra = std::map<std::string, std::string>;

class Schema;  // schema/description.h

/// The description of T; specialised beside T.
template <class T>
const Schema& schema_of();

/// One problem of a document: where, what was there, which rule it breaks.
struct Problem {
  std::string path;   // "spec.ingress[0].source.ports[1]"
  std::string value;  // as JSON, shortened
  std::string rule;   // "must be in 1..65535"
};

}  // namespace weft::schema
