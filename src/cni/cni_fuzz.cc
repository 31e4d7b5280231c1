// What others write and we read: network configurations, CNI_ARGS, results of other plug-ins, requests.
#include <cstdint>
#include <cstdlib>

#include "cni/config.h"
#include "cni/protocol.h"
#include "cni/result.h"

using namespace weft;

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)cni::NetworkConfig::parse(text);
  (void)cni::PodArgs::parse(text);

  if (const auto request = cni::parse_request(text)) {
    const auto again = cni::parse_request(cni::to_json(*request));
    must(again && *again == *request);
  }
  const auto value = schema::parse_json(text);
  if (!value) return 0;
  const auto result = cni::AddResult::parse(*value);
  if (!result) return 0;
  for (const char* version : {"0.2.0", "0.4.0", "1.0.0"}) {
    const auto printed = schema::parse_json(cni::to_json(*result, version));
    must(printed.has_value());
    const auto again = cni::AddResult::parse(*printed);
    must(again.has_value());
    must(cni::to_json(*again, version) == cni::to_json(*result, version) || version[2] == '2');
  }
  return 0;
}
