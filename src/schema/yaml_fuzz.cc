// Parse, print, parse again, compare; both as YAML and as JSON.
#include <cstdint>
#include <cstdio>

#include "schema/value.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft::schema;
  const auto documents = parse_yaml({reinterpret_cast<const char*>(data), size});
  if (!documents) return 0;
  for (const Value& value : *documents) {
    if (!parse_json(to_json(value))) continue;  // yaml-cpp lets bytes through that are no UTF-8
    const std::string text = to_yaml(value);
    const auto again = parse_yaml(text);
    if (!again || again->size() != 1 || again->front() != value) {
      std::fprintf(stderr, "%s\nprinted as\n%s\n", to_json(value).c_str(), text.c_str());
      CHECK(again);
      CHECK(again->size() == 1);
      CHECK(again->front() == value);
    }
  }
  return 0;
}
