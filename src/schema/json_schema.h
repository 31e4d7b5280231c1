#pragma once

#include "schema/description.h"

namespace weft::schema {

/// JSON Schema of a described struct, in the part of the language that Kubernetes takes in custom resources. It says
/// what one field may hold; rules across fields are not in it.
Object json_schema(const Schema& schema);

}  // namespace weft::schema
