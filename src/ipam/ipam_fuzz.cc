// Blocks that others wrote: whatever they hold, we refuse them or work with them; and times, as text.
#include <cstdint>
#include <cstdlib>

#include "api/codec.h"
#include "ipam/block.h"
#include "ipam/draft.h"

using namespace weft;

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto time = ipam::from_rfc3339(text)) {
    const auto again = ipam::from_rfc3339(ipam::to_rfc3339(*time));
    must(!again || *again == std::chrono::floor<std::chrono::seconds>(*time));
  }
  auto stored = ipam::decode_block({"key", text, 1});
  if (!stored) return 0;
  api::Block& block = stored->block;
  const auto printed = api::from_json<api::Block>(api::to_json(block));
  must(printed && *printed == block);

  ipam::settle(block, std::chrono::seconds(30), ipam::Time(std::chrono::seconds(1'800'000'000)));
  must(ipam::verify(block).has_value());
  const auto taken = ipam::allocate(block, 3, {"fuzz", {}}, nullptr);
  must(ipam::verify(block).has_value() && ipam::ordinals_of(block, "fuzz").size() >= taken.size());
  ipam::release_handle(block, "fuzz", std::chrono::seconds(0), ipam::Time());
  must(ipam::verify(block).has_value() && ipam::ordinals_of(block, "fuzz").empty());
  return 0;
}
