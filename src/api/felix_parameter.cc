#include "api/felix_parameter.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <regex>

#include "api/described.h"
#include "base/strings.h"
#include "schema/spelling.h"

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

constexpr std::string_view dscp_names[] = {"DF",   "LE",   "EF",   "VA",   "CS0",  "CS1",  "CS2",  "CS3",
                                           "CS4",  "CS5",  "CS6",  "CS7",  "AF11", "AF12", "AF13", "AF21",
                                           "AF22", "AF23", "AF31", "AF32", "AF33", "AF41", "AF42", "AF43"};

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
      const bool named = std::any_of(std::begin(dscp_names), std::end(dscp_names),
                                     [&](std::string_view name) { return to_lower(name) == lower; });
      if (!named && (!value || *value < 0 || *value > 63)) return must_be("0..63 or a name such as EF");
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
    if (parameter.type != Type::boolean) return must_be("no true or false");
    return *v ? "true" : "false";
  }
  if (parameter.type == Type::boolean) return must_be("true or false");
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

bool is_other_member(std::string_view name) { return name == "nodeSelector" || name.starts_with("debug"); }

}  // namespace

FelixValues felix_values(const FelixConfiguration& configuration, std::vector<std::string>* problems) {
  FelixValues values;
  const auto note = [&](std::string text) {
    if (problems) problems->push_back(std::move(text));
  };
  for (const auto& [name, value] : configuration.spec) {
    if (value.is_null() || (value.as_string() && value.as_string()->empty())) continue;
    const FelixParameter* parameter = find_felix_field(name);
    if (!parameter) {
      if (!is_other_member(name)) note("spec." + name + ": is not known");
      continue;
    }
    auto text = projected(*parameter, value);
    if (text) text = felix_value(*parameter, *text);
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

namespace {

bool is_list(const FelixParameter& parameter) {
  switch (parameter.type) {
    case Type::cidrs:
    case Type::protocol_ports:
    case Type::port_list:
    case Type::ranges:
    case Type::durations: return true;
    default: return parameter.field == "bpfForceTrackPacketsFromIfaces";
  }
}
bool is_object(const FelixParameter& parameter) {
  return parameter.type == Type::range || parameter.field == "bpfConntrackTimeouts" ||
         parameter.field == "bpfLogFilters";
}
/// Where an empty text is not the same as none.
bool is_never_text(const FelixParameter& parameter) {
  switch (parameter.type) {
    case Type::boolean:
    case Type::integer:
    case Type::seconds:
    case Type::milliseconds:
    case Type::mask:
    case Type::dscp:
    case Type::ports: return true;
    default: return false;
  }
}

bool matches(const std::string& text, const char* pattern) { return std::regex_match(text, std::regex(pattern)); }

/// Choices that the resource takes in any case; all others as they are spelled.
bool is_any_case(std::string_view field) {
  constexpr std::string_view fields[] = {"bpfEnforceRPF",
                                         "bpfExternalServiceMode",
                                         "bpfLogLevel",
                                         "bpfMapSizeConntrackScaling",
                                         "bpfCTLBLogFilter",
                                         "chainInsertMode",
                                         "defaultEndpointToHostAction",
                                         "iptablesFilterAllowAction",
                                         "iptablesFilterDenyAction",
                                         "iptablesMangleAllowAction",
                                         "logSeverityFile",
                                         "logSeverityScreen",
                                         "logSeveritySys",
                                         "nftablesFilterAllowAction",
                                         "nftablesFilterDenyAction",
                                         "nftablesMangleAllowAction",
                                         "routeSource"};
  return std::find(std::begin(fields), std::end(fields), field) != std::end(fields);
}

std::optional<std::string> broken_choice(const FelixParameter& parameter, const std::string& text) {
  if (is_any_case(parameter.field)) return std::nullopt;  // the parameter itself looks
  std::string_view choices = parameter.choices;
  if (parameter.field == "iptablesBackend") choices = "Legacy NFT Auto";
  if (parameter.field == "bpfConntrackLogLevel") choices = "Off Debug";
  const auto known = split(choices, ' ');
  if (std::find(known.begin(), known.end(), text) != known.end()) return std::nullopt;
  return "must be one of " + join(known, ", ");
}

std::optional<std::string> broken_text(const FelixParameter& parameter, const std::string& text) {
  if (text.empty()) return is_never_text(parameter) ? std::optional<std::string>("may not be empty") : std::nullopt;
  const std::string_view field = parameter.field;
  if (parameter.type == Type::choice) return broken_choice(parameter, text);
  if (field == "logPrefix" && !matches(text, "[a-zA-Z0-9%: /_-]*")) return "may hold letters, digits and %: /_- only";
  if (field == "logActionRateLimit" && !matches(text, "[1-9][0-9]{0,3}/(second|minute|hour|day)"))
    return "must be a rate such as 10/second";
  if (field == "prometheusMetricsHost" && !matches(text, "[a-zA-Z0-9:._+-]{1,64}")) return "must be the name of a host";
  if (field == "iptablesNATOutgoingInterfaceFilter" && !matches(text, "[a-zA-Z0-9:._+-]{1,15}"))
    return "must be the name of an interface, + at its end for any";
  if (field.starts_with("wireguardInterfaceName")) return interface_name(text);
  if (field == "openstackRegion") return text.size() > 46 ? std::optional<std::string>("is too long") : dns_label(text);
  if (parameter.name.ends_with("IfacePattern") || field == "logDebugFilenameRegex" || field == "bpfDisableGROForIfaces")
    return regular_expression(text);
  return std::nullopt;
}

std::int64_t number_of(const schema::Value& object, std::string_view member) {
  const auto* number = object.at(member) ? object.at(member)->as_int() : nullptr;
  return number ? *number : 0;
}

std::optional<std::string> broken_element(const FelixParameter& parameter, const schema::Value& element) {
  const std::string* text = element.as_string();
  if (parameter.field == "externalNodesList" && text && text->find(':') != text->npos) return "has invalid IPv6 CIDR";
  if (parameter.field == "bpfForceTrackPacketsFromIfaces" && text && !matches(*text, "[a-zA-Z0-9:._+-]{1,15}"))
    return "must be names of interfaces, + at their end for any";
  if (parameter.type != Type::durations || !element.as_object()) return std::nullopt;
  const auto* name = element.at("name");
  if (name && name->as_string() && !matches(*name->as_string(), "[a-zA-Z0-9_ -]+"))
    return "name should match regex ^[a-zA-Z0-9_ -]+$";
  const auto timeout = parse_duration(element.text("timeout"));
  return timeout && timeout->value.count() < 0 ? std::optional<std::string>("Timeout should not be negative")
                                               : std::nullopt;
}

std::optional<std::string> broken_list(const FelixParameter& parameter, const schema::Array& list) {
  if (parameter.type == Type::port_list && list.size() > 7) return "node port ranges list is too long (max 7)";
  std::int64_t tables = 0;
  for (const schema::Value& element : list) {
    if (auto broken = broken_element(parameter, element)) return broken;
    if (parameter.type == Type::ranges) tables += number_of(element, "max") - number_of(element, "min") + 1;
  }
  return tables > 0xffff ? std::optional<std::string>("targets too many tables") : std::nullopt;
}

/// The shape of a member of the spec, and what the resource demands beyond the parameter.
std::optional<std::string> broken_shape(const FelixParameter& parameter, const schema::Value& value) {
  if (is_list(parameter))
    return value.as_array() ? broken_list(parameter, *value.as_array()) : std::optional<std::string>("must be a list");
  if (is_object(parameter)) {
    if (!value.as_object()) return "must be an object";
    const bool good = parameter.type != Type::range || number_of(value, "max") <= 250;
    return good ? std::nullopt : std::optional<std::string>("must be a range of route table indices within 1..250");
  }
  if (value.as_array() || value.as_object()) return "must be a single value";
  return value.as_string() ? broken_text(parameter, *value.as_string()) : std::nullopt;
}

}  // namespace

void check_felix_spec(const schema::Object& spec, const schema::Report& report) {
  for (const auto& [name, value] : spec) {
    const std::string path = "spec." + name;
    if (name == "nodeSelector" && value.as_string()) {
      if (auto broken = selector(*value.as_string())) report(path, value, *broken);
    }
    if (value.is_null() || is_other_member(name)) continue;
    const FelixParameter* parameter = find_felix_field(name);
    if (!parameter) {
      std::vector<std::string_view> known = {"nodeSelector"};
      for (const FelixParameter& p : felix_parameters()) {
        if (!p.field.empty()) known.push_back(p.field);
      }
      const std::string_view meant = schema::nearest(name, known);
      report(path, value, meant.empty() ? "is not known" : fmt::format("is not known; did you mean \"{}\"?", meant));
      continue;
    }
    if (auto broken = broken_shape(*parameter, value)) {
      report(path, value, std::move(*broken));
      continue;
    }
    if (name == "bpfCTLBLogFilter" || (value.as_string() && value.as_string()->empty())) continue;
    auto text = projected(*parameter, value);
    if (text) text = felix_value(*parameter, *text);
    if (!text) report(path, value, text.error().message);
  }
}

}  // namespace weft::api
