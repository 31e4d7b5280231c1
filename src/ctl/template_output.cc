#include "ctl/template_output.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>

#include "api/felix_parameter.h"
#include "api/types.h"
#include "base/strings.h"
#include "schema/document.h"
#include "schema/value.h"
#include "templates/print.h"
#include "templates/template.h"

namespace weft::ctl {
namespace {

using templates::Value;

/// First words of names that Go spells in other letters than "Capitalised".
constexpr std::array<std::pair<std::string_view, std::string_view>, 28> spellings{{
    {"as", "AS"},     {"aws", "AWS"},   {"bgp", "BGP"},     {"bird", "BIRD"}, {"bpf", "BPF"}, {"cidr", "CIDR"},
    {"dns", "DNS"},   {"dscp", "DSCP"}, {"http", "HTTP"},   {"icmp", "ICMP"}, {"id", "ID"},   {"ip", "IP"},
    {"ipip", "IPIP"}, {"ips", "IPs"},   {"ipv4", "IPv4"},   {"ipv6", "IPv6"}, {"mac", "MAC"}, {"mac6", "MAC6"},
    {"mtu", "MTU"},   {"nat", "NAT"},   {"qos", "QoS"},     {"tcp", "TCP"},   {"ttl", "TTL"}, {"udp", "UDP"},
    {"uid", "UID"},   {"vlan", "VLAN"}, {"vxlan", "VXLAN"}, {"xdp", "XDP"},
}};

constexpr std::string_view felix_kind = "FelixConfigurationSpec";

/// Fields that are texts here and pointers in Go, with the struct they are in.
constexpr std::pair<std::string_view, std::string_view> text_pointers[] = {
    {"BGPConfigurationSpec", "bindMode"},
    {"BGPConfigurationSpec", "programClusterRoutes"},
    {"BGPConfigurationSpec", "serviceLoadBalancerAggregation"},
    {"BGPFilterAddCommunity", "value"},
    {"BGPPeerSpec", "nextHopMode"},
    {"BGPPeerSpec", "reversePeering"},
    {"IPAMConfigurationSpec", "kubeVirtVMAddressPersistence"},
    {"IPPool", "status"},
    {"IPPoolSpec", "assignmentMode"},
    {"NetworkPolicyPort", "protocol"},
    {"QoSControls", "dscp"},
    {felix_kind, "awsSrcDstCheck"},
    {felix_kind, "bpfAttachType"},
    {felix_kind, "bpfConnectTimeLoadBalancing"},
    {felix_kind, "bpfConntrackMode"},
    {felix_kind, "bpfHostNetworkedNATWithoutCTLB"},
    {felix_kind, "bpfJITHardening"},
    {felix_kind, "bpfOverlayHostSourceIP"},
    {felix_kind, "debugHost"},
    {felix_kind, "floatingIPs"},
    {felix_kind, "flowLogsGoldmaneServer"},
    {felix_kind, "flowLogsLocalReporter"},
    {felix_kind, "flowLogsPolicyEvaluationMode"},
    {felix_kind, "healthHost"},
    {felix_kind, "iptablesBackend"},
    {felix_kind, "istioAmbientMode"},
    {felix_kind, "localSubnetL2Reachability"},
    {felix_kind, "logActionRateLimit"},
    {felix_kind, "natOutgoingExclusions"},
    {felix_kind, "nftablesFlowTableOffload"},
    {felix_kind, "nftablesMode"},
    {felix_kind, "programClusterRoutes"},
    {felix_kind, "prometheusMetricsCAFile"},
    {felix_kind, "prometheusMetricsCertFile"},
    {felix_kind, "prometheusMetricsClientAuth"},
    {felix_kind, "prometheusMetricsKeyFile"},
    {felix_kind, "windowsManageFirewallRules"},
};

bool is_pointer_in_go(std::string_view kind, std::string_view field) {
  return std::find(std::begin(text_pointers), std::end(text_pointers), std::pair(kind, field)) !=
         std::end(text_pointers);
}

/// Go's metav1.Duration. calicoctl shows it as &Duration{Duration:1m30s,}, and what is in it as we do.
Value duration(const std::string& text) {
  const auto parsed = api::parse_duration(text);
  templates::Fields fields = {{"", parsed ? to_string(*parsed) : text}};
  if (parsed) {
    const std::chrono::duration<double> seconds = parsed->value;
    fields.emplace_back("Seconds", seconds.count());
    fields.emplace_back("Minutes", seconds.count() / 60);
    fields.emplace_back("Hours", seconds.count() / 3600);
  }
  fields.emplace_back("Duration", Value::record("time.Duration", fields));
  return Value::record("v1.Duration", std::move(fields));
}
Value no_duration() { return Value::nil_pointer("nil"); }

/// A struct that is kept as JSON here: its fields have Go's names, and answer to those of the JSON, too.
class JsonStruct {
 public:
  void add(std::string_view json_name, std::string name, const Value& value) {
    fields_.emplace_back(std::move(name), value);
    answers_.emplace_back(
        json_name, Value::function({.parameters = {}, .body = [value](auto) -> Result<Value> { return value; }}));
  }
  Value record(std::string_view type) && {
    fields_.insert(fields_.end(), std::move_iterator(answers_.begin()), std::move_iterator(answers_.end()));
    return Value::record(type, std::move(fields_));
  }

