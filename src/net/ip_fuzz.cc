// Whatever parses prints, and parses again to the same value: addresses, prefixes, ports, protocols, MACs.

#include <cstddef>
#include <cstdint>

#include "net/cidr.h"
#include "net/mac.h"
#include "net/port.h"

namespace {
template <class Parse>
void twice(Parse parse, std::string_view text) {
  const auto value = parse(text);
  if (!value) return;
  const auto again = parse(to_string(*value));
  CHECK(again.has_value() && *again == *value);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  twice(Ip::parse, text);
  twice(Cidr::parse, text);
  twice(Cidr::parse_loose, text);
  twice(Address::parse, text);
  twice(Mac::parse, text);
  twice(PortRange::parse, text);
  twice(Protocol::parse, text);
  return 0;
}
