// Parse, print, parse again, compare.
#include <cstdint>

#include "api/types.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft::api;
  const auto duration = parse_duration({reinterpret_cast<const char*>(data), size});
  if (!duration) return 0;
  const auto again = parse_duration(to_string(*duration));
  CHECK(again);
  CHECK(*again == *duration);
  return 0;
}
