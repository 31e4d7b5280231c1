#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/felix_configuration.h"
#include "api/node.h"
#include "graph/output.h"
#include "plan/endpoint.h"
#include "plan/settings.h"

namespace weft::graph {

/// FelixConfigurations, this node's labels and the environment -> the settings in force (datamodel 8.1). The first
/// source that has a parameter decides: environment and file, "node.<name>", named ones whose nodeSelector matches this
/// node (by name), "default", what is built in. A value that cannot be read gives way to what is built in.
class Settings {
 public:
  /// @param overrides  parameter name in lower case -> value, from environment and file
  Settings(std::string node, std::map<std::string, std::string> overrides);

  void on(const table::Delta<api::FelixConfiguration>& configurations);
  void on(const table::Delta<api::Node>& nodes);
  /// Works out what the deltas since the last call amount to.
  const plan::Settings& settle();

  table::Delta<plan::Unsupported> unsupported() { return unsupported_.take(); }

 private:
  /// Parameters that one source gives: name in lower case -> value.
  struct Source {
    std::string name;  // "FelixConfiguration default"
    std::map<std::string, std::string> values;
  };
  std::vector<Source> sources();
  void resolve();

  std::string node_;
  std::string node_configuration_;  // "node.<name>"
  Source overrides_;
  api::Labels labels_;
  std::map<std::string, api::FelixConfiguration> configurations_;
  plan::Settings settings_;
  bool stale_ = true;
  Output<plan::Unsupported> unsupported_;
};

}  // namespace weft::graph
