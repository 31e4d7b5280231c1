#include "store/endpoint.h"

#include <cstdint>

// An endpoint that parses is printed, parsed again and is the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft;
  const auto endpoint = store::parse_endpoint({reinterpret_cast<const char*>(data), size});
  if (endpoint) CHECK(store::parse_endpoint(endpoint->to_string()) == *endpoint);
  return 0;
}
