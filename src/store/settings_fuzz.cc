#include "store/settings.h"

#include <cstdint>

// Whatever a file holds, it is settings or an error that names the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft;
  const auto settings = store::parse_settings({reinterpret_cast<const char*>(data), size}, "a.cfg");
  if (!settings) CHECK(settings.error().message.find("a.cfg") != std::string::npos);
  return 0;
}
