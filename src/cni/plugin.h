#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

/// The CNI programs: they take a request from their environment and standard input to the agent and print its answer.
/// Small and quick to start: nothing here may need iostreams, locales or threads.
namespace weft::cni {

/// What a plug-in prints, and its exit status.
struct Printed {
  int status = 0;
  std::string text;  // to standard output
};

/// Versions of the CNI specification we speak, oldest first.
std::span<const std::string_view> spec_versions();
bool is_spec_version(std::string_view version);
/// Whether version `a` is at least `b`; both are spec versions.
bool at_least(std::string_view a, std::string_view b);

/// Handles one call, as the specification has it.
/// @param plugin       "cni" or "ipam"
/// @param environment  all of it; CNI_* go to the agent
/// @param config       standard input
Printed call(std::string_view plugin, const std::map<std::string, std::string>& environment, const std::string& config);

/// main() of both programs. A program that is called by the name of an IPAM plug-in (weft-ipam, calico-ipam) is one.
int plugin_main(int argc, char** argv, std::string_view plugin);

}  // namespace weft::cni
