#include "ctl/arguments.h"

#include <limits>

#include <fmt/core.h>

#include "base/strings.h"

namespace weft::ctl {

namespace {

std::unexpected<Error> must_be(std::string_view name, std::string_view what) {
  return fail(Code::invalid, fmt::format("{}: must be {}", name, what));
}

}  // namespace

const schema::Value* Arguments::find(std::string_view name) const {
  const schema::Value* value = object_.find(name);
  if (value == nullptr) {
    const std::string wanted = to_lower(name);
    for (const auto& [key, each] : object_)
      if (to_lower(key) == wanted) value = &each;
  }
  return value != nullptr && !value->is_null() ? value : nullptr;
}

Result<std::string> Arguments::text(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::string();
  if (const auto* text = value->as_string()) return *text;
  return must_be(name, "a string");
}

Result<int> Arguments::number(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr) return 0;
  const auto* number = value->as_int();
  if (number == nullptr || *number < std::numeric_limits<int>::min() || *number > std::numeric_limits<int>::max())
    return must_be(name, "a whole number");
  return static_cast<int>(*number);
}

Result<std::optional<std::uint64_t>> Arguments::sequence(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::optional<std::uint64_t>{};
  if (const auto* number = std::get_if<std::uint64_t>(&value->variant())) return *number;
  const auto* number = value->as_int();
  if (number == nullptr || *number < 0) return must_be(name, "a number without sign");
  return static_cast<std::uint64_t>(*number);
}

Result<bool> Arguments::flag(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr) return false;
  if (const auto* flag = value->as_bool()) return *flag;
  return must_be(name, "true or false");
}

Result<schema::Array> Arguments::list(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr) return schema::Array();
  if (const auto* list = value->as_array()) return *list;
  return must_be(name, "a list");
}

Result<std::vector<std::string>> Arguments::texts(std::string_view name) const {
  std::vector<std::string> texts;
  for (const auto& each : TRY(list(name))) {
    if (each.as_string() == nullptr) return must_be(name, "a list of strings");
    texts.push_back(*each.as_string());
  }
  return texts;
}

Result<const schema::Object*> Arguments::object(std::string_view name) const {
  const auto* value = find(name);
  const schema::Object* none = nullptr;
  if (value == nullptr) return none;
  if (const auto* object = value->as_object()) return object;
  return must_be(name, "an object");
}

Result<std::map<std::string, std::string>> Arguments::map(std::string_view name) const {
  std::map<std::string, std::string> map;
  const auto* found = TRY(object(name));
  if (found == nullptr) return map;
  for (const auto& [key, value] : *found) {
    if (value.as_string() == nullptr) return must_be(name, "an object of strings");
    map[key] = *value.as_string();
  }
  return map;
}

Result<net::Ip> Arguments::ip(std::string_view name) const {
  return TRY(within(net::Ip::parse(TRY(text(name))), name));
}

Result<net::Cidr> Arguments::cidr(std::string_view name) const {
  return TRY(within(net::Cidr::parse_loose(TRY(text(name))), name));
}

}  // namespace weft::ctl
