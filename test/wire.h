#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/ip.h"
#include "net/port.h"

/// Packets for tests, built by hand, so that any source, protocol, type, flag and fragment can be sent.
namespace weft::wire {

using Bytes = std::vector<std::uint8_t>;

enum TcpFlag : std::uint8_t { fin = 1, syn = 2, rst = 4, ack = 16 };

struct Packet {
  net::Ip source, destination;
  net::Protocol protocol = net::udp;
  std::uint16_t source_port = 0;  // of ICMP: the identifier of an echo
  std::uint16_t port = 0;
  std::uint8_t type = 8, code = 0;  // of ICMP
  std::uint8_t flags = syn;         // of TCP
  Bytes quoted = {};                // of ICMP errors: the packet that is complained about
};

inline void put16(Bytes& out, std::size_t at, std::uint32_t value) {
  out[at] = static_cast<std::uint8_t>(value >> 8);
  out[at + 1] = static_cast<std::uint8_t>(value);
}
inline std::uint16_t get16(std::span<const std::uint8_t> in, std::size_t at) {
  return static_cast<std::uint16_t>(in[at] << 8 | in[at + 1]);
}

/// Of the internet protocols (RFC 1071).
inline std::uint16_t checksum(const Bytes& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<std::uint32_t>(bytes[i] << 8) | (i + 1 < bytes.size() ? bytes[i + 1] : 0u);
  }
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// Of SCTP (RFC 9260): CRC-32C, least significant byte first.
inline std::uint32_t crc32c(const Bytes& bytes) {
  std::uint32_t crc = ~0u;
  for (const auto byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
  }
  return ~crc;
}

inline Bytes ip_header(const net::Ip& source, const net::Ip& destination, std::uint8_t protocol, std::size_t payload,
                       std::uint16_t fragment = 0, std::uint16_t id = 0) {
  Bytes out(source.is_v4() ? 20 : 40);
  if (source.is_v4()) {
    out[0] = 0x45, out[8] = 64, out[9] = protocol;
    put16(out, 2, static_cast<std::uint32_t>(20 + payload));
    put16(out, 4, id), put16(out, 6, fragment);
    std::memcpy(&out[12], source.bytes().data(), 4);
    std::memcpy(&out[16], destination.bytes().data(), 4);
    put16(out, 10, checksum(out));
  } else {
    out[0] = 0x60, out[6] = protocol, out[7] = 64;
    put16(out, 4, static_cast<std::uint32_t>(payload));
    std::memcpy(&out[8], source.bytes().data(), 16);
    std::memcpy(&out[24], destination.bytes().data(), 16);
  }
  return out;
}

/// What follows the IP header, `tail` at its end.
inline Bytes build_payload(const Packet& packet, std::string_view tail) {
  const auto number = packet.protocol.number;
  const bool icmp = packet.protocol == net::icmp || packet.protocol == net::icmpv6;
  Bytes body(packet.protocol == net::tcp ? 20 : 8);  // zeros are fine for a protocol that nobody knows
  if (packet.protocol.has_ports()) put16(body, 0, packet.source_port), put16(body, 2, packet.port);
  std::size_t sum_at = 0;
  if (packet.protocol == net::tcp) {
    body[12] = 5 << 4, body[13] = packet.flags;
    put16(body, 14, 1024);
    sum_at = 16;
  } else if (packet.protocol == net::udp) {
    put16(body, 4, static_cast<std::uint32_t>(8 + tail.size()));
    sum_at = 6;
  } else if (packet.protocol == net::sctp) {
    body.resize(12 + 20);  // the beginning of an association: INIT, with the tail as its parameters
    body[12] = 1, body[19] = 1, body[25] = 1, body[27] = 1;
    put16(body, 14, static_cast<std::uint32_t>(20 + tail.size()));
  } else if (icmp) {
    body[0] = packet.type, body[1] = packet.code;
    if (packet.quoted.empty()) put16(body, 4, packet.source_port);
    body.insert(body.end(), packet.quoted.begin(), packet.quoted.end());
    sum_at = 2;
  }
  body.insert(body.end(), tail.begin(), tail.end());
  if (packet.protocol == net::sctp) {
    const auto crc = crc32c(body);
    for (unsigned i = 0; i < 4; ++i) body[8 + i] = static_cast<std::uint8_t>(crc >> (8 * i));
  }
  if (sum_at == 0) return body;
  Bytes summed;
  if (packet.protocol != net::icmp) {
    for (const auto* address : {&packet.source, &packet.destination})
      summed.insert(summed.end(), address->bytes().begin(), address->bytes().end());
    summed.insert(summed.end(),
                  {0, number, static_cast<std::uint8_t>(body.size() >> 8), static_cast<std::uint8_t>(body.size())});
  }
  summed.insert(summed.end(), body.begin(), body.end());
  put16(body, sum_at, checksum(summed));
  return body;
}

/// The whole IP packet, `tail` at its end.
inline Bytes build(const Packet& packet, std::string_view tail) {
  const auto body = build_payload(packet, tail);
  auto out = ip_header(packet.source, packet.destination, packet.protocol.number, body.size());
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

/// The same in two fragments, of which the first holds `first` bytes, a multiple of eight.
inline std::vector<Bytes> build_fragments(const Packet& packet, std::string_view tail, std::size_t first,
                                          std::uint16_t id) {
  const auto body = build_payload(packet, tail);
  std::vector<Bytes> out;
  for (const bool more : {true, false}) {
    const Bytes part(more ? body.begin() : body.begin() + static_cast<std::ptrdiff_t>(first),
                     more ? body.begin() + static_cast<std::ptrdiff_t>(first) : body.end());
    const auto offset = static_cast<std::uint16_t>(more ? 0 : first);
    Bytes whole;
    if (packet.source.is_v4()) {
      whole = ip_header(packet.source, packet.destination, packet.protocol.number, part.size(),
                        static_cast<std::uint16_t>(offset / 8 | (more ? 0x2000 : 0)), id);
    } else {
      whole = ip_header(packet.source, packet.destination, 44, part.size() + 8);
      Bytes extension(8);
      extension[0] = packet.protocol.number;
      put16(extension, 2, offset | (more ? 1u : 0u));
      put16(extension, 6, id);
      whole.insert(whole.end(), extension.begin(), extension.end());
    }
    whole.insert(whole.end(), part.begin(), part.end());
    out.push_back(std::move(whole));
  }
  return out;
}

/// What an IP packet says on its outside.
struct Seen {
  net::Ip source, destination;
  net::Protocol protocol;
  bool first = true;  // not a later fragment
};
inline std::optional<Seen> read(std::span<const std::uint8_t> bytes) {
  if (bytes.size() >= 20 && bytes[0] >> 4 == 4) {
    return Seen{net::Ip::from_bytes(bytes.subspan(12, 4)),
                net::Ip::from_bytes(bytes.subspan(16, 4)),
                {bytes[9]},
                (get16(bytes, 6) & 0x1fff) == 0};
  }
  if (bytes.size() < 40 || bytes[0] >> 4 != 6) return std::nullopt;
  Seen seen{net::Ip::from_bytes(bytes.subspan(8, 16)), net::Ip::from_bytes(bytes.subspan(24, 16)), {bytes[6]}};
  if (bytes[6] == 44 && bytes.size() >= 48) {
    seen.protocol = {bytes[40]};
    seen.first = (get16(bytes, 42) & 0xfff8) == 0;
  }
  return seen;
}

}  // namespace weft::wire
