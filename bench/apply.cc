// From a change of the plan to the kernel's last acknowledgement: an endpoint with two addresses and a policy comes and
// goes, on a node that has other endpoints already. In a network namespace of its own; needs root.

#include <fmt/core.h>
#include <linux/netlink.h>
#include <sched.h>

#include <cstdio>

#include "base/log.h"
#include "bench/bench.h"
#include "dataplane/dataplane.h"
#include "kernel/link.h"
#include "loop/loop.h"

using namespace weft;

namespace {

plan::Changes endpoint(int i, bool there) {
  plan::Changes changes;
  const plan::EndpointId id{"k8s", fmt::format("default/pod-{}", i), "eth0"};
  const std::string interface = fmt::format("cali{}", i);
  const auto v4 = net::Cidr::host(net::Ip::v4(0x0a410000u + static_cast<unsigned>(i)));
  const auto v6 = net::Cidr::parse(fmt::format("fd00::{:x}/128", i + 1)).value();
  const plan::PolicyId policy{"NetworkPolicy", "default", fmt::format("policy-{}", i)};
  if (!there) {
    changes.endpoints.drop(id);
    for (const auto& dst : {v4, v6}) changes.routes.drop(dst);
    changes.policies.drop(policy);
    return changes;
  }
  plan::Endpoint row{.id = id, .interface = interface, .mac = net::Mac{{2, 0, 0, 0, 0, 1}}, .addresses = {v4, v6}};
  row.ingress.push_back({.tier = "default", .policies = {policy}});
  changes.endpoints.put(row);
  for (const auto& dst : row.addresses) changes.routes.put({.dst = dst, .interface = interface});
  plan::Rule rule{.protocol = net::tcp};
  rule.destination.ports = {{80, 80}};
  changes.policies.put({.id = policy, .tier = "default", .ingress = {rule}});
  return changes;
}

void run(int others) {
  loop::Loop loop;
  dataplane::Dataplane dataplane(loop, [&](dataplane::Report report) {
    for (const auto& text : report.refused) std::printf("refused: %s\n", text.c_str());
    loop.stop();
  });
  plan::Changes first;
  for (int i = 1; i <= others; ++i) first.merge(endpoint(i, true));
  dataplane.on(first);
  loop.run();
  bench::measure(fmt::format("endpoint comes and goes, {} others", others), [&] {
    for (const bool there : {true, false}) {
      dataplane.on(endpoint(0, there));
      loop.run();
    }
  });
  plan::Changes empty;
  empty.endpoints.whole = empty.routes.whole = empty.policies.whole = true;
  dataplane.on(empty);
  loop.run();
}

}  // namespace

int main() {
  if (unshare(CLONE_NEWNET) != 0) {
    std::puts("apply: needs root");
    return 0;
  }
  log::set_level(log::Level::warning);
  auto socket = kernel::Socket::open(NETLINK_ROUTE).value();
  for (int i = 0; i <= 200; ++i) {
    const kernel::Veth veth{.name = fmt::format("cali{}", i), .peer_name = fmt::format("peer{}", i), .up = true};
    if (!kernel::create_veth(socket, veth)) return 1;
  }
  run(0);
  run(200);
}
