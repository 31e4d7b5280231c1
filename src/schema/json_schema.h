#pragma once

#include "schema/description.h"

namespace weft::schema {

/// Whom a JSON Schema is for.
enum class Dialect {
  kubernetes,  // custom resources, in the part of the language that Kubernetes takes
  documents,   // all that we read: null for what is not given, numbers for texts
};

/// JSON Schema of a described struct. It says what one field may hold; rules across fields are not in it.
Object json_schema(const Schema& schema, Dialect dialect);

}  // namespace weft::schema
