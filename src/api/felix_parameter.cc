#include "api/felix_parameter.h"

#include <fmt/core.h>

#include <charconv>

#include "api/described.h"
#include "base/strings.h"

namespace weft::api {

using Type = FelixParameter::Type;

const FelixParameter* find_felix_parameter(std::string_view name) {
  static const auto by_name = [] {
    std::map<std::string, const FelixParameter*, std::less<>> map;
    for (const FelixParameter& parameter : felix_parameters()) map[to_lower(parameter.name)] = &parameter;
    return map;
  }();
  const auto found = by_name.find(to_lower(name));
  return found == by_name.end() ? nullptr : found->second;
}

const FelixParameter* find_felix_field(std::string_view field) {
  static const auto by_field = [] {
    std::map<std::string_view, const FelixParameter*> map;
    for (const FelixParameter& parameter : felix_parameters()) {
      if (!parameter.field.empty()) map[parameter.field] = &parameter;
    }
    return map;
  }();
  const auto found = by_field.find(field);
  return found == by_field.end() ? nullptr : found->second;
}

namespace {

std::optional<std::int64_t> whole(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string_view digits = negative ? text.substr(1) : text;
  const int base = digits.starts_with("0x") || digits.starts_with("0X") ? 16 : 10;
  if (base == 16) digits.remove_prefix(2);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.starts_with('-')) return std::nullopt;
  return negative ? -value : value;
}

std::optional<double> decimal(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= -1e15 && value <= 1e15))
    return std::nullopt;
  return value;
}

std::string number_text(double value) {
  std::string text;
  schema::append_json(text, value);
  return text;
}

std::unexpected<Error> must_be(std::string what) { return fail(Code::invalid, "must be " + std::move(what)); }

Result<std::string> integer_value(const FelixParameter& parameter, std::string_view text) {
  const auto value = whole(text);
  if (!value) return must_be("a whole number");
  if (*value < parameter.low || *value > parameter.high) {
    return must_be(fmt::format("a whole number in {}..{}", parameter.low, parameter.high));
  }
  return std::to_string(*value);
}

Result<std::string> choice_value(const FelixParameter& parameter, std::string_view text) {
  const auto choices = split(parameter.choices, ' ');
  for (const std::string& choice : choices) {
    if (to_lower(choice) == to_lower(text)) return choice;
  }
  return must_be("one of " + join(choices, ", "));
}

Result<std::string> address_value(const FelixParameter& parameter, std::string_view text) {
  const auto ip = net::Ip::parse(text);
  const bool v4 = parameter.type == Type::ipv4;
  if (!ip || ip->is_v4() != v4) return must_be(v4 ? "an IPv4 address" : "an IPv6 address");
  return to_string(*ip);
}

Result<std::string> range_value(std::string_view text) {
  const auto dash = text.find('-');
  const auto low = whole(text.substr(0, dash));
  const auto high = dash == std::string_view::npos ? std::nullopt : whole(text.substr(dash + 1));
  if (!low || !high || *low < 1 || *low > *high || *high > 0xffffffff) return must_be("a range such as 1-250");
  return fmt::format("{}-{}", *low, *high);
}

/// tcp:22, udp:[fd00::/8]:53, tcp:10.0.0.0/8:22, or 22 for tcp.
Result<std::string> protocol_port_value(std::string_view text) {
  const auto refuse = [] { return must_be("ports such as tcp:22 or tcp:10.0.0.0/8:22"); };
  const auto first = text.find(':');
  const std::string protocol = first == std::string_view::npos ? "tcp" : to_lower(text.substr(0, first));
  std::string_view rest = first == std::string_view::npos ? text : text.substr(first + 1);
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") return refuse();
  std::string net;
  if (const auto last = rest.rfind(':'); last != std::string_view::npos) {
    std::string_view cidr = rest.substr(0, last);
    rest.remove_prefix(last + 1);
    if (cidr.starts_with('[') && cidr.ends_with(']')) cidr = cidr.substr(1, cidr.size() - 2);
    const auto parsed = net::Cidr::parse_loose(cidr);
    if (!parsed) return refuse();
    net = parsed->ip().is_v6() ? "[" + to_string(*parsed) + "]:" : to_string(*parsed) + ":";
  }
  const auto port = whole(rest);
  if (!port || *port < 1 || *port > 65535) return refuse();
  return fmt::format("{}:{}{}", protocol, net, *port);
}

