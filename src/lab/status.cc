#include "lab/status.h"

#include <cstdio>

#include <fmt/core.h>

#include "base/strings.h"
#include "lab/wait.h"

namespace weft::lab {

Result<> print_status(const Lab& lab) {
  fmt::print("lab {}, init {}, store {}\n\n", lab.name(), lab.init(), lab.endpoints());
  fmt::print("{:<10} {:<14} {:<24} {:<8} {}\n", "NODE", "ADDRESS", "COMPONENTS", "READY", "REVISION");
  for (const auto& node : TRY(lab.nodes())) {
    std::vector<std::string> running;
    for (const char* part : {"node", "agent", "confd", "bird"}) {
      if (!lab.component(node, part).empty()) running.emplace_back(part);
    }
    const auto status = agent_status(node);
    const auto* ready = status ? status->at("ready") : nullptr;
    const auto* revision = status ? status->at("revision") : nullptr;
    fmt::print("{:<10} {:<14} {:<24} {:<8} {}\n", node.name, net::to_string(node.address()), join(running, ","),
               ready && *ready == schema::Value(true) ? "yes" : "no", revision ? schema::to_json(*revision) : "-");
  }
  fmt::print("\n");
  return list_pods(lab, false);
}

Result<> list_pods(const Lab& lab, bool json) {
  const auto pods = TRY(lab.pods());
  if (json) {
    schema::Array list;
    for (const auto& pod : pods) {
      schema::Array addresses;
      for (const auto& address : pod.addresses) addresses.emplace_back(address);
      list.push_back(schema::Object{{"namespace", pod.namespace_},
                                    {"name", pod.name},
                                    {"node", pod.node},
                                    {"containerID", pod.container},
                                    {"addresses", addresses}});
    }
    fmt::print("{}\n", schema::to_json(list, 2));
    return {};
  }
  fmt::print("{:<24} {:<10} {}\n", "POD", "NODE", "ADDRESSES");
  for (const auto& pod : pods) fmt::print("{:<24} {:<10} {}\n", pod.full_name(), pod.node, join(pod.addresses, ","));
  return {};
}

}  // namespace weft::lab
