#include "api/felix_configuration.h"

#include "api/described.h"

namespace weft::api {

/// As Calico writes it: nothing that is null or an empty text, and bpfLogLevel always.
void before_store(FelixConfiguration& configuration) {
  schema::Object kept;
  for (auto& [name, value] : configuration.spec) {
    if (value.is_null() || (value.as_string() && value.as_string()->empty())) continue;
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
          .field("metadata", &FelixConfiguration::metadata, "Name and labels.", always)
          .field("spec", &FelixConfiguration::spec, "The settings; see the table of parameters.", always)
          .extra(&FelixConfiguration::extra)
          .fill(fill_felix)
          .check(api::check_name<FelixConfiguration>(api::dns_subdomain, false))
          .check([](const FelixConfiguration& configuration, const Report& report) {
            api::check_felix_spec(configuration.spec, report);
          })
          .column("NAME", Show::always, api::name_column);
  return schema;
}

}  // namespace weft::schema
