#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "net/cidr.h"
#include "schema/value.h"

namespace weft::ctl {

/// Members of a JSON object that is a question, found whatever the case of their names. One that is absent or null is
/// empty, zero, false; one of another type is an error that names it.
class Arguments {
 public:
  explicit Arguments(const schema::Object& object) : object_(object) {}

  bool has(std::string_view name) const { return find(name) != nullptr; }
  Result<std::string> text(std::string_view name) const;
  Result<int> number(std::string_view name) const;
  Result<std::optional<std::uint64_t>> sequence(std::string_view name) const;
  Result<bool> flag(std::string_view name) const;
  Result<std::vector<std::string>> texts(std::string_view name) const;
  Result<std::map<std::string, std::string>> map(std::string_view name) const;
  Result<schema::Array> list(std::string_view name) const;
  /// nullptr: absent.
  Result<const schema::Object*> object(std::string_view name) const;
  Result<net::Ip> ip(std::string_view name) const;      // required
  Result<net::Cidr> cidr(std::string_view name) const;  // required; host bits are cleared

 private:
  /// nullptr: absent or null.
  const schema::Value* find(std::string_view name) const;

  const schema::Object& object_;
};

}  // namespace weft::ctl
