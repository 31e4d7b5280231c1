// Reads a template resource; what is read of a good one must be usable. Then its source text as a pattern of keys.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "confd/keys.h"
#include "confd/resource.h"

using namespace weft::confd;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto resource =
      parse_resource(text, "fuzz.toml", {.confdir = "/etc/confd", .prefix = "", .node_name = "node1"});
  if (resource) {
    const auto again = parse_resource(text, "fuzz.toml", {.confdir = "/etc/confd", .prefix = "", .node_name = "node1"});
    if (!again || *again != *resource) std::abort();
    if (resource->destination.empty() || resource->keys.empty() || !resource->prefix.starts_with('/')) std::abort();
    for (const auto& key : resource->keys) {
      if (clean_path(key) != key && key.find("NODENAME") == key.npos) std::abort();
    }
  }
  (void)match_path(text, "/pool/a");
  return 0;
}
