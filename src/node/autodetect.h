#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "net/cidr.h"
#include "node/settings.h"

/// Finding the node's own address.
namespace weft::node {

/// An interface of this machine and its addresses, in the kernel's order.
struct Interface {
  std::string name;
  bool up = false;
  std::vector<net::Address> addresses;
};

/// All interfaces of this network namespace, by index.
Result<std::vector<Interface>> read_interfaces();

/// What a method found.
struct Found {
  std::string interface;
  net::Address address;
  bool operator==(const Found&) const = default;
};

/// The address that the kernel would send from towards `destination`, an address or a host name.
/// @return  Code::unavailable when there is no route
Result<net::Ip> source_towards(const std::string& destination, net::Family family);

/// The first global unicast address of the family that the method allows, interfaces in their order. An interface that
/// is down is passed over; first_found and skip_interface also pass over those that container engines and we make.
/// @param source  for can_reach: the answer of source_towards()
/// @return  Code::not_found, saying by which method nothing was found
Result<Found> autodetect(const Method& method, net::Family family, const std::vector<Interface>& interfaces,
                         const net::Ip* source = nullptr);

/// read_interfaces(), source_towards() and autodetect() together.
Result<Found> autodetect_here(const Method& method, net::Family family);

}  // namespace weft::node
