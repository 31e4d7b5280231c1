#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "store/settings.h"

namespace weft::agent {

/// What the agent needs to begin. Everything has a default: `weft agent` with a store and a name in the environment
/// runs.
struct Options {
  std::string node;  // its name; see node_name.h
  store::Settings store;
  std::map<std::string, std::string> environment;  // settings: FELIX_* and the file's, lower case without prefix
  std::string socket = "/run/weft/agent.sock";     // for CNI requests and questions
  std::string state_folder = "/var/lib/weft";      // releases that wait for the store
  std::string mtu_file = "/var/lib/calico/mtu";    // written for CNI plug-ins
};

/// Settings from FELIX_* variables and, below them, from an INI file (datamodel 8.1). A missing file is fine.
Result<std::map<std::string, std::string>> read_environment(char** variables, const std::string& file);

/// Runs until SIGTERM or SIGINT. What is in the kernel stays when it ends. @return exit status
///
/// Threads: sync (the store's watch), graph, dataplane, and this one, which serves the socket and HTTP.
int run(const Options& options);

}  // namespace weft::agent
