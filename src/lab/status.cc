#include "lab/status.h"

#include <cstdio>

#include <fmt/core.h>

#include "base/strings.h"
#include "lab/wait.h"

namespace weft::lab {
namespace {

/// What an agent does not put into force, and what its kernel refuses.
void note_shortfalls(const std::string& node, const schema::Value& status, std::vector<std::string>& lines) {
  if (const auto* refused = status.at("refused"); refused && refused->as_array()) {
    for (const auto& what : *refused->as_array())
      lines.push_back(fmt::format("{}: refused: {}", node, *what.as_string()));
  }
  if (const auto* rows = status.at("unsupported"); rows && rows->as_array()) {
    for (const auto& row : *rows->as_array()) {
      lines.push_back(fmt::format("{}: not in force: {}: {}", node, row.text("object"), row.text("reason")));
    }
  }
}

}  // namespace

Result<> print_status(const Lab& lab) {
  fmt::print("lab {}, init {}, store {}\n\n", lab.name(), lab.init(), lab.endpoints());
  fmt::print("{:<10} {:<14} {:<24} {:<8} {}\n", "NODE", "ADDRESS", "COMPONENTS", "READY", "REVISION");
  std::vector<std::string> shortfalls;
  for (const auto& node : TRY(lab.nodes())) {
    std::vector<std::string> running;
    for (const char* part : {"node", "agent", "confd", "bird"}) {
      if (!lab.component(node, part).empty()) running.emplace_back(part);
    }
    const auto status = agent_status(node);
    if (status) note_shortfalls(node.name, *status, shortfalls);
    const auto* ready = status ? status->at("ready") : nullptr;
    const auto* revision = status ? status->at("revision") : nullptr;
    fmt::print("{:<10} {:<14} {:<24} {:<8} {}\n", node.name, net::to_string(node.address()), join(running, ","),
               ready && *ready == schema::Value(true) ? "yes" : "no", revision ? schema::to_json(*revision) : "-");
  }
  for (const auto& line : shortfalls) fmt::print("{}\n", line);
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
