#include "schema/json_schema.h"

#include "schema/type.h"

namespace weft::schema {

namespace {

Array texts(std::span<const std::string_view> names) {
  Array array;
  for (const std::string_view name : names) array.emplace_back(std::string(name));
  return array;
}

/// Rules of a leaf.
void add_rules(Object& json, const Rules& rules, Shape::Kind kind) {
  if (kind == Shape::Kind::text) {
    if (!rules.one_of.empty() && !rules.is_any_case) json.set("enum", texts(rules.one_of));
    if (rules.length) json.set("maxLength", static_cast<std::int64_t>(*rules.length));
    const TextRule* rule = rules.format ? rules.format : rules.written;
    if (rule && !rule->pattern.empty()) json.set("pattern", std::string(rule->pattern));
  }
  if (kind == Shape::Kind::whole && rules.range) {
    json.set("minimum", rules.range->low);
    if (rules.range->high != std::numeric_limits<std::int64_t>::max()) json.set("maximum", rules.range->high);
  }
}

Object of_shape(const Shape& shape, const Rules& rules) {
  Object json;
  switch (shape.kind) {
    case Shape::Kind::any: json.set("x-kubernetes-preserve-unknown-fields", true); break;
    case Shape::Kind::boolean: json.set("type", "boolean"); break;
    case Shape::Kind::whole: json.set("type", "integer"); break;
    case Shape::Kind::number: json.set("type", "number"); break;
    case Shape::Kind::text: json.set("type", "string"); break;
    case Shape::Kind::whole_or_text: json.set("x-kubernetes-int-or-string", true); break;
    case Shape::Kind::choice:
      json.set("type", "string");
      json.set("enum", texts(shape.choices));
      break;
    case Shape::Kind::list:
      json.set("type", "array");
      if (rules.at_least) json.set("minItems", static_cast<std::int64_t>(*rules.at_least));
      if (rules.at_most) json.set("maxItems", static_cast<std::int64_t>(*rules.at_most));
      json.set("items", of_shape(shape.element(), rules));
      break;
    case Shape::Kind::map:
      json.set("type", "object");
      if (const Shape element = shape.element(); element.kind == Shape::Kind::any)
        json.set("x-kubernetes-preserve-unknown-fields", true);
      else
        json.set("additionalProperties", of_shape(element, rules));
      break;
    case Shape::Kind::structure: return json_schema(*shape.schema());
  }
  add_rules(json, rules, shape.kind);
  return json;
}

}  // namespace

Object json_schema(const Schema& schema) {
  Object properties;
  Array required;
  for (const Field& field : schema.fields) {
    if (field.rules.is_key_only) continue;
    Object json = of_shape(field.type->shape(), field.rules);
    Object described{{"description", std::string(field.doc)}};
    for (auto& [name, value] : json) {
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

}  // namespace weft::schema
