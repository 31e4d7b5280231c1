#pragma once

#include <span>
#include <string_view>

#include "plan/settings.h"

namespace weft::graph {

/// A parameter of the agent that is put into force (datamodel 8.3).
struct Parameter {
  std::string_view name;   // "RouteRefreshInterval"; FELIX_… in the environment
  std::string_view field;  // of a FelixConfiguration's spec; empty: not settable there
  /// Reads the value; false when it is no value of this parameter.
  bool (*set)(plan::Settings& settings, std::string_view text);
};
std::span<const Parameter> parameters();

/// A parameter that is not put into force yet when it has this value (any case).
struct UnsupportedParameter {
  std::string_view name;
  std::string_view field;
  std::string_view value;
  std::string_view reason;
};
std::span<const UnsupportedParameter> unsupported_parameters();

}  // namespace weft::graph
