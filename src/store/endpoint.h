#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weft::store {

/// Where one server of the store listens.
struct Endpoint {
  bool tls = false;
  std::string host;  // a name or an address, IPv6 without brackets
  std::uint16_t port = 2379;

  /// "10.0.0.1:2379", "[fd00::1]:2379"
  std::string address() const;
  /// "https://10.0.0.1:2379"
  std::string to_string() const;
  bool operator==(const Endpoint&) const = default;
};

/// "http://host:port", "https://[fd00::1]:2379", "host:port", "host"; without a scheme it is http, without a port 2379.
Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace weft::store