Result<std::string> pair_value(const FelixParameter& parameter, std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return must_be("a list of name=value");
  const std::string_view value = trim(text.substr(equals + 1));
  if (parameter.type == Type::durations && !parse_duration(value)) return must_be("a list of name=duration");
  return fmt::format("{}={}", trim(text.substr(0, equals)), value);
}

Result<std::string> element_value(const FelixParameter& parameter, std::string_view text) {
  switch (parameter.type) {
    case Type::cidrs: {
      const auto cidr = net::Cidr::parse_loose(text);
      if (!cidr) return must_be("a list of prefixes");
      return to_string(*cidr);
    }
    case Type::pairs:
    case Type::durations: return pair_value(parameter, text);
    case Type::protocol_ports: return protocol_port_value(text);
    case Type::ports:
    case Type::port_list: {
      const auto range = net::PortRange::parse(text);
      if (!range) return must_be("a port or a range of ports such as 30000:32767");
      return to_string(*range);
    }
    case Type::range:
    case Type::ranges: return range_value(text);
    default: return std::string(text);
  }
}

Result<std::string> list_value(const FelixParameter& parameter, std::string_view text) {
  std::vector<std::string> elements;
  for (const std::string& element : split(text, ',')) {
    if (!trim(element).empty()) elements.push_back(TRY(element_value(parameter, trim(element))));
  }
  return join(elements, ",");
}

}  // namespace

Result<std::string> felix_value(const FelixParameter& parameter, std::string_view raw) {
  const std::string_view text = trim(raw);
  if (text.empty()) return std::string();
  const std::string lower = to_lower(text);
  switch (parameter.type) {
    case Type::boolean:
      if (lower == "true" || lower == "1" || lower == "yes" || lower == "y" || lower == "t") return "true";
      if (lower == "false" || lower == "0" || lower == "no" || lower == "n" || lower == "f") return "false";
      return must_be("true or false");
    case Type::integer: return integer_value(parameter, text);
    case Type::choice: return choice_value(parameter, text);
    case Type::seconds:
    case Type::milliseconds: {
      const auto value = decimal(text);
      if (!value) return must_be(parameter.type == Type::seconds ? "a number of seconds" : "a number of milliseconds");
      return number_text(*value);
    }
    case Type::ipv4:
    case Type::ipv6: return address_value(parameter, text);
    case Type::mask: {
      const auto value = whole(text);
      if (!value || *value < 0 || *value > 0xffffffff) return must_be("a mask such as 0xffff0000");
      return fmt::format("0x{:x}", *value);
    }
    case Type::dscp: {
      const auto value = whole(text);
      if (value ? *value < 0 || *value > 63 : dscp(text).has_value()) return must_be(std::string(dscp.doc));
      return std::string(text);
    }
    case Type::text: return std::string(text);
    case Type::path: return lower == "none" ? std::string() : std::string(text);
    case Type::ports:
    case Type::range: return element_value(parameter, text);
    default: return lower == "none" ? std::string() : list_value(parameter, text);
  }
}

