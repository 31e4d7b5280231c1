#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/cidr.h"
#include "schema/value.h"

namespace weft::cni {

/// What ADD answers, in the form of specification 1.x; other versions are read into it and written from it.
struct AddResult {
  struct Interface {
    std::string name;
    std::string mac;
    std::string sandbox;
    bool operator==(const Interface&) const = default;
  };
  struct Address {
    net::Address address;
    std::optional<net::Ip> gateway;
    std::optional<int> interface;  // index into interfaces
    bool operator==(const Address&) const = default;
  };
  struct Route {
    net::Cidr dst;
    std::optional<net::Ip> gateway;
    bool operator==(const Route&) const = default;
  };
  std::vector<Interface> interfaces;
  std::vector<Address> addresses;
  std::vector<Route> routes;
  schema::Object dns;
  bool operator==(const AddResult&) const = default;

  /// Of any version from 0.1.0 to 1.1.0; without cniVersion: by its shape. Errors name the field.
  static Result<AddResult> parse(const schema::Value& value);
};

/// As that version of the specification has it. 0.1.0 and 0.2.0 know one address a family and no interfaces.
std::string to_json(const AddResult& result, std::string_view version);

}  // namespace weft::cni
