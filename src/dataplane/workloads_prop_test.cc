#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "dataplane/workloads.h"

namespace weft::dataplane {
namespace {

std::string name_of(int i) { return "cali" + std::to_string(i); }
net::Cidr address_of(int i) { return net::Cidr::host(net::Ip::v4(0x0a000000u + static_cast<std::uint32_t>(i))); }

/// What the kernel would hold after all deltas.
struct Kernel {
  std::map<decltype(kernel::Route{}.key()), kernel::Route> routes;
  std::map<decltype(kernel::Neighbour{}.key()), kernel::Neighbour> neighbours;
  void on(Workloads::Rows rows) {
    table::apply(routes, std::move(rows.routes), [](auto&&...) {});
    table::apply(neighbours, std::move(rows.neighbours), [](auto&&...) {});
  }
};

// The rows are a function of what is present, not of the order it came in.
RC_GTEST_PROP(Workloads, OrderDoesNotMatter, ()) {
  Workloads stepwise;
  Links links;
  Kernel seen;
  plan::Changes all;
  for (int steps = *rc::gen::inRange(1, 60); steps > 0; --steps) {
    const int interface = *rc::gen::inRange(1, 4);
    const int address = *rc::gen::inRange(1, 4);
    plan::Changes changes;
    std::set<std::string> touched;
    switch (*rc::gen::inRange(0, 7)) {
      case 0:
        touched = links.put({.index = interface + 10 * *rc::gen::inRange(1, 3),
                             .name = name_of(interface),
                             .up = *rc::gen::arbitrary<bool>()});
        break;
      case 1: touched = links.drop(interface + 10 * *rc::gen::inRange(1, 3)); break;
      case 2: changes.routes.put({.dst = address_of(address), .interface = name_of(interface)}); break;
      case 3: changes.routes.drop(address_of(address)); break;
      case 4:
        changes.endpoints.put({.id = {"k8s", std::to_string(interface), "eth0"},
                               .interface = name_of(interface),
                               .mac = net::Mac{{2, 0, 0, 0, 0, static_cast<std::uint8_t>(*rc::gen::inRange(1, 3))}}});
        break;
      case 5: changes.endpoints.drop({"k8s", std::to_string(interface), "eth0"}); break;
      default: changes.settings = plan::Settings{.route_priority_v4 = *rc::gen::inRange(1, 3)};
    }
    for (const auto& name : touched) stepwise.touch_interface(name);
    stepwise.on(changes);
    all.merge(changes);
    if (*rc::gen::arbitrary<bool>()) seen.on(stepwise.take(links));
  }
  seen.on(stepwise.take(links));

  Workloads at_once;
  at_once.on(all);
  Kernel expected;
  expected.on(at_once.take(links));

  RC_ASSERT(seen.routes == expected.routes);
  RC_ASSERT(seen.neighbours == expected.neighbours);
}

}  // namespace
}  // namespace weft::dataplane
