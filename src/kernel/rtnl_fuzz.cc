// Whatever the kernel (or a bug) sends, readers neither crash nor read beyond it; what they accept they can write
// and read again. The first byte chooses the kind of message.

#include <cstdint>
#include <cstdlib>

#include "kernel/address.h"
#include "kernel/conntrack.h"
#include "kernel/link.h"
#include "kernel/neighbour.h"
#include "kernel/netconf.h"
#include "kernel/route.h"

using namespace weft::kernel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes bytes(data + 1, data + size);  // aligned, as a received message is
  switch (data[0] % 6) {
    case 0:
      if (const auto route = parse_route(bytes)) {
        if (parse_route(put_route(*route).payload) != route) std::abort();
      }
      break;
    case 1:
      if (const auto row = parse_neighbour(bytes)) {
        if (parse_neighbour(put_neighbour(*row).payload) != row) std::abort();
      }
      break;
    case 2: (void)parse_link(bytes); break;
    case 3: (void)parse_address(bytes); break;
    case 4: (void)parse_netconf(bytes); break;
    default: (void)parse_connection(bytes);
  }
  return 0;
}
