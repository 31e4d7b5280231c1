#include "schema/description.h"

#include <algorithm>
#include <bitset>

#include "base/strings.h"
#include "schema/spelling.h"
#include "schema/type.h"

namespace weft::schema {

constexpr std::string_view api_version = "projectcalico.org/v3";

std::string Path::text() const {
  std::string text = parent ? parent->text() : "";
  if (index >= 0) return text + "[" + std::to_string(index) + "]";
  if (!text.empty() && !name.empty()) text += '.';
  return text.append(name);
}

void Reader::problem(const Path& path, const Value& value, std::string rule) {
  problems.push_back({path.text(), type::shortened(to_json(value)), std::move(rule)});
}

void Checker::problem(const Path& path, std::string value_json, std::string rule) {
  problems.push_back({path.text(), type::shortened(std::move(value_json)), std::move(rule)});
}

const Field* Schema::find(std::string_view name) const {
  for (const Field& field : fields) {
    if (field.name == name && !field.rules.is_key_only) return &field;
  }
  return nullptr;
}

Extra* Schema::extra_of(void* object) const {
  return extra_offset < 0 ? nullptr : reinterpret_cast<Extra*>(static_cast<char*>(object) + extra_offset);
}
const Extra* Schema::extra_of(const void* object) const { return extra_of(const_cast<void*>(object)); }

namespace {

/// The field a member belongs to. Documents mostly name members in the order of the description, so the search begins
/// after the field found last.
const Field* find_from(const Schema& schema, std::string_view name, std::size_t& next) {
  const std::size_t count = schema.fields.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = (next + i) % count;
    if (schema.fields[at].name != name || schema.fields[at].rules.is_key_only) continue;
    next = at + 1;
    return &schema.fields[at];
  }
  for (const Field& field : schema.fields) {  // as Go reads them, names match whatever their case
    if (!field.rules.is_key_only && field.name.size() == name.size() && to_lower(field.name) == to_lower(name))
      return &field;
  }
  return nullptr;
}

void read_unknown(const Schema& schema, Reader& reader, const Path& path, std::string& name, const Value& value,
                  void* object) {
  if (reader.strict && std::find(schema.passed.begin(), schema.passed.end(), name) == schema.passed.end()) {
    std::vector<std::string_view> known(schema.passed);
    for (const Field& field : schema.fields) {
      if (!field.rules.is_key_only) known.push_back(field.name);
    }
    const std::string_view meant = nearest(name, known);
    reader.problem(Path{&path, name}, value,
                   meant.empty() ? "is not known" : "is not known; did you mean \"" + std::string(meant) + "\"?");
    return;
  }
  if (Extra* extra = schema.extra_of(object); extra && !value.is_null()) (*extra)[std::move(name)] = to_json(value);
}

bool read_envelope(const Schema& schema, Reader& reader, const Path& path, std::string_view name, const Value& value) {
  if (!schema.is_resource) return false;
  if (name == "kind") {
    if (!value.as_string() || *value.as_string() != schema.kind) {
      reader.problem(Path{&path, name}, value, "must be " + std::string(schema.kind));
    }
    return true;
  }
  if (name == "apiVersion") {
    if (reader.strict && (!value.as_string() || *value.as_string() != api_version)) {
      reader.problem(Path{&path, name}, value, "must be " + std::string(api_version));
    }
    return true;
  }
  return false;
}

/// What is at a path as "spec.cidr" of an object, as JSON; empty when nothing is.
std::string json_at(const Schema& schema, const void* object, std::string_view path) {
  const auto dot = path.find('.');
  const Field* field = schema.find(path.substr(0, dot));
  if (!field || field->type->is_empty(field->in(object))) return {};
  if (dot != path.npos && field->type->schema())
    return json_at(*field->type->schema(), field->in(object), path.substr(dot + 1));
  if (dot != path.npos) return {};
  std::string json;
  Writer writer{json};
  field->type->write(writer, field->in(object));
  return json;
}

/// A struct within that is left out of the JSON: nothing is required of it and nothing filled in.
bool is_absent(const Field& field, const void* object) {
  return field.type->schema() && !field.rules.is_always && field.type->is_empty(field.in(object));
}

}  // namespace

