#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace weft::confd {

/// Addresses of a host name by the system's resolver, sorted as text, each once; empty when there are none.
/// @param family  4, 6, or 0 for both
std::vector<std::string> lookup_addresses(const std::string& name, int family);

struct Service {
  std::string target;
  std::uint16_t port = 0, priority = 0, weight = 0;
};
/// SRV records of _service._protocol.name, in an order that depends only on their content; empty when there are none.
std::vector<Service> lookup_services(const std::string& service, const std::string& protocol, const std::string& name);

}  // namespace weft::confd
