#include "ctl/template_output.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "schema/document.h"
#include "schema/value.h"
#include "templates/print.h"
#include "templates/template.h"

namespace weft::ctl {
namespace {

using templates::Value;

/// First words of names that Go spells in other letters than "Capitalised".
constexpr std::array<std::pair<std::string_view, std::string_view>, 22> spellings{{
    {"as", "AS"},       {"aws", "AWS"}, {"bgp", "BGP"}, {"bpf", "BPF"},   {"cidr", "CIDR"}, {"http", "HTTP"},
    {"icmp", "ICMP"},   {"id", "ID"},   {"ip", "IP"},   {"ipip", "IPIP"}, {"ips", "IPs"},   {"ipv4", "IPv4"},
    {"ipv6", "IPv6"},   {"mac", "MAC"}, {"mtu", "MTU"}, {"nat", "NAT"},   {"uid", "UID"},   {"vlan", "VLAN"},
    {"vxlan", "VXLAN"}, {"xdp", "XDP"}, {"dns", "DNS"}, {"mac6", "MAC6"},
}};

Value scalar(const schema::Value& json) {
  if (const auto* whole = json.as_int()) return {*whole};
  return Value::from_json(json);
}

Value record_of(const schema::Schema& schema, const schema::Object& members);

/// A member that is not there, of a struct whose C++ object is not at hand.
Value zero(const schema::Type& type) {
  const std::string form = type.form();
  if (type.schema()) return record_of(*type.schema(), {});
  if (form.starts_with("list of")) return Value::list({});
  if (form.starts_with("map of")) return Value::map({});
  if (type.inner()) return Value::nil_pointer();
  if (form == "true or false") return {false};
  if (form == "whole number") return {0};
  if (form == "number") return Value::nil_pointer();
  return {""};
}

Value convert(const schema::Type& type, const schema::Value& json) {
  if (json.is_null()) return Value::nil_pointer();
  const bool map = type.form().starts_with("map of");
  if (const auto* members = json.as_object()) {
    if (type.inner() && !map) return record_of(*type.inner(), *members);
    templates::Map all;
    for (const auto& [name, member] : *members) all[name] = scalar(member);
    return Value::map(std::move(all));
  }
  if (const auto* elements = json.as_array()) {
    templates::List all;
    for (const auto& element : *elements)
      all.push_back(type.inner() && element.as_object() ? record_of(*type.inner(), *element.as_object())
                                                        : scalar(element));
    return Value::list(std::move(all));
  }
  if (type.form() == "number") return {json.number()};
  return scalar(json);
}

Value record_of(const schema::Schema& schema, const schema::Object& members) {
  templates::Fields fields;
  for (const auto& field : schema.fields) {
    const auto* member = members.find(field.name);
    fields.emplace_back(go_name(field.name), member ? convert(*field.type, *member) : zero(*field.type));
  }
  return Value::record(schema.kind, std::move(fields));
}

/// The same, where pointers that are nil can be told from zeros.
Value record_of(const schema::Schema& schema, const void* object) {
  templates::Fields fields;
  for (const auto& field : schema.fields) {
    const void* member = field.in(object);
    if (const auto* inner = field.type->schema()) {
      fields.emplace_back(go_name(field.name), record_of(*inner, member));
      continue;
    }
    std::string text;
    schema::Writer writer{text, false};
    field.type->write(writer, member);
    const auto json = schema::parse_json(text);
    fields.emplace_back(go_name(field.name), json ? convert(*field.type, *json) : Value::nil_pointer());
  }
  return Value::record(schema.kind, std::move(fields));
}

Value join_items(std::span<const Value> arguments, std::size_t longest) {
  const Value& items = arguments[0];
  std::vector<std::string> parts;
  const auto text = [](const Value& value) { return templates::sprint({&value, 1}); };
  switch (items.kind()) {
    case Value::Kind::absent:
    case Value::Kind::nil: return {""};
    case Value::Kind::list:
      for (const auto& item : items.as_list()) parts.push_back(text(item));
      break;
    case Value::Kind::map:
      for (const auto& [name, member] : items.as_map()) parts.push_back(name + '=' + text(member));
      std::sort(parts.begin(), parts.end());
      break;
    default: parts.push_back(text(items));
  }
  std::string joined = join(parts, text(arguments[1]));
  if (longest > 0 && joined.size() > longest) joined = joined.substr(0, longest < 3 ? 0 : longest - 3) + "...";
  return {joined};
}

templates::Functions functions(const schema::Facts& facts) {
  using namespace templates::type;
  return {
      {"join",
       {.parameters = {raw, string},
        .body = [](std::span<const Value> arguments) -> Result<Value> { return join_items(arguments, 0); }}},
      {"joinAndTruncate",
       {.parameters = {raw, string, integer},
        .body = [](std::span<const Value> arguments) -> Result<Value> {
          return join_items(arguments, static_cast<std::size_t>(std::max<std::int64_t>(0, arguments[2].as_integer())));
        }}},
      {"config",
       {.parameters = {string},
        .body = [facts](std::span<const Value> arguments) -> Result<Value> {
          if (to_lower(arguments[0].as_string()) != "asnumber")
            return fail(Code::invalid, "config knows \"asnumber\" only");
          const auto fact = facts.find("asNumber");
          return Value(fact == facts.end() ? "unknown" : fact->second);
        }}},
  };
}

}  // namespace

std::string go_name(std::string_view json_name) {
  std::size_t end = 0;  // of the first word
  while (end < json_name.size() && !(json_name[end] >= 'A' && json_name[end] <= 'Z')) ++end;
  const std::string_view word = json_name.substr(0, end);
  for (const auto& [written, spelt] : spellings) {
    if (word == written) return std::string(spelt).append(json_name.substr(end));
  }
  std::string name(json_name);
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return name;
}

Value template_value(const api::Object& object) {
  const auto& kind = *object.kind;
  const Value all = record_of(kind.schema(), object.data.get());
  templates::Fields fields = {{"Kind", std::string(kind.name)}, {"APIVersion", "projectcalico.org/v3"}};
  for (const auto& [name, value] : all.as_record()) {
    if (name != "Metadata") {
      fields.emplace_back(name, value);
      continue;
    }
    // An embedded struct: its fields are the object's, too.
    fields.emplace_back("ObjectMeta", value);
    for (const auto& field : value.as_record()) fields.push_back(field);
  }
  return Value::record(kind.name, std::move(fields));
}

Value template_list(const api::Kind& kind, const std::vector<api::Object>& objects, const std::string& revision) {
  templates::List items;
  for (const auto& object : objects) items.push_back(template_value(object));
  return Value::record("List", {{"Kind", kind.list_kind()},
                                {"APIVersion", "projectcalico.org/v3"},
                                {"ResourceVersion", revision},
                                {"Items", Value::list(std::move(items))}});
}

Result<std::string> execute_template(const std::string& text, const Value& data, const schema::Facts& facts) {
  return TRY(templates::Template::parse("get", text, functions(facts))).execute(data);
}

}  // namespace weft::ctl