namespace {

/// The text of a member of the spec as the store's projection has it (datamodel 8.1).
Result<std::string> projected(const FelixParameter& parameter, const schema::Value& value);

Result<std::string> projected_object(const FelixParameter& parameter, const schema::Object& object) {
  const auto member = [&](std::string_view name) -> std::string {
    const schema::Value* value = object.find(name);
    if (!value || value->is_null()) return {};
    return value->as_string() ? *value->as_string() : schema::to_json(*value);
  };
  switch (parameter.type) {
    case Type::protocol_ports: {
      const std::string net = member("net");
      const std::string protocol = member("protocol").empty() ? "tcp" : to_lower(member("protocol"));
      return protocol + ":" + (net.empty() ? "" : (net.find(':') == net.npos ? net : "[" + net + "]") + ":") +
             member("port");
    }
    case Type::range:
    case Type::ranges: return member("min") + "-" + member("max");
    case Type::durations: return member("name") + "=" + member("timeout");
    case Type::pairs: {
      std::map<std::string, std::string> sorted;
      for (const auto& [name, value] : object) sorted[name] = member(name);
      std::vector<std::string> pairs;
      for (const auto& [name, text] : sorted) pairs.push_back(name + "=" + text);
      return join(pairs, ",");
    }
    default: return must_be("no object");
  }
}

Result<std::string> projected(const FelixParameter& parameter, const schema::Value& value) {
  if (const bool* v = value.as_bool()) {
    const bool is_text = parameter.type == Type::text || parameter.type == Type::texts || parameter.type == Type::path;
    if (parameter.type != Type::boolean && !is_text) return must_be("no true or false");
    return *v ? "true" : "false";
  }
  if (parameter.type == Type::boolean) {
    const auto word = value.as_string() ? schema::boolean_word(*value.as_string()) : std::nullopt;
    if (!word) return must_be("true or false");
    return *word ? "true" : "false";
  }
  if (value.is_number()) {
    if (parameter.type == Type::seconds || parameter.type == Type::milliseconds)
      return must_be("a duration such as 90s");
    return schema::to_json(value);
  }
  if (const std::string* text = value.as_string()) {
    if (parameter.type == Type::integer) return must_be("a whole number");
    if (parameter.type != Type::seconds && parameter.type != Type::milliseconds) return *text;
    const auto duration = parse_duration(*text);
    if (!duration) return must_be("a duration such as 90s");
    const double unit = parameter.type == Type::seconds ? 1e9 : 1e6;
    return number_text(static_cast<double>(duration->value.count()) / unit);
  }
  if (const schema::Array* array = value.as_array()) {
    if (array->empty()) return "none";
    std::vector<std::string> elements;
    for (const schema::Value& element : *array) elements.push_back(TRY(projected(parameter, element)));
    return join(elements, ",");
  }
  if (const schema::Object* object = value.as_object()) return projected_object(parameter, *object);
  return must_be("given");
}

}  // namespace

Result<std::string> felix_member_value(const FelixParameter& parameter, const schema::Value& value) {
  return felix_value(parameter, TRY(projected(parameter, value)));
}

FelixValues felix_values(const FelixConfiguration& configuration, std::vector<std::string>* problems) {
  FelixValues values;
  const auto note = [&](std::string text) {
    if (problems) problems->push_back(std::move(text));
  };
  for (const auto& [name, value] : configuration.spec) {
    if (value.is_null() || (value.as_string() && value.as_string()->empty())) continue;
    const FelixParameter* parameter = find_felix_field(name);
    if (!parameter) {
      if (!felix_spec().find(name)) note("spec." + name + ": is not known");
      continue;
    }
    auto text = felix_member_value(*parameter, value);
    if (text)
      values.insert_or_assign(std::string(parameter->name), std::move(*text));
    else
      note("spec." + name + ": " + text.error().message);
  }
  constexpr std::string_view prefix = "config.projectcalico.org/";
  for (const auto& [name, text] : configuration.metadata.annotations) {
    if (!name.starts_with(prefix)) continue;
    const FelixParameter* parameter = find_felix_parameter(std::string_view(name).substr(prefix.size()));
    if (parameter)
      values.insert_or_assign(std::string(parameter->name), text);
    else
      note("metadata.annotations." + name + ": is not known");
  }
  return values;
}

FelixValues felix_values(std::span<const std::string> environment) {
  FelixValues values;
  for (const std::string& variable : environment) {
    const auto equals = variable.find('=');
    if (equals == std::string::npos || !to_lower(variable.substr(0, equals)).starts_with("felix_")) continue;
    if (const FelixParameter* parameter = find_felix_parameter(variable.substr(6, equals - 6))) {
      values.insert_or_assign(std::string(parameter->name), variable.substr(equals + 1));
    }
  }
  return values;
}

Result<FelixValues> felix_values_of_file(std::string_view text) {
  FelixValues values;
  bool global = false;
  int number = 0;
  for (const std::string& raw : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(raw);
    if (line.empty() || line.starts_with('#') || line.starts_with(';')) continue;
    if (line.starts_with('[')) {
      global = line == "[global]";
      continue;
    }
    const auto equals = line.find('=');
    if (equals == std::string_view::npos)
      return fail(Code::invalid, fmt::format("line {}: expected name = value", number));
    if (!global) continue;
    if (const FelixParameter* parameter = find_felix_parameter(trim(line.substr(0, equals)))) {
      values.insert_or_assign(std::string(parameter->name), std::string(trim(line.substr(equals + 1))));
    }
  }
  return values;
}

}  // namespace weft::api
