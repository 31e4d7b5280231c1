#include "schema/json_schema.h"

#include <algorithm>
#include <cctype>

#include "schema/type.h"

namespace weft::schema {

namespace {

/// Where a value stands: as a member that may be absent, as one that may not, or in a list.
enum class Place { member, required, element };

/// One of the texts, in any case: the language has no flag for that.
std::string in_any_case(std::span<const std::string_view> texts) {
  std::string pattern;
  for (const std::string_view text : texts) {
    pattern += pattern.empty() ? "^(" : "|";
    for (const char c : text) {
      const auto upper = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      const auto lower = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      pattern += upper == lower ? std::string{c} : std::string{'[', upper, lower, ']'};
    }
  }
  return pattern + ")$";
}

std::string pattern_of(const Shape& shape, const Rules& rules) {
  if (rules.is_any_case) return in_any_case(rules.one_of);
  const TextRule* rule = rules.format ? rules.format : rules.written;
  return std::string(rule && !rule->pattern.empty() ? rule->pattern : shape.pattern);
}

class Generator {
 public:
  explicit Generator(Dialect dialect) : dialect_(dialect) {}
  Object of(const Schema& schema) const;

 private:
  Object of(const Shape& shape, const Rules& rules, Place place) const;
  void add_type(Object& json, const Shape& shape, const Rules& rules, Place place) const;
  void add_choices(Object& json, const Shape& shape, const Rules& rules, Place place) const;
  bool takes_null(const Shape& shape, const Rules& rules, Place place) const;

  Dialect dialect_;
};

bool Generator::takes_null(const Shape& shape, const Rules& rules, Place place) const {
  if (dialect_ == Dialect::kubernetes) return shape.takes_null && (place == Place::element || rules.is_always);
  if (place != Place::element) return place == Place::member;
  return shape.takes_null || (shape.takes_scalars && rules.one_of.empty() && !rules.format);  // null is an empty text
}

void Generator::add_type(Object& json, const Shape& shape, const Rules& rules, Place place) const {
  Array types;
  switch (shape.kind) {
    case Shape::Kind::any: break;
    case Shape::Kind::boolean: types = {"boolean"}; break;
    case Shape::Kind::whole: types = {"integer"}; break;
    case Shape::Kind::number: types = {"number"}; break;
    case Shape::Kind::text:
    case Shape::Kind::choice: types = {"string"}; break;
    case Shape::Kind::whole_or_text: types = {"integer", "string"}; break;
    case Shape::Kind::list: types = {"array"}; break;
    case Shape::Kind::map:
    case Shape::Kind::structure: types = {"object"}; break;
  }
  const bool null = takes_null(shape, rules, place);
  if (dialect_ == Dialect::kubernetes) {
    if (types.empty()) json.set("x-kubernetes-preserve-unknown-fields", true);
    if (types.size() == 1) json.set("type", types.front());
    if (types.size() > 1) json.set("x-kubernetes-int-or-string", true);
    if (null) json.set("nullable", true);
    return;
  }
  if (types.empty()) return;
  if (shape.takes_scalars && rules.one_of.empty()) types.insert(types.end(), {"number", "boolean"});
  if (null) types.emplace_back("null");
  json.set("type", types.size() == 1 ? types.front() : Value(types));
}

/// The values, where there are few.
void Generator::add_choices(Object& json, const Shape& shape, const Rules& rules, Place place) const {
  Array values;
  for (const std::int64_t number : rules.numbers) values.emplace_back(number);
  if (!rules.is_any_case) {
    for (const std::string_view name : rules.one_of.empty() ? shape.choices : rules.one_of) values.emplace_back(name);
  }
  if (values.empty()) return;
  if (dialect_ == Dialect::documents) {
    const bool empty = shape.takes_empty && place == Place::member;
    if (empty && std::find(values.begin(), values.end(), Value("")) == values.end()) values.emplace_back("");
    if (takes_null(shape, rules, place)) values.emplace_back(nullptr);
  }
  json.set("enum", std::move(values));
}

Object Generator::of(const Shape& shape, const Rules& rules, Place place) const {
  if (shape.kind == Shape::Kind::structure || rules.members) {
    Object json = of(rules.members ? rules.members() : *shape.schema());
    add_type(json, shape, rules, place);
    return json;
  }
  Object json;
  add_type(json, shape, rules, place);
  switch (shape.kind) {
    case Shape::Kind::list:
      if (rules.at_least) json.set("minItems", static_cast<std::int64_t>(*rules.at_least));
      if (rules.at_most) json.set("maxItems", static_cast<std::int64_t>(*rules.at_most));
      json.set("items", of(shape.element(), rules, Place::element));
      return json;
    case Shape::Kind::map:
      if (const Shape element = shape.element(); element.kind != Shape::Kind::any)
        json.set("additionalProperties", of(element, rules, Place::member));
      else if (dialect_ == Dialect::kubernetes)
        json.set("x-kubernetes-preserve-unknown-fields", true);
      return json;
    default: break;
  }
  add_choices(json, shape, rules, place);
  if (const auto& range = rules.range ? rules.range : shape.range) {
    if (range->low != std::numeric_limits<std::int64_t>::min()) json.set("minimum", range->low);
    if (range->high != std::numeric_limits<std::int64_t>::max()) json.set("maximum", range->high);
  }
  if (rules.length) json.set("maxLength", static_cast<std::int64_t>(*rules.length));
  if (const std::string pattern = pattern_of(shape, rules); !pattern.empty())
    json.set("pattern", (shape.takes_empty && place == Place::member ? "^$|" : "") + pattern);
  return json;
}

Object Generator::of(const Schema& schema) const {
  Object properties;
  Array required;
  for (const Field& field : schema.fields) {
    if (field.rules.is_key_only) continue;
    Object described{{"description", std::string(field.doc)}};
    for (auto& [name, value] :
         of(field.type->shape(), field.rules, field.rules.is_required ? Place::required : Place::member)) {
      if (name != "description") described.set(name, std::move(value));
    }
    if (field.rules.fallback) described.set("default", *field.rules.fallback);
    properties.set(std::string(field.name), std::move(described));
    if (field.rules.is_required) required.emplace_back(std::string(field.name));
  }
  Object json{{"description", std::string(schema.doc)}, {"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) json.set("required", std::move(required));
  return json;
}

}  // namespace

Object json_schema(const Schema& schema, Dialect dialect) { return Generator(dialect).of(schema); }

}  // namespace weft::schema
