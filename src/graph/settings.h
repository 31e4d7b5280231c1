#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/felix_configuration.h"
#include "api/felix_parameter.h"
#include "api/node.h"
#include "graph/output.h"
#include "plan/endpoint.h"
#include "plan/settings.h"

namespace weft::graph {

/// FelixConfigurations, this node's labels and the environment -> the settings in force (datamodel 8.1). The first
/// source that has a parameter decides: environment and file, "node.<name>", named ones whose nodeSelector matches this
/// node (by name), "default", what is built in. What a resource says
/// wrong is left out; a wrong value of the environment gives way to what is built in. Both are reported.
class Settings {
 public:
  /// @param overrides  parameter name in any case -> value, from environment and file; other names are ignored
  Settings(std::string node, const std::map<std::string, std::string>& overrides);

  void on(const table::Delta<api::FelixConfiguration>& configurations);
  void on(const table::Delta<api::Node>& nodes);
  /// Works out what the deltas since the last call amount to.
  const plan::Settings& settle();

  table::Delta<plan::Unsupported> unsupported() { return unsupported_.take(); }

 private:
  struct Source {
    std::string name;  // "FelixConfiguration default"
    api::FelixValues values;
  };
  std::vector<Source> sources();  // the one that wins first
  void report(std::string object, std::string reason);
  void resolve();

  std::string node_;
  Source overrides_;
  api::Labels labels_;
  std::map<std::string, api::FelixConfiguration> configurations_;
  plan::Settings settings_;
  bool stale_ = true;
  Output<plan::Unsupported> unsupported_;
};

}  // namespace weft::graph
