#include "api/felix_configuration.h"

#include "api/described.h"
#include "api/felix_parameter.h"

namespace weft::api {

namespace {

/// Durations as Go writes them: 90s is 1m30s.
void make_canonical(const std::string& name, schema::Value& value) {
  using Type = FelixParameter::Type;
  const auto make_duration = [](schema::Value& text) {
    if (!text.as_string()) return;
    if (const auto duration = parse_duration(*text.as_string())) text = to_string(*duration);
  };
  const FelixParameter* parameter = find_felix_field(name);
  if (!parameter) return;
  const auto word = value.as_string() ? schema::boolean_word(*value.as_string()) : std::nullopt;
  if (word && parameter->type == Type::boolean) value = *word;
  if (parameter->type == Type::seconds || parameter->type == Type::milliseconds) make_duration(value);
  if (parameter->type != Type::durations || !value.as_array()) return;
  for (schema::Value& element : *value.as_array()) {
    if (auto* timeout = element.as_object() ? element.as_object()->find("timeout") : nullptr) make_duration(*timeout);
  }
}

}  // namespace

/// As Calico writes it: nothing that is null or an empty text, durations as Go writes them, and bpfLogLevel always.
void before_store(FelixConfiguration& configuration) {
  schema::Object kept;
  for (auto& [name, value] : configuration.spec) {
    if (value.is_null() || (value.as_string() && value.as_string()->empty())) continue;
    make_canonical(name, value);
    kept.set(name, std::move(value));
  }
  if (!kept.find("bpfLogLevel")) kept.set("bpfLogLevel", "");
  configuration.spec = std::move(kept);
}

}  // namespace weft::api

namespace weft::schema {

using api::FelixConfiguration;

namespace {

/// Defaults of a write (datamodel 4.3).
void fill_felix(FelixConfiguration& configuration, bool reading) {
  if (reading) return;
  Object& spec = configuration.spec;
  const auto fill = [&](const char* name, const char* value) {
    const Value* there = spec.find(name);
    if (!there || there->is_null() || *there == Value("")) spec.set(name, value);
  };
  const Value* balancing = spec.find("bpfConnectTimeLoadBalancingEnabled");
  if (balancing && balancing->as_bool()) {
    const bool enabled = *balancing->as_bool();
    spec.set("bpfHostNetworkedNATWithoutCTLB", "Disabled");
    spec.set("bpfConnectTimeLoadBalancing", enabled ? "Enabled" : "Disabled");
  }
  fill("nftablesMode", "Auto");
  fill("nftablesFlowTableOffload", "Disabled");
  fill("floatingIPs", "Disabled");
  fill("bpfConnectTimeLoadBalancing", "TCP");
  fill("bpfHostNetworkedNATWithoutCTLB", "Enabled");
}

}  // namespace

template <>
const Schema& schema_of<FelixConfiguration>() {
  static const Schema schema =
      describe<FelixConfiguration>("FelixConfiguration",
                                   "Settings of the agents: default, node.<name>, or by nodeSelector.")
          .resource("felixconfigurations", {"felixconfig", "felixconfigs"})
          .example(R"(metadata:
  name: default
spec:
  logSeverityScreen: Info
  routeRefreshInterval: 90s
  failsafeInboundHostPorts:
    - protocol: tcp
      port: 22
)")
          .field("metadata", &FelixConfiguration::metadata, "Name and labels.", always)
          .field("spec", &FelixConfiguration::spec, "The settings; see the table of parameters.", always,
                 Members{api::felix_spec})
          .extra(&FelixConfiguration::extra)
          .fill(fill_felix)
          .check(api::check_name<FelixConfiguration>(api::dns_subdomain, false))
          .check([](const FelixConfiguration& c, const Report& report) { api::check_felix_spec(c.spec, report); },
                 {{"spec", "members must be those of the table of parameters, in type and range"}})
          .rule("spec.nodeSelector",
                "nodeSelector must not be set on the 'default' or per-node ('node.*') FelixConfiguration",
                [](const FelixConfiguration& c) {
                  const bool named = c.metadata.name == "default" || c.metadata.name.starts_with("node.");
                  return named && c.spec.find("nodeSelector");
                })
          .rule("spec.routeTableRange", "routeTableRange and routeTableRanges cannot both be set",
                [](const FelixConfiguration& c) {
                  return c.spec.find("routeTableRange") && c.spec.find("routeTableRanges");
                })
          .column("NAME", Show::always, api::name_column);
  return schema;
}

}  // namespace weft::schema
