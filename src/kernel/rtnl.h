#pragma once

#include <sys/socket.h>

#include <optional>

#include "kernel/attributes.h"
#include "net/ip.h"

/// What the rtnetlink files share: addresses on the wire.
namespace weft::kernel {

inline int family_number(net::Family family) { return family == net::Family::v4 ? AF_INET : AF_INET6; }
inline Bytes bytes_of(const net::Ip& ip) { return {ip.bytes().begin(), ip.bytes().end()}; }

/// nullopt unless `bytes` has the length of the family (AF_INET, AF_INET6).
inline std::optional<net::Ip> ip_of(int family, const Bytes& bytes) {
  const std::size_t size = family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
  if (size == 0 || bytes.size() != size) return std::nullopt;
  return net::Ip::from_bytes(bytes);
}

}  // namespace weft::kernel
