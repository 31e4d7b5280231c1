#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace weft::schema {
class Value;
}

namespace weft::templates {

/// Names of Go types, as templates print them and as parameters of functions ask for them.
namespace type {
inline constexpr std::string_view any = "interface {}";
inline constexpr std::string_view raw = "reflect.Value";  // a parameter that takes anything, also what is absent
inline constexpr std::string_view boolean = "bool";
inline constexpr std::string_view integer = "int";
inline constexpr std::string_view byte = "uint8";
inline constexpr std::string_view real = "float64";
inline constexpr std::string_view string = "string";
inline constexpr std::string_view list = "[]interface {}";
inline constexpr std::string_view strings = "[]string";
inline constexpr std::string_view map = "map[string]interface {}";
inline constexpr std::string_view string_map = "map[string]string";
inline constexpr std::string_view pair = "memkv.KVPair";
inline constexpr std::string_view pairs = "memkv.KVPairs";
inline constexpr std::string_view pair_list = "[]memkv.KVPair";
inline constexpr std::string_view integers = "[]int";
inline constexpr std::string_view function = "func";
inline constexpr std::string_view pointer = "*";  // to whatever, and nil
}  // namespace type

class Value;
using List = std::vector<Value>;
using Map = std::map<std::string, Value, std::less<>>;
/// Fields of a Go struct; a function among them is a method, and a nameless first one is what printing shows.
using Fields = std::vector<std::pair<std::string, Value>>;

/// A function that a template can call: types of its parameters, and the body. The last parameter repeats when
/// `variadic`.
struct Callable {
  std::vector<std::string_view> parameters;
  bool variadic = false;
  std::function<Result<Value>(std::span<const Value> arguments)> body;
};
using Functions = std::map<std::string, Callable, std::less<>>;

/// A value as a Go template sees it. Copies are cheap: containers are shared and never change.
class Value {
 public:
  enum class Kind { absent, nil, boolean, integer, natural, real, string, list, map, record, function };

  Value() = default;  // absent: prints as "<no value>"
  Value(bool v) : v_(v), type_(type::boolean) {}
  Value(int v) : v_(std::int64_t{v}), type_(type::integer) {}
  Value(std::int64_t v) : v_(v), type_(type::integer) {}
  Value(double v) : v_(v), type_(type::real) {}
  Value(const char* v) : v_(std::string(v)), type_(type::string) {}
  Value(std::string_view v) : v_(std::string(v)), type_(type::string) {}
  Value(std::string v) : v_(std::move(v)), type_(type::string) {}

  static Value nil();  // an empty interface
  /// @param shown  what it prints as; valid as long as the program runs
  static Value nil_pointer(std::string_view shown = "<nil>");
  /// The same, true even when it is the zero of its type.
  static Value pointer_to(Value value);
  static Value natural(std::uint64_t v, std::string_view type = type::byte);
  static Value list(List items, std::string_view type = type::list);
  static Value strings(const std::vector<std::string>& items);
  static Value map(Map members, std::string_view type = type::map);
  static Value record(std::string_view type, Fields fields);
  static Value pair(std::string key, std::string value);  // what `get` returns
  static Value function(Callable callable);
  /// JSON as Go decodes it into an empty interface: every number is a float64.
  static Value from_json(const schema::Value& json);

  Kind kind() const { return static_cast<Kind>(v_.index()); }
  /// The Go type; valid as long as the program runs.
  std::string_view type() const { return type_; }
  /// Members and elements of an interface type lose their own type until a pipeline looks inside.
  bool holds_interfaces() const { return type_ == type::list || type_ == type::map; }

  bool is_absent() const { return kind() == Kind::absent; }
  bool is_nil() const { return kind() == Kind::nil; }
  bool is_nil_pointer() const { return is_nil() && type_ == type::pointer; }
  std::string_view shown() const { return std::get<Nil>(v_).text; }  // of a nil
  bool as_bool() const { return std::get<bool>(v_); }
  std::int64_t as_integer() const { return std::get<std::int64_t>(v_); }
  std::uint64_t as_natural() const { return std::get<std::uint64_t>(v_); }
  double as_real() const { return std::get<double>(v_); }
  const std::string& as_string() const { return std::get<std::string>(v_); }
  const List& as_list() const { return *std::get<std::shared_ptr<const List>>(v_); }
  const Map& as_map() const { return *std::get<std::shared_ptr<const Map>>(v_); }
  const Fields& as_record() const { return *std::get<std::shared_ptr<const Fields>>(v_); }
  const Callable& as_function() const { return *std::get<std::shared_ptr<const Callable>>(v_); }

  /// The zero of its type is false; a record, and what a pointer points to, is always true.
  bool truth() const;

 private:
  struct Nil {
    std::string_view text = "<nil>";
  };
  std::variant<std::monostate, Nil, bool, std::int64_t, std::uint64_t, double, std::string, std::shared_ptr<const List>,
               std::shared_ptr<const Map>, std::shared_ptr<const Fields>, std::shared_ptr<const Callable>>
      v_;
  std::string_view type_;
  bool pointed_to_ = false;
};

}  // namespace weft::templates
