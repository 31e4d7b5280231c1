// Parse, print, parse again, compare.
#include <cstdint>

#include "schema/value.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft::schema;
  const auto value = parse_json({reinterpret_cast<const char*>(data), size});
  if (!value) return 0;
  const std::string text = to_json(*value);
  const auto again = parse_json(text);
  CHECK(again);
  CHECK(*again == *value);
  CHECK(to_json(*again) == text);
  const auto spread = parse_json(to_json(*value, 2));
  CHECK(spread);
  CHECK(*spread == *value);
  return 0;
}
