#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "kernel/neighbour.h"
#include "kernel/route.h"

namespace weft::kernel {
namespace {

net::Ip any_ip(net::Family family) {
  const auto bytes = *rc::gen::container<std::vector<std::uint8_t>>(family == net::Family::v4 ? 4 : 16,
                                                                    rc::gen::arbitrary<std::uint8_t>());
  return net::Ip::from_bytes(bytes);
}

net::Family any_family() { return *rc::gen::element(net::Family::v4, net::Family::v6); }

RC_GTEST_PROP(Route, IsReadAsItWasWritten, ()) {
  const auto family = any_family();
  Route route{.dst = net::Cidr(any_ip(family), *rc::gen::inRange(0, net::bits_of(family) + 1)),
              .table = *rc::gen::arbitrary<std::uint32_t>(),
              .metric = *rc::gen::arbitrary<std::uint32_t>(),
              .tos = *rc::gen::arbitrary<std::uint8_t>(),
              .type = *rc::gen::element<std::uint8_t>(RTN_UNICAST, RTN_BLACKHOLE),
              .protocol = *rc::gen::arbitrary<std::uint8_t>(),
              .scope = *rc::gen::arbitrary<std::uint8_t>(),
              .device = *rc::gen::inRange(0, 1 << 30),
              .onlink = *rc::gen::arbitrary<bool>(),
              .mtu = *rc::gen::arbitrary<std::uint32_t>()};
  if (*rc::gen::arbitrary<bool>()) route.gateway = any_ip(family);
  if (*rc::gen::arbitrary<bool>()) route.source = any_ip(family);
  route = route.normalized();

  const auto read = parse_route(put_route(route).payload);

  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == route);
  RC_ASSERT(route.normalized() == route);
}

RC_GTEST_PROP(Neighbour, IsReadAsItWasWritten, ()) {
  Neighbour row{.device = *rc::gen::arbitrary<int>(),
                .ip = any_ip(any_family()),
                .state = *rc::gen::arbitrary<std::uint16_t>(),
                .proxy = *rc::gen::arbitrary<bool>(),
                .protocol = *rc::gen::arbitrary<std::uint8_t>()};
  if (*rc::gen::arbitrary<bool>()) row.mac = net::Mac{{2, 0, 0, 0, 0, *rc::gen::arbitrary<std::uint8_t>()}};

  const auto read = parse_neighbour(put_neighbour(row).payload);

  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == row);
}

RC_GTEST_PROP(Messages, NeverCrashTheirReaders, (const std::vector<std::uint8_t>& bytes)) {
  (void)parse_route(bytes);
  (void)parse_neighbour(bytes);
}

}  // namespace
}  // namespace weft::kernel
