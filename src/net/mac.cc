#include "net/mac.h"

#include <fmt/core.h>

#include <charconv>

namespace weft::net {

Result<Mac> Mac::parse(std::string_view text) {
  Mac mac;
  bool good = text.size() == 17 && (text[2] == ':' || text[2] == '-');
  for (std::size_t i = 0; good && i < mac.bytes.size(); ++i) {
    const char* at = text.data() + 3 * i;
    const auto [end, error] = std::from_chars(at, at + 2, mac.bytes[i], 16);
    good = error == std::errc{} && end == at + 2 && (i == 5 || *end == text[2]);
  }
  if (!good) return fail(Code::invalid, fmt::format("\"{}\" is not a MAC address", text));
  return mac;
}

std::string to_string(const Mac& mac) {
  const auto& b = mac.bytes;
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", b[0], b[1], b[2], b[3], b[4], b[5]);
}

}  // namespace weft::net
