// How an address is found: what parses, prints and parses to the same again.

#include <cstddef>
#include <cstdint>
#include <string>

#include "node/settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto method = weft::node::parse_method(std::string(reinterpret_cast<const char*>(data), size));
  if (!method) return 0;
  const auto again = weft::node::parse_method(weft::node::to_string(*method));
  CHECK(again && *again == *method);
  return 0;
}
