#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/description.h"

/// Text to described struct and back.
namespace weft::schema {

/// Reads a value into a default-made struct; texts are moved out of `value`.
/// Strict: as users write documents: unknown members are problems, names match whatever their case.
/// Not strict: as stored; unknown members go to `extra`.
std::vector<Problem> read(const Schema& schema, Value value, void* object, bool strict);

/// JSON of the struct. `stored`: without the members that are never stored.
std::string write(const Schema& schema, const void* object, bool stored);

/// Everything wrong with the object, at once.
std::vector<Problem> validate(const Schema& schema, const void* object);
/// Immutable fields that differ.
std::vector<Problem> validate_update(const Schema& schema, const void* before, const void* after);
/// Fills in defaults: those of a write, or those of a read.
void fill_defaults(const Schema& schema, void* object, bool reading);

/// "spec.cidr: must be a prefix (is "10.0.0.1/8"); spec.blockSize: …"
Error to_error(const std::vector<Problem>& problems);
std::string to_string(const Problem& problem);

template <class T>
Result<T> read(Value value, bool strict = false) {
  T object{};
  const auto problems = read(schema_of<T>(), std::move(value), &object, strict);
  if (!problems.empty()) return std::unexpected(to_error(problems));
  return object;
}

}  // namespace weft::schema
