#pragma once

#include "api/policy.h"
#include "plan/policy.h"
#include "schema/value.h"

namespace weft::graph {

/// Adds a member unless it is empty, zero or false: absent members say so.
void put(schema::Object& object, std::string_view name, schema::Value value);

/// A rule as `weft debug calc` prints it.
/// @param asked             as the resource has it
/// @param planned           the same rule in the plan
/// @param policy_namespace  empty for global policies and profiles
schema::Value describe_rule(const api::Rule& asked, const plan::Rule& planned, std::string_view policy_namespace);

}  // namespace weft::graph
