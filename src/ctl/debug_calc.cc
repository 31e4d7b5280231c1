#include "ctl/debug_calc.h"

#include <cstdio>

#include <fmt/core.h>

#include "api/felix_parameter.h"
#include "base/env.h"
#include "base/log.h"
#include "client/snapshot.h"
#include "ctl/access.h"
#include "graph/calc.h"

namespace weft::ctl {
namespace {

Result<> calc(const Access& access, const std::string& node) {
  if (node.empty()) return fail(Code::invalid, "--node NODE: of which node");
  const auto store = TRY(open_store(access));
  const auto values = api::felix_values(environment());
  return print_calc(*store, node, {values.begin(), values.end()});
}

}  // namespace

Result<> print_calc(store::Store& store, const std::string& node,
                    const std::map<std::string, std::string>& environment) {
  const auto snapshot = TRY(client::snapshot(store));
  for (const auto& [key, reason] : snapshot.bad)
    log::warning("key cannot be read and is left out", {{"key", key}, {"reason", reason}});
  fmt::print("{}\n", graph::calc(node, environment, snapshot.tables));
  std::fflush(stdout);
  return {};
}

void add_debug_calc(cli::Command& debug) {
  static Access access;
  static std::string node;
  auto calc_ = debug.sub("calc",
                         "What a node's agent would make of the store now, as one JSON object.\n\n"
                         "  weft debug calc --node node1\n\n"
                         "Policies, sets, endpoints, routes and tunnels that are active on the node. Reads the store "
                         "once and touches nothing.");
  add_access(calc_, access);
  calc_.option("--node", node, "name of the node");
  calc_.run([] {
    const auto done = calc(access, node);
    return done ? 0 : complain(done.error());
  });
}

}  // namespace weft::ctl
