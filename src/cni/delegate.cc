#include "cni/delegate.h"

#include <unistd.h>

#include "base/process.h"
#include "base/strings.h"

namespace weft::cni {

namespace {

Result<std::string> find(const std::string& type, const std::string& path) {
  if (type.empty() || type.find('/') != std::string::npos)
    return fail(Code::invalid, "ipam.type: not a plug-in's name");
  for (const std::string& folder : split(path, ':')) {
    std::string program = folder + "/" + type;
    if (!folder.empty() && access(program.c_str(), X_OK) == 0) return program;
  }
  return fail(Code::not_found, "plug-in " + type + ": not in CNI_PATH (" + path + ")");
}

}  // namespace

Result<std::string> delegate(const std::string& type, const std::string& verb,
                             std::map<std::string, std::string> environment, const std::string& config) {
  const std::string program = TRY(find(type, environment["CNI_PATH"]));
  environment["CNI_COMMAND"] = verb;
  Command command{.argv = {program}};
  for (const auto& [name, value] : environment) command.env_more.push_back(name + "=" + value);
  RunOptions options;
  options.input = config;
  const Finished finished = TRY(within(run(command, options), program));
  if (finished.ok()) return finished.out;
  if (!finished.out.empty()) return fail(Code::internal, finished.out);
  return fail(Code::internal,
              program + ": " + describe_status(finished.status) + ": " + std::string(trim(finished.err)));
}

}  // namespace weft::cni
