#pragma once

#include <span>
#include <string_view>

#include "plan/settings.h"

namespace weft::graph {

/// A parameter of the agents (api/felix_parameter.h) that is put into force: which setting it is.
struct Parameter {
  std::string_view name;
  /// Takes the canonical text of a value; false when the value does not fit this setting.
  bool (*set)(plan::Settings& settings, std::string_view text);
};
std::span<const Parameter> parameters();

/// A parameter that is not put into force yet when it has this value.
struct UnsupportedParameter {
  std::string_view name;
  std::string_view value;  // canonical
  std::string_view reason;
};
std::span<const UnsupportedParameter> unsupported_parameters();

}  // namespace weft::graph
