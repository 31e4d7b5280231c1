#pragma once

#include "net/ip.h"

namespace weft::net {

/// A prefix; host bits are always zero.
class Cidr {
 public:
  Cidr() = default;  // 0.0.0.0/0
  /// Clears the host bits.
  Cidr(const Ip& ip, int length);
  /// The address as /32 or /128.
  static Cidr host(const Ip& ip) { return {ip, bits_of(ip.family())}; }

  /// "10.0.0.0/8"; refuses set host bits.
  static Result<Cidr> parse(std::string_view text);
  /// "10.0.0.1/8" or "10.0.0.1": host bits are cleared, a bare address is /32 or /128.
  static Result<Cidr> parse_loose(std::string_view text);

  const Ip& ip() const { return ip_; }  // the first address
  int length() const { return length_; }
  Family family() const { return ip_.family(); }
  bool is_host() const { return length_ == bits_of(family()); }
  Ip last() const;
  bool contains(const Ip& ip) const;
  bool contains(const Cidr& other) const;
  bool overlaps(const Cidr& other) const { return contains(other) || other.contains(*this); }

  auto operator<=>(const Cidr&) const = default;

 private:
  Ip ip_;
  int length_ = 0;
};

std::string to_string(const Cidr& cidr);

/// An address with the prefix length of its network, as on an interface: "10.0.0.1/24".
struct Address {
  Ip ip;
  int length = 32;

  static Result<Address> parse(std::string_view text);  // a bare address is /32 or /128
  Cidr network() const { return {ip, length}; }
  auto operator<=>(const Address&) const = default;
};
std::string to_string(const Address& address);

}  // namespace weft::net
