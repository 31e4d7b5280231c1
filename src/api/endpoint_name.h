#pragma once

#include <string>
#include <string_view>

#include "api/workload_endpoint.h"

/// More about the names of workload endpoints, for who looks for some of them.
namespace weft::api {

/// The parts that an endpoint's name is made of: see name_of.
EndpointName name_parts_of(const WorkloadEndpointSpec& spec);
/// How names with these parts begin: up to the first that is missing, and a dash. The node must be given.
Result<std::string> to_name_prefix(const EndpointName& name);
/// Whether a whole name has these parts; empty ones are left open.
bool name_matches(const EndpointName& wanted, std::string_view text);

}  // namespace weft::api
