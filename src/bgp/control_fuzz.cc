// Takes replies off a text, prints them, takes them again and compares; then everything that reads replies.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bgp/status.h"

using namespace weft::bgp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  while (true) {
    const auto reply = take_reply(text);
    if (!reply) return 0;
    const std::string printed = to_string(*reply);
    std::string_view rest = printed;
    const auto again = take_reply(rest);
    if (!again || *again != *reply || !rest.empty()) std::abort();
    (void)parse_status(*reply);
    (void)peer_tables(peer_statuses(parse_protocols(*reply)));
  }
}
