#include "templates/value.h"

#include "schema/value.h"

namespace weft::templates {

Value Value::nil() {
  Value v;
  v.v_ = Nil{};
  v.type_ = type::any;
  return v;
}

Value Value::nil_pointer(std::string_view shown) {
  Value v;
  v.v_ = Nil{shown};
  v.type_ = type::pointer;
  return v;
}

Value Value::pointer_to(Value value) {
  value.pointed_to_ = true;
  return value;
}

Value Value::natural(std::uint64_t number, std::string_view type) {
  Value v;
  v.v_ = number;
  v.type_ = type;
  return v;
}

Value Value::list(List items, std::string_view type) {
  Value v;
  v.v_ = std::make_shared<const List>(std::move(items));
  v.type_ = type;
  return v;
}

Value Value::strings(const std::vector<std::string>& items) {
  return list(List(items.begin(), items.end()), type::strings);
}

Value Value::map(Map members, std::string_view type) {
  Value v;
  v.v_ = std::make_shared<const Map>(std::move(members));
  v.type_ = type;
  return v;
}

Value Value::record(std::string_view type, Fields fields) {
  Value v;
  v.v_ = std::make_shared<const Fields>(std::move(fields));
  v.type_ = type;
  return v;
}

Value Value::pair(std::string key, std::string value) {
  return record(type::pair, {{"Key", std::move(key)}, {"Value", std::move(value)}});
}

Value Value::function(Callable callable) {
  Value v;
  v.v_ = std::make_shared<const Callable>(std::move(callable));
  v.type_ = type::function;
  return v;
}

Value Value::from_json(const schema::Value& json) {
  if (json.is_null()) return nil();
  if (const auto* v = json.as_bool()) return *v;
  if (const auto* v = json.as_string()) return *v;
  if (const auto* array = json.as_array()) {
    List items;
    items.reserve(array->size());
    for (const auto& item : *array) items.push_back(from_json(item));
    return list(std::move(items));
  }
  if (const auto* object = json.as_object()) {
    Map members;
    for (const auto& [name, member] : *object) members.insert_or_assign(name, from_json(member));
    return map(std::move(members));
  }
  return json.number();
}

bool Value::truth() const {
  if (pointed_to_) return true;
  switch (kind()) {
    case Kind::absent:
    case Kind::nil: return false;
    case Kind::boolean: return as_bool();
    case Kind::integer: return as_integer() != 0;
    case Kind::natural: return as_natural() != 0;
    case Kind::real: return as_real() != 0;
    case Kind::string: return !as_string().empty();
    case Kind::list: return !as_list().empty();
    case Kind::map: return !as_map().empty();
    case Kind::record:
    case Kind::function: return true;
  }
  return false;
}

}  // namespace weft::templates
