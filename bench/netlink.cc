// What the kernel costs: routes written one by one and in batches, a dump, and the way of one endpoint from the plan
// into the kernel. In a network namespace of its own; needs root.

#include <linux/netlink.h>
#include <sched.h>

#include <cstdio>

#include "bench/bench.h"
#include "kernel/link.h"
#include "kernel/route.h"

int main() {
  using namespace weft;
  if (unshare(CLONE_NEWNET) != 0) {
    std::puts("netlink: needs root");
    return 0;
  }
  auto socket = kernel::Socket::open(NETLINK_ROUTE).value();
  if (!kernel::create_veth(socket, {.name = "cali1", .peer_name = "eth0", .up = true})) return 1;
  const int device = kernel::get_link(socket, "cali1").value().index;
  const auto route = [&](std::uint32_t i) {
    return kernel::Route{.dst = net::Cidr::host(net::Ip::v4(0x0a410000 + i)),
                         .metric = 1024,
                         .protocol = 80,
                         .scope = RT_SCOPE_LINK,
                         .device = device};
  };
  bench::measure("message of one route, encoded", [&] { bench::keep(kernel::put_route(route(1))); });
  const auto message = kernel::put_route(route(1));
  bench::measure("message of one route, decoded", [&] { bench::keep(kernel::parse_route(message.payload)); });
  bench::measure("one route replaced and acknowledged", [&] { bench::keep(socket.request(message)); });

  std::vector<kernel::Message> batch;
  for (std::uint32_t i = 0; i < 1000; ++i) batch.push_back(kernel::put_route(route(i)));
  bench::measure("1000 routes replaced in one request", [&] { bench::keep(socket.request(batch)); });
  bench::measure("1000 routes read", [&] { bench::keep(kernel::list_routes(socket, {.protocol = 80})); });
}