 private:
  templates::Fields fields_, answers_;
};

Value undescribed(const schema::Value& json) {
  if (const auto* whole = json.as_int()) return {*whole};
  if (const auto* elements = json.as_array()) {
    templates::List all;
    for (const auto& element : *elements) all.push_back(undescribed(element));
    return Value::list(std::move(all));
  }
  if (const auto* members = json.as_object()) {
    JsonStruct all;
    for (const auto& [name, member] : *members) all.add(name, go_name(name), undescribed(member));
    return std::move(all).record("struct");
  }
  return Value::from_json(json);
}

Value record_of(const schema::Schema& schema, const void* object);

Value convert(const schema::Shape& shape, const schema::Value& json) {
  using Kind = schema::Shape::Kind;
  if (shape.kind == Kind::structure) {
    const auto object = shape.schema()->make();
    schema::read(*shape.schema(), json, object.get(), false);
    return record_of(*shape.schema(), object.get());
  }
  if (shape.kind == Kind::number) return {json.number()};
  if (const auto* elements = json.as_array(); elements && shape.element) {
    templates::List all;
    for (const auto& element : *elements) all.push_back(convert(shape.element(), element));
    return Value::list(std::move(all));
  }
  if (const auto* members = json.as_object(); members && shape.element) {
    const auto element = shape.element();
    templates::Map all;
    for (const auto& [name, member] : *members) all[name] = convert(element, member);
    return Value::map(std::move(all), element.kind == Kind::text ? templates::type::string_map : templates::type::map);
  }
  return undescribed(json);
}

std::string written(const schema::Field& field, const void* object) {
  std::string text;
  schema::Writer writer{text, false};
  field.type->write(writer, field.in(object));
  return text;
}

/// @param empty  an object of the struct in which nothing is set
Value field_of(const schema::Schema& schema, const schema::Field& field, const void* object, const void* empty) {
  const schema::Type& type = *field.type;
  if (const auto* inner = type.schema()) return record_of(*inner, field.in(object));
  const auto shape = type.shape();
  const bool is_text = shape.kind == schema::Shape::Kind::text;
  const bool is_duration = is_text && type.form() == "duration";
  const bool is_text_pointer = is_pointer_in_go(schema.kind, field.name);
  const bool is_optional = written(field, empty) == "null";
  // What is an optional text here is a text in Go, and a peer's AS number a number.
  const bool is_pointer = is_text_pointer || (is_optional && (!is_text || is_duration) &&
                                              !(schema.kind == "BGPPeerSpec" && field.name == "asNumber"));
  std::string json = written(field, object);
  if (json == "null" || (is_text_pointer && type.is_empty(field.in(object)))) {
    if (!is_pointer) return is_text ? Value("") : Value(0);
    return is_duration ? no_duration() : Value::nil_pointer();
  }
  if (shape.kind == schema::Shape::Kind::any && json == "{}") json = R"({"conditions": []})";  // of a status
  const auto parsed = schema::parse_json(json);
  if (!parsed) return Value::nil_pointer();
  Value value = is_duration ? duration(*parsed->as_string()) : convert(shape, *parsed);
  return is_pointer ? Value::pointer_to(std::move(value)) : value;
}

Value record_of(const schema::Schema& schema, const void* object) {
  const auto empty = schema.make();
  templates::Fields fields;
  for (const auto& field : schema.fields)
    fields.emplace_back(go_name(field.name), field_of(schema, field, object, empty.get()));
  return Value::record(schema.kind, std::move(fields));
}

// FelixConfiguration, whose spec is kept as JSON.

using Felix = api::FelixParameter;

/// The parameter's name without its unit, which but three fields have.
std::string field_name(const Felix& parameter) {
  if (parameter.field == "ipipEnabled" || parameter.field == "ipipMTU" || parameter.field == "ipv6Support")
    return go_name(parameter.field);
  std::string_view name = parameter.name;
  for (const std::string_view unit : {"Secs", "Millis"}) {
    if (name.ends_with(unit)) name.remove_suffix(unit.size());
  }
  return std::string(name);
}

bool is_duration(const Felix& parameter) {
  return parameter.type == Felix::Type::seconds || parameter.type == Felix::Type::milliseconds;
}

bool is_text(const Felix& parameter) {
  switch (parameter.type) {
    case Felix::Type::text:
    case Felix::Type::path:
    case Felix::Type::choice:
    case Felix::Type::ipv4:
    case Felix::Type::ipv6: return true;
    default:
      return parameter.field == "featureDetectOverride" || parameter.field == "featureGates" ||
             parameter.field == "interfaceExclude";
  }
}

/// Members of the structs that are parameters, or elements of them.
std::vector<std::string_view> members_of(Felix::Type type) {
  switch (type) {
    case Felix::Type::protocol_ports: return {"protocol", "port", "net"};
    case Felix::Type::durations: return {"name", "timeout"};
    case Felix::Type::pairs:
      return {"creationGracePeriod", "tcpSynSent", "tcpEstablished", "tcpFinsSeen",
              "tcpResetSeen",        "udpTimeout", "genericTimeout", "icmpTimeout"};
    default: return {"min", "max"};
  }
}

Value felix_value(const Felix& parameter, const schema::Value& json) {
  if (const auto* text = json.as_string(); text && is_duration(parameter)) return duration(*text);
  if (const auto* elements = json.as_array()) {
    templates::List all;
    for (const auto& element : *elements) all.push_back(felix_value(parameter, element));
    return Value::list(std::move(all));
  }
  const auto* object = json.as_object();
  if (!object) return undescribed(json);
  if (parameter.field == "bpfLogFilters") {
    templates::Map all;
    for (const auto& [name, member] : *object) all[name] = undescribed(member);
    return Value::map(std::move(all), templates::type::string_map);
  }
  JsonStruct all;
  for (const auto name : members_of(parameter.type)) {
    const auto* member = object->find(name);
    Value value = parameter.type == Felix::Type::pairs ? Value::nil_pointer() : Value("");
    if (member)
      value = name == "timeout" && member->as_string() ? duration(*member->as_string()) : undescribed(*member);
    all.add(name, go_name(name), value);
  }
  return std::move(all).record(parameter.name);
}

Value felix_field(const Felix& parameter, const schema::Value* json) {
  const bool is_list = parameter.type == Felix::Type::durations;
  const bool is_pointer = !is_list && (!is_text(parameter) || is_pointer_in_go(felix_kind, parameter.field));
  if (json && !json->is_null()) {
    Value value = felix_value(parameter, *json);
    return is_pointer ? Value::pointer_to(std::move(value)) : value;
  }
  if (is_duration(parameter)) return no_duration();
  if (is_pointer) return Value::nil_pointer();
  return is_list ? Value::list({}) : Value("");
}

Value felix_spec(const schema::Object& spec) {
  JsonStruct all;
  for (const auto& parameter : api::felix_parameters()) {
    if (!parameter.field.empty())
      all.add(parameter.field, field_name(parameter), felix_field(parameter, spec.find(parameter.field)));
  }
  constexpr std::string_view selector = "nodeSelector";
  if (!spec.find(selector)) all.add(selector, go_name(selector), Value::nil_pointer());
  for (const auto& [name, value] : spec) {
    if (!api::find_felix_field(name)) all.add(name, go_name(name), undescribed(value));
  }
  return std::move(all).record(felix_kind);
}

Value join_items(std::span<const Value> arguments, std::size_t longest) {
  const Value& items = arguments[0];
  std::vector<std::string> parts;
  const auto text = [](const Value& value) { return templates::sprint({&value, 1}); };
  if (items.is_absent() || (items.is_nil() && !items.is_nil_pointer())) return {""};
  switch (items.kind()) {
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
    if (name == "Spec" && kind.name == "FelixConfiguration") {
      fields.emplace_back(name, felix_spec(static_cast<const api::FelixConfiguration*>(object.data.get())->spec));
      continue;
    }
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
