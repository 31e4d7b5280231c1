// How the parameters stand in a FelixConfiguration: types and rules of the members of its spec.
#include <fmt/core.h>

#include <algorithm>
#include <list>

#include "api/described.h"
#include "api/felix_parameter.h"
#include "api/pattern.h"
#include "base/strings.h"
#include "schema/spelling.h"

namespace weft::api {

namespace {

template <const TextRule& rule>
Broken by_pattern(std::string_view text) {
  static const Pattern pattern = Pattern::parse(rule.pattern).value();
  return pattern.matches(text) ? std::nullopt : Broken(fmt::format("must be {}", rule.doc));
}

constexpr TextRule log_prefix{
    .doc = "letters, digits and %: /_- only", .pattern = "^[a-zA-Z0-9%: /_-]*$", .check = by_pattern<log_prefix>};
constexpr TextRule rate{.doc = "a rate such as 10/second",
                        .pattern = "^[1-9][0-9]{0,3}/(second|minute|hour|day)$",
                        .check = by_pattern<rate>};
constexpr TextRule host{.doc = "the name of a host", .pattern = "^[a-zA-Z0-9:._+-]{1,64}$", .check = by_pattern<host>};
constexpr TextRule interface_filter{.doc = "the name of an interface, + at its end for any",
                                    .pattern = "^[a-zA-Z0-9:._+-]{1,15}$",
                                    .check = by_pattern<interface_filter>};
constexpr TextRule timeout_name{
    .doc = "letters, digits, blanks, _ and -", .pattern = "^[a-zA-Z0-9_ -]+$", .check = [](std::string_view text) {
      return by_pattern<timeout_name>(text) ? Broken(fmt::format("name should match regex {}", timeout_name.pattern))
                                            : std::nullopt;
    }};
constexpr TextRule port_or_range{.doc = "a port, or a range such as 8000:8100",
                                 .pattern = "^[0-9]{1,5}(:[0-9]{1,5})?$",
                                 .check = by_pattern<port_or_range>};
constexpr TextRule mask{
    .doc = "a mask such as 0xffff0000", .pattern = "^(0[xX][0-9a-fA-F]+|[0-9]+)$", .check = by_pattern<mask>};

struct NumberOrText {};
struct ProtocolPort {
  std::string protocol;
  std::string net;
  int port = 0;
};
struct Timeout {
  std::string name;
  Duration timeout;
};
struct TableRange {
  std::int64_t min = 0;
  std::int64_t max = 0;
};
struct TableIdRange {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

}  // namespace

const TextRule dscp{
    .doc = "0..63 or a name such as EF",
    .pattern = "^([0-9]|[1-5][0-9]|6[0-3]|[Dd][Ff]|[Ll][Ee]|[Ee][Ff]|[Vv][Aa]|[Cc][Ss][0-7]|[Aa][Ff][1-4][1-3])$",
    .check = by_pattern<dscp>};

}  // namespace weft::api

namespace weft::schema {

using api::NumberOrText, api::ProtocolPort, api::TableIdRange, api::TableRange, api::Timeout;

/// What it says is left to the parameter.
template <>
struct Codec<NumberOrText> {
  static std::string form() { return "number or text"; }
  static Shape shape() { return {.kind = Shape::Kind::whole_or_text}; }
  static std::optional<std::string> read(Value& value, NumberOrText&) {
    const bool good = value.as_int() || (value.as_string() && !value.as_string()->empty());
    return good ? std::nullopt : std::optional<std::string>("must be a number or text");
  }
  static void write(std::string& out, const NumberOrText&) { out += "null"; }
};

template <>
const Schema& schema_of<ProtocolPort>() {
  static const Schema schema =
      describe<ProtocolPort>("ProtoPort", "A port that stays open.")
          .field("protocol", &ProtocolPort::protocol, "Protocol; TCP unless given.", OneOf{{"TCP", "UDP", "SCTP"}},
                 any_case)
          .field("net", &ProtocolPort::net, "Only to or from this prefix.", Format{api::loose_cidr_or_address})
          .field("port", &ProtocolPort::port, "Number of the port.", required, Range{1, 65535});
  return schema;
}

template <>
const Schema& schema_of<Timeout>() {
  static const Schema schema = describe<Timeout>("HealthTimeoutOverride", "How long a part may be silent.")
                                   .field("name", &Timeout::name, "The part.", required, Format{api::timeout_name})
                                   .field("timeout", &Timeout::timeout, "How long; 0: for ever.", required)
                                   .rule("timeout", "Timeout should not be negative",
                                         [](const Timeout& t) { return t.timeout.value.count() < 0; });
  return schema;
}

template <>
const Schema& schema_of<TableRange>() {
  static const Schema schema = describe<TableRange>("RouteTableRange", "Numbers of routing tables.")
                                   .field("min", &TableRange::min, "The first.", required, Range{1, 250})
                                   .field("max", &TableRange::max, "The last.", required, Range{1, 250});
  return schema;
}

template <>
const Schema& schema_of<TableIdRange>() {
  static const Schema schema = describe<TableIdRange>("RouteTableIDRange", "Numbers of routing tables.")
                                   .field("min", &TableIdRange::min, "The first.", required, Range{1, 0xffffffff})
                                   .field("max", &TableIdRange::max, "The last.", required, Range{1, 0xffffffff});
  return schema;
}

}  // namespace weft::schema

namespace weft::api {

using Type = FelixParameter::Type;

namespace {

/// f<M>() with the type M of the parameter's member.
template <class F>
auto with_type(const FelixParameter& parameter, F f) {
  switch (parameter.type) {
    case Type::boolean: return f.template operator()<bool>();
    case Type::integer: return f.template operator()<std::int64_t>();
    case Type::seconds:
    case Type::milliseconds: return f.template operator()<Duration>();
    case Type::cidrs: return f.template operator()<std::vector<net::Cidr>>();
    case Type::durations: return f.template operator()<std::vector<Timeout>>();
    case Type::protocol_ports: return f.template operator()<std::vector<ProtocolPort>>();
    case Type::port_list: return f.template operator()<std::vector<Port>>();
    case Type::ranges: return f.template operator()<std::vector<TableIdRange>>();
    case Type::ports: return f.template operator()<Port>();
    case Type::range: return f.template operator()<TableRange>();
    case Type::mask:
    case Type::dscp: return f.template operator()<NumberOrText>();
    case Type::texts:
      if (parameter.field == "bpfForceTrackPacketsFromIfaces") return f.template operator()<std::vector<std::string>>();
      break;
    case Type::pairs:
      if (parameter.field == "bpfConntrackTimeouts" || parameter.field == "bpfLogFilters")
        return f.template operator()<std::map<std::string, std::string>>();
      break;
    case Type::text:
    case Type::path:
    case Type::choice:
    case Type::ipv4:
    case Type::ipv6: break;
  }
  return f.template operator()<std::string>();
}

/// Choices that the resource takes in any case; all others as they are spelled.
bool is_any_case(std::string_view field) {
  constexpr std::string_view fields[] = {"bpfEnforceRPF",
                                         "bpfExternalServiceMode",
                                         "bpfLogLevel",
                                         "bpfMapSizeConntrackScaling",
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

/// As the resource spells them; none: any text.
std::vector<std::string_view> choices_of(const FelixParameter& parameter) {
  if (parameter.field == "bpfCTLBLogFilter") return {};
  if (parameter.field == "iptablesBackend") return {"Legacy", "NFT", "Auto"};
  if (parameter.field == "bpfConntrackLogLevel") return {"Off", "Debug"};
  std::vector<std::string_view> choices;
  for (std::string_view rest = parameter.choices; !rest.empty();) {
    const auto blank = std::min(rest.find(' '), rest.size());
    choices.push_back(rest.substr(0, blank));
    rest.remove_prefix(std::min(blank + 1, rest.size()));
  }
  return choices;
}

const TextRule* format_of(const FelixParameter& parameter) {
  static const std::map<std::string_view, const TextRule*> by_field = {
      {"bpfDisableGROForIfaces", &regular_expression},
      {"bpfForceTrackPacketsFromIfaces", &interface_filter},
      {"iptablesNATOutgoingInterfaceFilter", &interface_filter},
      {"logActionRateLimit", &rate},
      {"logDebugFilenameRegex", &regular_expression},
      {"logPrefix", &log_prefix},
      {"openstackRegion", &dns_label},
      {"prometheusMetricsHost", &host},
      {"wireguardInterfaceName", &interface_name},
      {"wireguardInterfaceNameV6", &interface_name}};
  if (const auto found = by_field.find(parameter.field); found != by_field.end()) return found->second;
  if (parameter.name.ends_with("IfacePattern")) return &regular_expression;
  switch (parameter.type) {
    case Type::ipv4: return &ipv4;
    case Type::ipv6: return &ipv6;
    case Type::ports:
    case Type::port_list: return &port_or_range;
    case Type::mask: return &mask;
    case Type::dscp: return &dscp;
    default: return nullptr;
  }
}

schema::Rules rules_of(const FelixParameter& parameter) {
  schema::Rules rules;
  rules.one_of = choices_of(parameter);
  rules.is_any_case = is_any_case(parameter.field);
  rules.format = format_of(parameter);
  constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
  if (parameter.type == Type::integer && parameter.low != lowest)
    rules.add(schema::Range{parameter.low, parameter.high});
  if (parameter.type == Type::mask) rules.add(schema::Range{0, 0xffffffff});
  if (parameter.type == Type::dscp) rules.add(schema::Range{0, 63});
  if (parameter.type == Type::port_list) rules.add(schema::AtMost{7});
  if (parameter.field == "openstackRegion") rules.add(schema::Length{46});
  return rules;
}

schema::Field member_of(const FelixParameter& parameter) {
  static std::list<std::string> docs;
  const std::string fallback = felix_default(parameter);
  docs.push_back(std::string(parameter.doc) + (fallback.empty() ? "" : fmt::format(" {} unless given.", fallback)));
  return {.name = parameter.field,
          .doc = docs.back(),
          .type = with_type(parameter, []<class M>() { return &schema::type_of<M>(); }),
          .rules = rules_of(parameter)};
}

std::int64_t number_of(const schema::Value& object, std::string_view member) { return *object.at(member)->as_int(); }

/// What the resource demands of a member as a whole.
std::optional<std::string> broken_whole(const FelixParameter& parameter, const schema::Value& value) {
  if (parameter.type == Type::range && number_of(value, "max") > 250)
    return "must be a range of route table indices within 1..250";
  std::int64_t tables = 0;
  for (const schema::Value& element : value.as_array() ? *value.as_array() : schema::Array()) {
    if (parameter.type == Type::ranges) tables += number_of(element, "max") - number_of(element, "min") + 1;
    if (parameter.field == "externalNodesList" && element.as_string()->find(':') != std::string::npos)
      return "has invalid IPv6 CIDR";
  }
  return tables > 0xffff ? std::optional<std::string>("targets too many tables") : std::nullopt;
}

template <class M>
std::vector<schema::Problem> problems_of(const schema::Rules& rules, const std::string& path,
                                         const FelixParameter* parameter, const schema::Value& value) {
  const schema::Path here{nullptr, path};
  M object{};
  schema::Reader reader{.strict = true};
  schema::Value copy = value;
  schema::type::Of<M>::read(reader, here, rules, copy, object);
  if (!reader.problems.empty()) return std::move(reader.problems);
  schema::Checker checker;
  if (auto broken = parameter ? broken_whole(*parameter, value) : std::nullopt)
    checker.problem(here, schema::to_json(value), std::move(*broken));
  else
    schema::type::Of<M>::check(checker, here, rules, object);
  return std::move(checker.problems);
}

void check_member(const schema::Field& member, const schema::Value& value, const schema::Report& report) {
  const std::string path = "spec." + std::string(member.name);
  const FelixParameter* parameter = find_felix_field(member.name);
  const auto look = [&]<class M>() { return problems_of<M>(member.rules, path, parameter, value); };
  const auto problems = parameter ? with_type(*parameter, look) : look.template operator()<std::string>();
  for (const auto& [where, json, rule] : problems) report(where, schema::parse_json(json).value_or(value), rule);
  const bool is_empty = value.as_string() && value.as_string()->empty();
  const bool is_any = parameter && parameter->type == Type::choice && member.rules.one_of.empty();
  if (!parameter || !problems.empty() || is_empty || is_any) return;
  if (const auto text = felix_member_value(*parameter, value); !text) report(path, value, text.error().message);
}

}  // namespace

std::string felix_default(const FelixParameter& parameter) {
  if (parameter.fallback.empty()) return {};
  if (parameter.type == Type::seconds) return fmt::format("{}s", parameter.fallback);
  if (parameter.type == Type::milliseconds) return fmt::format("{}ms", parameter.fallback);
  for (const std::string_view choice : choices_of(parameter)) {
    if (to_lower(choice) == to_lower(parameter.fallback)) return std::string(choice);
  }
  return std::string(parameter.fallback);
}

const schema::Schema& felix_spec() {
  static const schema::Schema spec = [] {
    schema::Schema schema;
    schema.kind = "FelixConfigurationSpec";
    schema.doc = "The settings: the agents' parameters.";
    schema::Rules rules;
    rules.format = &selector;
    schema.fields.push_back({.name = "nodeSelector",
                             .doc = "Nodes that the settings are for; not in default and node.<name>.",
                             .type = &schema::type_of<std::string>(),
                             .rules = std::move(rules)});
    for (const FelixParameter& parameter : felix_parameters()) {
      if (!parameter.field.empty()) schema.fields.push_back(member_of(parameter));
    }
    return schema;
  }();
  return spec;
}

void check_felix_spec(const schema::Object& spec, const schema::Report& report) {
  const auto& members = felix_spec().fields;
  for (const auto& [name, value] : spec) {
    if (const schema::Field* member = felix_spec().find(name)) {
      if (!value.is_null()) check_member(*member, value, report);
      continue;
    }
    std::vector<std::string_view> known;
    for (const schema::Field& member : members) known.push_back(member.name);
    const std::string_view meant = schema::nearest(name, known);
    report("spec." + name, value,
           meant.empty() ? "is not known" : fmt::format("is not known; did you mean \"{}\"?", meant));
  }
}

}  // namespace weft::api
