#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace weft::schema {

class Value;
using Array = std::vector<Value>;
using Member = std::pair<std::string, Value>;

/// An object keeps the order of its members, as in the text it came from.
class Object {
 public:
  Object() = default;
  Object(std::initializer_list<Member> members);
  explicit Object(std::vector<Member> members);  // a name given twice: the last wins

  const Value* find(std::string_view name) const;
  Value* find(std::string_view name);
  /// Replaces the member of that name in its place, or appends one.
  void set(std::string name, Value value);
  bool erase(std::string_view name);
  bool empty() const;
  std::size_t size() const;
  auto begin() const { return members_.begin(); }
  auto end() const { return members_.end(); }
  auto begin() { return members_.begin(); }
  auto end() { return members_.end(); }
  /// Equal members whatever their order.
  bool operator==(const Object& other) const;

 private:
  std::vector<Member> members_;
};

/// A JSON value. Whole numbers stay whole; everything else that is a number is a double.
class Value {
 public:
  using Variant = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object>;

  Value() = default;  // null
  Value(std::nullptr_t) {}
  Value(bool v) : v_(v) {}
  Value(int v) : v_(std::int64_t{v}) {}
  Value(std::int64_t v) : v_(v) {}
  Value(std::uint64_t v);  // held as int64 when it fits
  Value(double v);         // held as an integer when it is whole and fits
  Value(const char* v) : v_(std::string(v)) {}
  Value(std::string_view v) : v_(std::string(v)) {}
  Value(std::string v) : v_(std::move(v)) {}
  Value(Array v) : v_(std::move(v)) {}
  Value(Object v) : v_(std::move(v)) {}

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(v_); }
  const bool* as_bool() const { return std::get_if<bool>(&v_); }
  const std::int64_t* as_int() const { return std::get_if<std::int64_t>(&v_); }
  const std::string* as_string() const { return std::get_if<std::string>(&v_); }
  std::string* as_string() { return std::get_if<std::string>(&v_); }
  const Array* as_array() const { return std::get_if<Array>(&v_); }
  Array* as_array() { return std::get_if<Array>(&v_); }
  const Object* as_object() const { return std::get_if<Object>(&v_); }
  Object* as_object() { return std::get_if<Object>(&v_); }
  bool is_number() const;
  double number() const;  // of any number; 0 when it is none
  const Variant& variant() const { return v_; }

  /// A member of an object, or an array's element given as digits, along a path; null when there is none:
  /// `value.at("spec", "cidr")`.
  template <class... Names>
  const Value* at(std::string_view name, Names... rest) const {
    const Value* child = step(name);
    if constexpr (sizeof...(rest) == 0)
      return child;
    else
      return child ? child->at(rest...) : nullptr;
  }
  /// The text of a member, empty when it is absent or no string.
  std::string_view text(std::string_view name) const;

  bool operator==(const Value&) const = default;

 private:
  const Value* step(std::string_view name) const;
  Variant v_ = nullptr;
};

/// Parses JSON (RFC 8259). Errors say line and column. Depth is limited to 256. Of a member given twice the last wins.
Result<Value> parse_json(std::string_view text);
/// Compact, in member order; with `indent` > 0 spread over lines. Numbers as Go writes them; NaN and infinity as null.
std::string to_json(const Value& value, int indent = 0);
/// The same, appended.
void append_json(std::string& out, const Value& value);
void append_json(std::string& out, std::string_view text);  // as a JSON string
void append_json(std::string& out, double number);

/// Parses the documents of a YAML stream (JSON is YAML), core schema: quoted scalars stay strings. Empty documents are
/// null. Anchors, aliases and merge keys (<<) are resolved. Errors (a member given twice among them) say line and
/// column.
Result<std::vector<Value>> parse_yaml(std::string_view text);
/// yes, on, y and their opposites: YAML 1.1 means true and false by them. They stay text until something that is true
/// or false is wanted, so that a label may be "on" and a pod "n".
std::optional<bool> boolean_word(std::string_view text);
/// Block style, two blanks of indentation, members sorted by name: the form that Kubernetes' tools and calicoctl print.
std::string to_yaml(const Value& value);

}  // namespace weft::schema