void read_struct(const Schema& schema, Reader& reader, const Path& path, Value& value, void* object) {
  Object* members = value.as_object();
  if (!members) {
    reader.problem(path, value, "must be an object");
    return;
  }
  std::bitset<64> given;
  std::size_t next = 0;
  for (auto& [name, member] : *members) {
    if (read_envelope(schema, reader, path, name, member)) continue;
    const Field* field = find_from(schema, name, next);
    if (!field) {
      read_unknown(schema, reader, path, const_cast<std::string&>(name), member, object);
      continue;
    }
    if (!member.is_null() || !reader.strict) given.set(static_cast<std::size_t>(field - schema.fields.data()));
    if (member.is_null()) continue;  // as Go reads it: left as it is
    field->type->read(reader, Path{&path, field->name}, field->rules, member, field->in(object));
  }
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const Field& field = schema.fields[i];
    if (field.rules.is_required && !given[i] && !field.rules.is_key_only) {
      reader.problem(Path{&path, field.name}, Value(), "is required");
    }
  }
}

void write_struct(const Schema& schema, Writer& writer, const void* object) {
  writer.out += '{';
  bool first = true;
  const auto name = [&](std::string_view text) {
    if (!std::exchange(first, false)) writer.out += ',';
    append_json(writer.out, text);
    writer.out += ':';
  };
  if (schema.is_resource) {
    name("kind");
    append_json(writer.out, schema.kind);
    name("apiVersion");
    append_json(writer.out, api_version);
  }
  for (const Field& field : schema.fields) {
    if (field.rules.is_key_only || (writer.stored && field.rules.is_not_stored)) continue;
    const bool needed = field.rules.is_always || field.rules.is_required;
    if (!needed && field.type->is_empty(field.in(object))) continue;
    name(field.name);
    field.type->write(writer, field.in(object));
  }
  if (const Extra* extra = schema.extra_of(object)) {
    for (const auto& [key, json] : *extra) {
      name(key);
      writer.out += json;
    }
  }
  writer.out += '}';
}

bool is_empty_struct(const Schema& schema, const void* object) {
  for (const Field& field : schema.fields) {
    if (field.rules.is_always || !field.type->is_empty(field.in(object))) return false;
  }
  const Extra* extra = schema.extra_of(object);
  return !extra || extra->empty();
}

void check_struct(const Schema& schema, Checker& checker, const Path& path, const void* object) {
  for (const Field& field : schema.fields) {
    const Path here{&path, field.name};
    if (field.rules.is_required && field.type->is_empty(field.in(object))) {
      checker.problem(here, "", "is required");
      continue;
    }
    if (is_absent(field, object)) continue;
    field.type->check(checker, here, field.rules, field.in(object));
  }
  for (const auto& check : schema.checks) {
    check(object, [&](std::string_view name, const Value& value, std::string rule) {
      checker.problem(Path{&path, name}, value.is_null() ? json_at(schema, object, name) : to_json(value),
                      std::move(rule));
    });
  }
}

void fill_struct(const Schema& schema, void* object, bool reading) {
  for (const Field& field : schema.fields) {
    void* member = field.in(object);
    if (field.rules.fallback && (!reading || field.rules.fallback_on_read) && field.type->is_empty(member)) {
      Reader reader;
      Value value = *field.rules.fallback;
      field.type->read(reader, Path{nullptr, field.name}, field.rules, value, member);
      CHECK(reader.problems.empty());
    }
    if (!is_absent(field, object)) field.type->fill(member, reading);
  }
  for (const auto& fill : schema.fills) fill(object, reading);
}

}  // namespace weft::schema
